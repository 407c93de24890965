from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0037_guard_the_sealed_log"),
    ]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="result_id",
            field=models.BigIntegerField(
                help_text="of what another endpoint made or changed, in its own table",
                null=True,
            ),
        ),
    ]
