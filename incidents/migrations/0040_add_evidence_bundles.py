"""Add bundles of evidence: what was asked for, for whom, and what became of it."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("incidents", "0039_add_witnesses"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EvidenceBundle",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("requested_at", models.DateTimeField()),
                ("recipient", models.CharField(max_length=200)),
                (
                    "redactions",
                    models.JSONField(
                        default=list,
                        help_text="[{field, authority, entry}], see redaction.py",
                    ),
                ),
                ("has_files", models.BooleanField(default=True)),
                (
                    "seen_size",
                    models.BigIntegerField(
                        help_text="the log's size that the recipient has seen before",
                        null=True,
                    ),
                ),
                (
                    "wanted_seq",
                    models.BigIntegerField(
                        help_text="the last entry when it was asked for"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for the log"),
                            ("building", "being built"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                            ("expired", "file deleted"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "done",
                    models.BigIntegerField(
                        default=0, help_text="entries written so far"
                    ),
                ),
                ("total", models.BigIntegerField(default=0)),
                ("attempts", models.SmallIntegerField(default=0)),
                (
                    "lease",
                    models.UUIDField(
                        help_text="whoever builds it knows this number", null=True
                    ),
                ),
                (
                    "look_at",
                    models.DateTimeField(
                        help_text="when to look at it again; while it is built, the end of the lease"
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("head_size", models.BigIntegerField(null=True)),
                ("is_cosigned", models.BooleanField(default=False)),
                ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                ("stored_as", models.CharField(blank=True, max_length=80)),
                ("size_bytes", models.BigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "audience",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.audiencestream",
                    ),
                ),
                (
                    "heads_entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.entry",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bundles",
                        to="incidents.incident",
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
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_evidence_bundle",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "building"])),
                        fields=["look_at"],
                        name="evidence_open",
                    ),
                    models.Index(
                        fields=["incident", "organisation"], name="evidence_incident"
                    ),
                ],
            },
        ),
    ]
