"""Retention schedules of disclosed values, and the runs that carry them out."""

import uuid
from typing import ClassVar

from django.db import models

from incidents.retention.classes import ValueClass


class RetentionSchedule(models.Model):
    """How long an organisation keeps one class of values.

    Without a row, or without `keep_days`, it keeps them for ever. `asked_days` waits for
    a second person.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="retention_schedules",
    )
    of = models.CharField(max_length=13, choices=ValueClass)
    keep_days = models.IntegerField(
        null=True, help_text="after the closing; without an incident, after the entry"
    )
    asked_days = models.IntegerField(null=True)
    asked_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_retention_schedule"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "of"], name="retention_schedule_once"
            ),
            models.CheckConstraint(
                condition=models.Q(asked_days=None, asked_by=None, asked_at=None)
                | models.Q(
                    asked_days__isnull=False,
                    asked_by__isnull=False,
                    asked_at__isnull=False,
                ),
                name="retention_schedule_asked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"schedule of {self.of} of {self.organisation_id}"


class RetentionRun(models.Model):
    """What an organisation's schedules erase at one instant, announced before.

    `terms` and `last_entry_id` are those of the announcement: a run takes nothing that
    was not announced.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    announced_at = models.DateTimeField()
    erases_at = models.DateTimeField()
    terms = models.JSONField(help_text="{class: days}")
    last_entry_id = models.BigIntegerField(help_text="entries after it are not meant")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_retention_run"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(ended_at=None),
                name="retention_run_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"retention run of {self.organisation_id} on {self.erases_at:%Y-%m-%d}"


class RetentionItem(models.Model):
    """What a run takes from one stream: as many values as were announced, and as went."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        RetentionRun, on_delete=models.PROTECT, related_name="items"
    )
    audience = models.ForeignKey(
        "incidents.AudienceStream", on_delete=models.PROTECT, related_name="+"
    )
    values_announced = models.IntegerField()
    values_erased = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_retention_item"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "audience"], name="retention_item_once"
            )
        ]
        indexes: ClassVar = [
            # Serves the run, which takes what is left a few at a time.
            models.Index(
                fields=["run", "id"],
                condition=models.Q(done_at=None),
                name="retention_item_left",
            )
        ]

    def __str__(self) -> str:
        return f"{self.values_announced} values of {self.audience_id}"
