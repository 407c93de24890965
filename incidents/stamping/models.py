"""Authorities that stamp the log's heads with the time, and their stamps."""

import uuid
from typing import ClassVar

from django.db import models

from incidents.sealing.models import Which


class TimeStampAuthority(models.Model):
    """Whoever says by when they saw a head, by a clock that is neither ours nor a party's."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    address = models.URLField(max_length=500)
    username = models.CharField(max_length=200, blank=True)
    password_sealed = models.BinaryField(null=True)
    certificates = models.TextField(help_text="in PEM: the roots by which we verify it")
    policy = models.CharField(
        max_length=200, blank=True, help_text="empty: its usual one"
    )
    every_minutes = models.PositiveIntegerField(default=60)
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    size = models.BigIntegerField(default=0, help_text="what it last stamped")
    stamped_at = models.DateTimeField(
        null=True, help_text="when its last stamp came in, by our clock"
    )
    said_at = models.DateTimeField(
        null=True, help_text="the time in that stamp, by its own clock"
    )
    next_at = models.DateTimeField(help_text="not asked before")
    failures = models.PositiveIntegerField(default=0)
    failed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_time_stamp_authority"
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.slug


class TimeStamp(models.Model):
    """A verified answer about one head: of each size the first, and the newest since."""

    id = models.BigAutoField(primary_key=True)
    authority = models.ForeignKey(
        TimeStampAuthority, on_delete=models.PROTECT, related_name="stamps"
    )
    size = models.BigIntegerField()
    which = models.CharField(max_length=5, choices=Which)
    answer = models.BinaryField(help_text="as it came")
    at = models.DateTimeField(help_text="by the authority's clock")
    accuracy_ms = models.BigIntegerField()
    got_at = models.DateTimeField(help_text="by our clock")

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_time_stamp"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["size", "authority", "which"], name="time_stamp_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.which} stamp of the head at {self.size}"
