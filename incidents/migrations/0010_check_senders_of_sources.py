"""Let a source ask for proof of its senders, keep a former key, and count refusals."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


def _source(name: str, field: "models.Field[Any, Any]") -> migrations.AddField:
    return migrations.AddField("source", name, field)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0009_say_how_alerts_become_incidents")]
    operations: ClassVar = [
        _source(
            "old_key_digest",
            models.BinaryField(
                null=True,
                unique=True,
                help_text="sha256 of the former key, while it works",
            ),
        ),
        _source("old_key_ends_at", models.DateTimeField(null=True)),
        _source(
            "verification",
            models.CharField(max_length=20, default="none", db_default="none"),
        ),
        _source(
            "verification_options",
            models.JSONField(
                default=dict,
                db_default={},
                help_text="header names and the like; no secrets",
            ),
        ),
        _source("secret_sealed", models.BinaryField(null=True)),
        _source("old_secret_sealed", models.BinaryField(null=True)),
        _source("old_secret_ends_at", models.DateTimeField(null=True)),
        _source(
            "address_ranges",
            models.JSONField(
                default=list, db_default=[], help_text="empty: from everywhere"
            ),
        ),
        _source(
            "trust_version",
            models.BigIntegerField(
                default=0,
                db_default=0,
                help_text="names one state of keys and checks; 0: nothing to check",
            ),
        ),
        migrations.AddField(
            "delivery",
            "verified_by",
            models.CharField(
                max_length=20,
                blank=True,
                default="",
                db_default="",
                help_text="the check that it passed when it came",
            ),
        ),
        migrations.AddField(
            "delivery",
            "by_old_key",
            models.BooleanField(default=False, db_default=False),
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=30)),
                ("count", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("last_size_bytes", models.BigIntegerField()),
                (
                    "last_sha256",
                    models.BinaryField(help_text="of the part that was read"),
                ),
                (
                    "last_address",
                    models.CharField(max_length=64, help_text="where it came from"),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refusals",
                        to="incidents.source",
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_refusal",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["source", "reason"], name="refusal_source_reason"
                    )
                ],
            },
        ),
    ]
