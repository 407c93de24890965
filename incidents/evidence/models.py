"""Evidence that was asked for, is being built, or was handed out."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models


class BundleState(models.TextChoices):
    """How far a bundle is."""

    WAITING = "waiting", "waiting for the log"
    BUILDING = "building", "being built"
    READY = "ready", "ready"
    FAILED = "failed", "failed"
    EXPIRED = "expired", "file deleted"


OPEN_STATES = (BundleState.WAITING, BundleState.BUILDING)


class EvidenceBundle(models.Model):
    """One export of one stream. The file goes after some days, the row stays."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="bundles"
    )
    audience = models.ForeignKey(
        "incidents.AudienceStream", on_delete=models.PROTECT, related_name="+"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    requested_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    recipient = models.CharField(max_length=200)
    redactions = models.JSONField(
        default=list, help_text="[{field, authority, entry}], see redaction.py"
    )
    has_files = models.BooleanField(default=True)
    seen_size = models.BigIntegerField(
        null=True, help_text="the log's size that the recipient has seen before"
    )
    wanted_seq = models.BigIntegerField(
        help_text="the last entry when it was asked for"
    )
    heads_entry = models.ForeignKey(
        "incidents.Entry", null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        max_length=8, choices=BundleState, default=BundleState.WAITING
    )
    done = models.BigIntegerField(default=0, help_text="entries written so far")
    total = models.BigIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    lease = models.UUIDField(null=True, help_text="whoever builds it knows this number")
    look_at = models.DateTimeField(
        help_text="when to look at it again; while it is built, the end of the lease"
    )
    error = models.TextField(blank=True)
    head_size = models.BigIntegerField(null=True)
    is_cosigned = models.BooleanField(default=False)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    stored_as = models.CharField(max_length=80, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_evidence_bundle"
        # Serves the builder: what is open is little of what there ever was.
        indexes: ClassVar = [
            models.Index(
                fields=["look_at"],
                name="evidence_open",
                condition=models.Q(state__in=["waiting", "building"]),
            ),
            models.Index(fields=["incident", "organisation"], name="evidence_incident"),
        ]

    def __str__(self) -> str:
        return f"evidence of {self.incident_id} for {self.recipient}"

    @property
    def filename(self) -> str:
        """The name that the file has for people."""
        return f"{self.incident.ref}-evidence-{self.uid.hex[:8]}.zip"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be built."""
        return self.state in OPEN_STATES

    @property
    def percent(self) -> int:
        """How much of it is written."""
        return self.done * 100 // self.total if self.total else 0

    def is_there(self, now: datetime) -> bool:
        """Whether the file can be fetched."""
        ends_at = self.expires_at
        return self.state == BundleState.READY and ends_at is not None and now < ends_at
