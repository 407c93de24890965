"""Heartbeat monitors: they expect a sign of life and are alarmed by its absence."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from incidents.organisations.models import Organisation, User


class HeartbeatState(models.TextChoices):
    """What is known of what is watched."""

    NEW = "new", "No sign yet"
    UP = "up", "On time"
    LATE = "late", "Late"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Filters of heartbeat monitors."""

    def visible_to(self, user: User) -> "HeartbeatQuerySet":
        """Keep those of the user's organisations."""
        return self.filter(organisation__in=Organisation.objects.of(user).values("pk"))


class Heartbeat(models.Model):
    """Something that must call its address in time: a job, a backup, a monitor itself.

    One timer at a time waits for each that is enabled and not late. A sign only writes
    `last_ping_at`; the timer then finds it and waits on.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    key_digest = models.BinaryField(unique=True, help_text="sha256 of the key")
    key_sealed = models.BinaryField(help_text="the key, encrypted, to be shown")
    is_enabled = models.BooleanField(default=True)
    period_minutes = models.IntegerField(
        default=0, help_text="0: by the cron expression"
    )
    cron = models.CharField(max_length=100, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    grace_minutes = models.IntegerField(default=5)
    severity = models.SmallIntegerField(default=2)
    category = models.CharField(max_length=3, default="AVL")
    tlp = models.CharField(max_length=12, default="AMBER+STRICT")
    state = models.CharField(
        max_length=4, choices=HeartbeatState, default=HeartbeatState.NEW
    )
    watched_since = models.DateTimeField(help_text="made, enabled or changed")
    last_ping_at = models.DateTimeField(null=True)
    ping_count = models.BigIntegerField(default=0)
    late_since = models.DateTimeField(null=True)
    incident = models.ForeignKey(
        "incidents.Incident",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the last that it opened",
    )
    made_at = models.DateTimeField(db_default=Now())

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_heartbeat"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="heartbeat_organisation_slug"
            ),
            models.CheckConstraint(
                condition=models.Q(period_minutes__gt=0, cron="")
                | (models.Q(period_minutes=0) & ~models.Q(cron="")),
                name="heartbeat_period_or_cron",
            ),
        ]

    def __str__(self) -> str:
        return self.name
