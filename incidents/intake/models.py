"""Sources, the raw deliveries that they send, and the alerts read from them."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from incidents.organisations.models import User


class SourceQuerySet(models.QuerySet["Source"]):
    """Filters of sources."""

    def visible_to(self, user: User) -> "SourceQuerySet":
        """Keep the sources of the user's organisations."""
        return self.filter(
            organisation__memberships__user=user,
            organisation__memberships__ended_at=None,
        ).distinct()


class Source(models.Model):
    """A monitoring tool that may post to us under a secret key in its address."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="sources"
    )
    tool = models.CharField(max_length=30)
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    key_digest = models.BinaryField(unique=True, help_text="sha256 of the key")
    key_sealed = models.BinaryField(
        help_text="the key, encrypted, so that its address can be shown"
    )
    is_enabled = models.BooleanField(default=True)
    resolves_incidents = models.BooleanField(
        default=True,
        help_text="an untouched incident resolves when its last alert clears",
    )
    default_severity = models.SmallIntegerField(default=2)
    default_category = models.CharField(max_length=3, default="AVL")
    default_tlp = models.CharField(max_length=12, default="AMBER+STRICT")
    mapping = models.JSONField(
        default=dict, help_text="generic only: our field → their path"
    )
    severity_map = models.JSONField(
        default=dict, help_text="the tool's word → our level, before the usual words"
    )
    group_by = models.JSONField(
        default=list, help_text="labels; empty: the tool's own groups"
    )
    group_window_minutes = models.IntegerField(
        default=0,
        help_text="how long a group's incident takes new alerts; 0: while it is open",
    )
    expires_after_minutes = models.IntegerField(
        default=0, help_text="an alert ends that long after its last word; 0: never"
    )
    flap_changes = models.IntegerField(
        default=0, help_text="so many changes of an alert make it flap; 0: never"
    )
    flap_minutes = models.IntegerField(
        default=30, help_text="within so many minutes; it ends after as many of quiet"
    )
    quiet_after_hours = models.IntegerField(
        default=0,
        db_default=0,
        help_text="no delivery for so long is an incident; 0: never",
    )
    old_key_digest = models.BinaryField(
        null=True, unique=True, help_text="sha256 of the former key, while it works"
    )
    old_key_ends_at = models.DateTimeField(null=True)
    verification = models.CharField(max_length=20, default="none", db_default="none")
    verification_options = models.JSONField(
        default=dict, db_default={}, help_text="header names and the like; no secrets"
    )
    secret_sealed = models.BinaryField(null=True)
    old_secret_sealed = models.BinaryField(null=True)
    old_secret_ends_at = models.DateTimeField(null=True)
    address_ranges = models.JSONField(
        default=list, db_default=[], help_text="empty: from everywhere"
    )
    trust_version = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="names one state of keys and checks; 0: nothing to check",
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = SourceQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_source"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="source_organisation_slug"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.tool})"


class Refusal(models.Model):
    """How often a source refused requests for one reason, and the last of them.

    Of a refused body only size and hash are kept.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="refusals"
    )
    reason = models.CharField(max_length=30)
    count = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_size_bytes = models.BigIntegerField()
    last_sha256 = models.BinaryField(help_text="of the part that was read")
    last_address = models.CharField(max_length=64, help_text="where it came from")
    last_told = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text="what the last request named, unproved: a topic",
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_refusal"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "reason"], name="refusal_source_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.count}"


class DeliveryState(models.TextChoices):
    """How far a raw delivery has come."""

    PENDING = "pending", "Waiting"
    PROCESSED = "processed", "Processed"
    IGNORED = "ignored", "Ignored"
    UNREADABLE = "unreadable", "Unreadable"
    TOO_LARGE = "too_large", "Too large"


