"""Say of each message where it is handed to, and of each destination how fast it answers."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("escalation", "0003_add_approval_of_policy_versions"),
        ("incidents", "0003_add_sign_in_failures"),
    ]
    operations: ClassVar = [
        migrations.AddField(
            model_name="notification",
            name="destination",
            field=models.CharField(
                db_default="",
                help_text="the machine or provider that it is handed to",
                max_length=300,
            ),
        ),
        migrations.CreateModel(
            name="Pace",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("destination", models.CharField(max_length=300)),
                (
                    "answer_ms",
                    models.IntegerField(
                        help_text="a mean in which the newest counts half"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_pace",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "destination"), name="pace_destination"
                    )
                ],
            },
        ),
    ]
