"""Silences, maintenance windows, what they held back, and who was told of their end."""

import secrets
import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from incidents.organisations.models import Organisation, User


class SilenceQuerySet(models.QuerySet["Silence"]):
    """Filters of silences."""

    def visible_to(self, user: User) -> "SilenceQuerySet":
        """Keep those of the user's organisations."""
        return self.filter(organisation__in=Organisation.objects.of(user).values("pk"))


class MaintenanceQuerySet(models.QuerySet["Maintenance"]):
    """Filters of maintenance windows."""

    def visible_to(self, user: User) -> "MaintenanceQuerySet":
        """Keep those of the user's organisations."""
        return self.filter(organisation__in=Organisation.objects.of(user).values("pk"))


class Silence(models.Model):
    """Holds back the alerts that match all its conditions, from an instant to another."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="silences"
    )
    source = models.ForeignKey(
        "incidents.Source",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="null: all of the organisation's",
    )
    matchers = models.JSONField(
        default=list, help_text="read by suppression.parse_matchers"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="brought forward when it is ended early")
    author = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    author_name = models.CharField(
        max_length=200, blank=True, help_text="whom a tool named, for want of a person"
    )
    reason = models.CharField(max_length=500)
    announce_minutes = models.IntegerField(
        default=60,
        db_default=60,
        help_text="so long before its end its author is told; 0: at its end only",
    )
    made_at = models.DateTimeField(db_default=Now())

    objects = SilenceQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_silence"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")),
                name="silence_ends_after_start",
            )
        ]
        indexes: ClassVar = [
            # Serves the look for what holds back an organisation's alerts now.
            models.Index(fields=["organisation", "ends_at"], name="silence_ends"),
        ]

    def __str__(self) -> str:
        return f"silence {self.uid}"

    def state_at(self, now: datetime) -> str:
        """Return pending, active or expired."""
        if self.ends_at <= now:
            return "expired"
        return "active" if self.starts_at <= now else "pending"


def new_window_slug() -> str:
    """Return a short name for a window that nobody named."""
    return f"window-{secrets.token_hex(4)}"


class Maintenance(models.Model):
    """Holds back all alerts of a source or an organisation, once or again and again.

    Once from `starts_at` to `ends_at`, or by a cron expression in a zone for so many
    minutes each time.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    source = models.ForeignKey(
        "incidents.Source",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="null: all of the organisation's",
    )
    slug = models.SlugField(max_length=60, default=new_window_slug)
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    cron = models.CharField(max_length=100, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    minutes = models.IntegerField(default=0, help_text="how long each time")
    author = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="taken out of use")

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_maintenance"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="maintenance_organisation_slug"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    cron="", starts_at__isnull=False, ends_at__isnull=False
                )
                | (~models.Q(cron="") & models.Q(minutes__gt=0)),
                name="maintenance_once_or_recurring",
            ),
        ]

    def __str__(self) -> str:
        return f"maintenance {self.uid}"


class NoticeStage(models.TextChoices):
    """When the end of a silence is told."""

    SOON = "soon", "Before its end"
    OVER = "over", "At its end"


class SilenceNotice(models.Model):
    """That the end of a silence was told, so that it is told once; never changed.

    It stands apart from the silence, whose row everybody who holds back an alert by it
    locks: whoever fires timers must not wait for those.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    silence = models.ForeignKey(
        Silence, on_delete=models.PROTECT, related_name="notices"
    )
    ends_at = models.DateTimeField(help_text="the end that it told of")
    stage = models.CharField(max_length=4, choices=NoticeStage)
    at = models.DateTimeField()
    held_count = models.IntegerField(help_text="alerts and heartbeats held then")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_silence_notice"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["silence", "ends_at", "stage"], name="silence_notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} of silence {self.silence_id}"


class Suppression(models.Model):
    """One time that an alert, a heartbeat or word of a quiet source was held back, and why.

    Rows are only ever added.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    alert = models.ForeignKey(
        "incidents.Alert",
        null=True,
        on_delete=models.PROTECT,
        related_name="suppressions",
    )
    heartbeat = models.ForeignKey(
        "incidents.Heartbeat",
        null=True,
        on_delete=models.PROTECT,
        related_name="suppressions",
    )
    source = models.ForeignKey(
        "incidents.Source",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="that went quiet",
    )
    held_by = models.CharField(max_length=40, help_text="silence:<id> and the like")
    reason = models.CharField(max_length=700)
    at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_suppression"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    alert__isnull=False, heartbeat__isnull=True, source__isnull=True
                )
                | models.Q(
                    alert__isnull=True, heartbeat__isnull=False, source__isnull=True
                )
                | models.Q(
                    alert__isnull=True, heartbeat__isnull=True, source__isnull=False
                ),
                name="suppression_of_one",
            )
        ]
        indexes: ClassVar = [
            # Serves the count of what a silence or a window has held back.
            models.Index(fields=["held_by"], name="suppression_held_by"),
            # Serves the page: what an organisation held back last.
            models.Index(fields=["organisation", "-id"], name="suppression_last"),
        ]

    def __str__(self) -> str:
        ids = (self.alert_id, self.heartbeat_id, self.source_id)
        return f"{next(filter(None, ids), '')} by {self.held_by}"
