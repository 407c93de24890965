from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0031_index_what_was_held_last"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="retry_at",
            field=models.DateTimeField(
                help_text="while it waits: not before this instant", null=True
            ),
        ),
    ]
