"""Add retention schedules and the runs that carry them out."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0051_say_which_files_an_audit_read")]

    operations = [
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("announced_at", models.DateTimeField()),
                ("erases_at", models.DateTimeField()),
                ("terms", models.JSONField(help_text="{class: days}")),
                (
                    "last_entry_id",
                    models.BigIntegerField(help_text="entries after it are not meant"),
                ),
                ("ended_at", models.DateTimeField(null=True)),
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
                "db_table": "tocsin_retention_run",
            },
        ),
        migrations.CreateModel(
            name="RetentionItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("values_announced", models.IntegerField()),
                ("values_erased", models.IntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "audience",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.audiencestream",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="incidents.retentionrun",
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_retention_item",
            },
        ),
        migrations.CreateModel(
            name="RetentionSchedule",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("reports", "What people reported and wrote"),
                            ("alerts", "What tools reported"),
                            ("work", "Details of paging and escalation"),
                            ("people", "Names of who acted or was paged"),
                            ("readings", "Names of who opened what"),
                            (
                                "configuration",
                                "Names of who changed access and settings",
                            ),
                        ],
                        max_length=13,
                    ),
                ),
                (
                    "keep_days",
                    models.IntegerField(
                        help_text="after the closing; without an incident, after the entry",
                        null=True,
                    ),
                ),
                ("asked_days", models.IntegerField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="retention_schedules",
                        to="incidents.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "tocsin_retention_schedule",
            },
        ),
        migrations.AddConstraint(
            model_name="retentionrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("organisation",),
                name="retention_run_one_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="retentionitem",
            index=models.Index(
                condition=models.Q(("done_at", None)),
                fields=["run", "id"],
                name="retention_item_left",
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionitem",
            constraint=models.UniqueConstraint(
                fields=("run", "audience"), name="retention_item_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionschedule",
            constraint=models.UniqueConstraint(
                fields=("organisation", "of"), name="retention_schedule_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("asked_at", None), ("asked_by", None), ("asked_days", None)
                    ),
                    models.Q(
                        ("asked_at__isnull", False),
                        ("asked_by__isnull", False),
                        ("asked_days__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="retention_schedule_asked_by_somebody",
            ),
        ),
    ]
