from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0032_space_attempts_of_deliveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="fired_at",
            field=models.DateTimeField(
                help_text="since when it fires, or did last; null in old rows", null=True
            ),
        ),
    ]
