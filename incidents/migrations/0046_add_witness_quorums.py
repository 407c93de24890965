"""Add quorums of witnesses that administrators of the platform set."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0045_let_auditors_read_the_log")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WitnessQuorum",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "quorum",
                    models.CharField(
                        help_text="a group or a witness; `computed`: one of each side",
                        max_length=60,
                    ),
                ),
                (
                    "groups",
                    models.JSONField(
                        default=list,
                        help_text="a list of {name, needs (all, any, a number), members}",
                    ),
                ),
                (
                    "alarm_minutes",
                    models.PositiveIntegerField(
                        help_text="for how long heads may lack it before the operator is told"
                    ),
                ),
                ("set_at", models.DateTimeField()),
            ],
            options={"db_table": "tocsin_witness_quorum", "ordering": ["-id"]},
        ),
    ]
