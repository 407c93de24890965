"""Note for how long heads lacked their quorum, so that it is told once."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0047_let_the_log_go_on_under_a_new_name")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="QuorumMiss",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "since",
                    models.DateTimeField(
                        help_text="when a quorum had vouched for the last time",
                        unique=True,
                    ),
                ),
                ("told_at", models.DateTimeField()),
                (
                    "awaited",
                    models.JSONField(
                        default=list,
                        help_text="witnesses whose lines were lacking when it was told",
                    ),
                ),
                ("over_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "tocsin_quorum_miss", "ordering": ["-id"]},
        ),
    ]
