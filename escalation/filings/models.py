"""Reports to authorities: their versions, and to whom they went."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from incidents.incident.tlp import TLP_CHOICES
from incidents.models import User


class FilingState(models.TextChoices):
    """Where its author's side stands with a filing."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    SUBMITTED = "submitted", "Submitted"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Way(models.TextChoices):
    """How a filing reaches an authority."""

    HERE = "here", "On this instance"
    BY_HAND = "by_hand", "By hand"


class RecipientState(models.TextChoices):
    """Where one authority stands with a filing."""

    PREPARED = "prepared", "Not sent yet"
    SUBMITTED = "submitted", "Submitted"
    RECEIVED = "received", "Received"
    RETURNED = "returned", "Returned with remarks"
    ACCEPTED = "accepted", "Accepted"
    TRANSFERRED = "transferred", "Transferred"


class FilingQuerySet(models.QuerySet["Filing"]):
    """Filters of filings."""

    def visible_to(self, user: User) -> "FilingQuerySet":
        """Keep the person's own lab's, and what was submitted to their agency.

        What was submitted stays with the agency, also when the share has ended.
        """
        if not user.is_active:
            return self.none()
        mine = user.memberships.filter(
            ended_at=None, organisation__kind__in=["lab", "agency"]
        ).values("organisation_id")
        sent = FilingRecipient.objects.filter(
            agency__in=mine, submitted_at__isnull=False
        ).values("filing_id")
        return self.filter(models.Q(organisation__in=mine) | models.Q(pk__in=sent))


class Filing(models.Model):
    """One report, made once for every authority that it goes to.

    Each recipient is one duty: a stage of a regime. Whoever changes a filing locks its
    incident first.
    """

    id = models.BigAutoField(primary_key=True)
    ref = models.CharField(max_length=14, unique=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="filings"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose report it is",
    )
    state = models.CharField(
        max_length=9, choices=FilingState, default=FilingState.DRAFT
    )
    tlp = models.CharField(max_length=12, choices=TLP_CHOICES)
    amends = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="amendments",
        help_text="the first filing of those that correct each other",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    withdrawn_reason = models.CharField(max_length=500, blank=True)
    once = models.CharField(
        max_length=64, blank=True, help_text="digest of the caller's idempotency key"
    )
    once_body = models.CharField(max_length=64, blank=True)

    objects = FilingQuerySet.as_manager()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "once"],
                condition=~models.Q(once=""),
                name="filing_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="filing_of_lab")
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        """Return the path of its page."""
        return reverse("filing-detail", args=[self.ref])


class FilingVersion(models.Model):
    """What a filing says, once written. Rows are only added; approval is by another."""

    id = models.BigAutoField(primary_key=True)
    filing = models.ForeignKey(
        Filing, on_delete=models.PROTECT, related_name="versions"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    number = models.SmallIntegerField()
    sections = models.JSONField(help_text="see sections.py")
    sha256 = models.CharField(max_length=64, help_text="of the canonical JSON")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField()
    review_asked_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    refused_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True, help_text="what the reviewer wants changed")

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_version"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["filing", "number"], name="filing_version_number"
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by=None)
                | ~models.Q(approved_by=models.F("author")),
                name="filing_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.filing_id}"


class FilingRecipient(models.Model):
    """One authority that a filing goes to, under one stage of one regime.

    `submitted_at` is the first submission and never changes: a later version moves no
    clock. The due instants are those of that moment.
    """

    id = models.BigAutoField(primary_key=True)
    filing = models.ForeignKey(
        Filing, on_delete=models.PROTECT, related_name="recipients"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose report it is",
    )
    key = models.CharField(max_length=60, help_text="names it in a section's audience")
    reads_as = models.CharField(
        max_length=60, blank=True, help_text="the key of who gave it on; empty: its own"
    )
    way = models.CharField(max_length=7, choices=Way)
    agency = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="filings_received",
    )
    name = models.CharField(max_length=200, help_text="of the authority")
    regime_id = models.CharField(max_length=60)
    regime_digest = models.CharField(max_length=64, help_text="of the text it goes by")
    stage = models.CharField(max_length=60)
    state = models.CharField(
        max_length=11, choices=RecipientState, default=RecipientState.PREPARED
    )
    version = models.ForeignKey(
        FilingVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the newest that was sent there",
    )
    submitted_at = models.DateTimeField(null=True, help_text="the first submission")
    resubmitted_at = models.DateTimeField(null=True, help_text="the newest, if later")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_operational = models.DateTimeField(null=True)
    due_statutory_latest = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    receipt_number = models.CharField(max_length=80, blank=True)
    portal_reference = models.CharField(max_length=200, blank=True)
    receipt = models.ForeignKey(
        "incidents.Attachment",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="what the portal gave back, kept with its SHA-256",
    )
    settled_at = models.DateTimeField(null=True, help_text="accepted or transferred")
    settled_reason = models.TextField(blank=True)
    came_from = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="passed_on"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_recipient"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["filing", "key"], name="filing_recipient_key"
            ),
            models.CheckConstraint(
                condition=models.Q(way=Way.HERE, agency__isnull=False)
                | models.Q(way=Way.BY_HAND, agency=None),
                name="filing_recipient_way",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state=RecipientState.PREPARED, submitted_at=None, version=None
                )
                | ~models.Q(state=RecipientState.PREPARED)
                & models.Q(submitted_at__isnull=False, version__isnull=False),
                name="filing_recipient_submitted",
            ),
            # A button stops no clock: what the portal gave back does.
            models.CheckConstraint(
                condition=models.Q(way=Way.HERE)
                | models.Q(submitted_at=None)
                | (~models.Q(portal_reference="") & models.Q(receipt__isnull=False)),
                name="filing_by_hand_has_receipt",
            ),
            models.UniqueConstraint(
                fields=["agency", "receipt_number"],
                condition=~models.Q(receipt_number=""),
                name="filing_receipt_number",
            ),
        ]
        indexes: ClassVar = [
            # Serves an agency's inbox.
            models.Index(
                fields=["agency", "state"],
                condition=models.Q(submitted_at__isnull=False),
                name="filing_inbox",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.regime_id} {self.stage}"

    @property
    def audience_key(self) -> str:
        """The key by which a section says that it may read it."""
        return self.reads_as or self.key

    @property
    def last_submitted_at(self) -> datetime | None:
        """When the newest version that it has was sent."""
        return self.resubmitted_at or self.submitted_at