class Delivery(models.Model):
    """One raw webhook body, kept exactly as it was posted. A 202 means: this row is committed."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(unique=True, help_text="what the sender is told")
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="deliveries"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField(db_default=Now())
    body = models.BinaryField(null=True, help_text="null when it was too large")
    size_bytes = models.BigIntegerField()
    sha256 = models.BinaryField(help_text="of the part that was read")
    headers = models.JSONField(default=dict, help_text="a subset without secrets")
    state = models.CharField(
        max_length=10, choices=DeliveryState, default=DeliveryState.PENDING
    )
    attempts = models.SmallIntegerField(default=0)
    error = models.CharField(
        max_length=1000, blank=True, help_text="why it could not be read or is ignored"
    )
    processed_at = models.DateTimeField(null=True)
    alert_count = models.IntegerField(default=0)
    verified_by = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="the check that it passed when it came",
    )
    by_old_key = models.BooleanField(default=False, db_default=False)
    replays = models.SmallIntegerField(
        default=0, db_default=0, help_text="times that somebody had it read again"
    )
    was_processed = models.BooleanField(
        default=False,
        db_default=False,
        help_text="before it was read again: what it only remarks is not told twice",
    )
    retry_at = models.DateTimeField(
        null=True, help_text="while it waits: not before this instant"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_delivery"
        indexes: ClassVar = [
            # Serves the claim: an organisation's oldest waiting deliveries.
            models.Index(
                fields=["organisation", "id"],
                condition=models.Q(state="pending"),
                name="delivery_pending",
            ),
            # Serves a source's page: its last deliveries.
            models.Index(fields=["source", "-id"], name="delivery_source"),
            # Serves the last use of a former key.
            models.Index(
                fields=["source", "-id"],
                condition=models.Q(by_old_key=True),
                name="delivery_by_old_key",
            ),
            # Serves a source's page: its last unreadable ones among many others.
            models.Index(
                fields=["source", "-id"],
                condition=models.Q(state="unreadable"),
                name="delivery_unreadable",
            ),
            # Serves the chart: these are never processed, so nothing counts them.
            models.Index(
                fields=["source", "received_at"],
                condition=models.Q(state="too_large"),
                name="delivery_too_large",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.uid}"


class DeliveryCount(models.Model):
    """How many deliveries of a source that came in one hour ended in one state.

    A delivery that is read again leaves its row and is counted anew.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    hour = models.DateTimeField(help_text="its start, in UTC")
    state = models.CharField(max_length=10, choices=DeliveryState)
    count = models.IntegerField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_delivery_count"
        constraints: ClassVar = [
            # Serves the chart too: a source's last hours.
            models.UniqueConstraint(
                fields=["source", "hour", "state"], name="delivery_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.state} at {self.hour:%Y-%m-%d %H:00}"


class Alert(models.Model):
    """What a tool says is wrong: its latest state, by the tool's own dedup key."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="alerts")
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    dedup_key = models.CharField(max_length=64, help_text="sha256 of the tool's key")
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="alerts"
    )
    status = models.CharField(
        max_length=8, choices=[("firing", "Firing"), ("resolved", "Resolved")]
    )
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    severity = models.CharField(max_length=10)
    labels = models.JSONField(default=dict)
    url = models.URLField(max_length=2000, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    event_at = models.DateTimeField(
        help_text="the instant of the state that the row holds"
    )
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="+")
    repeat_count = models.IntegerField(
        default=0, help_text="times it was sent again unchanged"
    )
    late_count = models.IntegerField(
        default=0, help_text="older news that changed nothing"
    )
    first_seen_at = models.DateTimeField(null=True, help_text="null in old rows")
    last_seen_at = models.DateTimeField(null=True, help_text="null in old rows")
    expires_at = models.DateTimeField(
        null=True, help_text="while it fires: when it ends if nothing more is heard"
    )
    held_by = models.CharField(
        max_length=40,
        blank=True,
        help_text="while it fires: the silence or window that holds it back",
    )
    held_until = models.DateTimeField(
        null=True, help_text="when what holds it back ends, or is to be asked again"
    )
    group_key = models.CharField(
        max_length=64, blank=True, help_text="sha256 of the group it is for"
    )
    change_times = models.JSONField(
        default=list, help_text="its last changes, where the source counts them"
    )
    severity_told = models.CharField(
        max_length=80, blank=True, help_text="the tool's own word"
    )
    fired_at = models.DateTimeField(
        null=True, help_text="since when it fires, or did last; null in old rows"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_alert"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "dedup_key"], name="alert_source_dedup"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["incident", "status"], name="alert_incident_status"),
            # Serves the look for alerts of which nothing was heard for too long.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(status="firing", expires_at__isnull=False),
                name="alert_expiring",
            ),
            # Serves the look for alerts that are no longer held back.
            models.Index(
                fields=["held_until"],
                condition=models.Q(status="firing", held_until__isnull=False),
                name="alert_held",
            ),
            # Serves the end of a silence or window: what it holds back.
            models.Index(
                fields=["held_by"],
                condition=~models.Q(held_by=""),
                name="alert_held_by",
            ),
        ]

    def __str__(self) -> str:
        return self.title
