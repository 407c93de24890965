from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0034_show_reports_to_colleagues"),
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
