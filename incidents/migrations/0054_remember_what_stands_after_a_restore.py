"""Remember how much stood that is erased, at the last look."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0053_remember_recipients_to_be_told")]

    operations = [
        migrations.CreateModel(
            name="StandingCheck",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("checked_at", models.DateTimeField()),
                ("value_count", models.BigIntegerField()),
            ],
            options={
                "db_table": "tocsin_standing_check",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="standing_check_one"
                    )
                ],
            },
        ),
    ]
