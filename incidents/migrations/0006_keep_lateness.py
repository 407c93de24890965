"""Keep how late timers and messages go, and the worst of each consumer's last batch."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0005_let_several_people_acknowledge")]
    operations: ClassVar = [
        migrations.AddField(
            "tick",
            "late_ms",
            models.BigIntegerField(
                default=0, help_text="the worst lateness of its last batch"
            ),
        ),
        migrations.AddField(
            "tick",
            "late_at",
            models.DateTimeField(null=True, help_text="when that batch was done"),
        ),
        migrations.CreateModel(
            name="Lateness",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "what",
                    models.CharField(
                        max_length=40, help_text="a kind of timer, or message"
                    ),
                ),
                (
                    "span",
                    models.CharField(
                        max_length=6,
                        choices=[
                            ("minute", "a minute"),
                            ("hour", "an hour"),
                            ("day", "a day, in UTC"),
                        ],
                    ),
                ),
                ("began_at", models.DateTimeField()),
                (
                    "bucket",
                    models.SmallIntegerField(
                        help_text="its place in histogram.BOUNDS_MS"
                    ),
                ),
                ("count", models.BigIntegerField()),
                ("total_ms", models.BigIntegerField()),
                ("max_ms", models.BigIntegerField()),
            ],
            options={
                "db_table": "tocsin_lateness",
                "indexes": [models.Index(fields=["began_at"], name="lateness_began")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["what", "span", "began_at", "bucket"],
                        name="lateness_once",
                    )
                ],
            },
        ),
    ]
