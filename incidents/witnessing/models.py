"""Witnesses of our log, and the logs of others that this installation witnesses."""

import uuid
from typing import ClassVar

from django.db import models


class Witness(models.Model):
    """Whoever cosigns the heads of our log. One without an address fetches them."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    slug = models.SlugField(
        max_length=60, unique=True, help_text="its name in the policy"
    )
    vkey = models.CharField(max_length=300, unique=True)
    address = models.URLField(max_length=500, blank=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    size = models.BigIntegerField(default=0, help_text="what it last cosigned")
    cosigned_at = models.DateTimeField(
        null=True, help_text="when its last cosignature came in, by our clock"
    )
    said_at = models.DateTimeField(
        null=True, help_text="the time in that cosignature, by the witness's clock"
    )
    next_at = models.DateTimeField(
        null=True, help_text="not asked before, after failures"
    )
    failures = models.PositiveIntegerField(default=0)
    failed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_witness"
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.slug


class WitnessQuorum(models.Model):
    """Whose lines make a head of our log complete. The newest row stands."""

    id = models.BigAutoField(primary_key=True)
    quorum = models.CharField(
        max_length=60, help_text="a group or a witness; `computed`: one of each side"
    )
    groups = models.JSONField(
        default=list, help_text="a list of {name, needs (all, any, a number), members}"
    )
    alarm_minutes = models.PositiveIntegerField(
        help_text="for how long heads may lack it before the operator is told"
    )
    set_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_witness_quorum"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.quorum


class QuorumMiss(models.Model):
    """A time for which heads lacked their quorum, longer than the operator wants."""

    id = models.BigAutoField(primary_key=True)
    since = models.DateTimeField(
        unique=True, help_text="when a quorum had vouched for the last time"
    )
    told_at = models.DateTimeField()
    awaited = models.JSONField(
        default=list, help_text="witnesses whose lines were lacking when it was told"
    )
    over_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_quorum_miss"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"no quorum since {self.since}"


class WatchedLog(models.Model):
    """A log whose heads this installation cosigns, and the last that it did."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    origin = models.CharField(max_length=200, unique=True)
    vkeys = models.TextField(help_text="a line for each key: two while one is replaced")
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    size = models.BigIntegerField(default=0)
    root = models.BinaryField()
    note = models.TextField(blank=True, help_text="that head, with our cosignature")
    cosigned_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refused_note = models.TextField(
        blank=True, help_text="a head that the log signed and that contradicts another"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_watched_log"
        ordering: ClassVar = ["origin"]

    def __str__(self) -> str:
        return self.origin
