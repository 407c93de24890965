"""What came back about a filing: remarks, requests for information, transfers."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from escalation.filings.models import FilingRecipient, FilingVersion


class FilingRemark(models.Model):
    """What an agency wants changed in one field, said when it returns a filing."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.ForeignKey(
        FilingRecipient, on_delete=models.PROTECT, related_name="remarks"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the agency",
    )
    version = models.ForeignKey(
        FilingVersion, on_delete=models.PROTECT, related_name="+"
    )
    field = models.CharField(max_length=300, blank=True, help_text="empty: the whole")
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_remark"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"remark on {self.recipient_id}"


class FilingRequest(models.Model):
    """An agency's request for information about a filing, and the lab's answer."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.ForeignKey(
        FilingRecipient, on_delete=models.PROTECT, related_name="requests"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the agency",
    )
    number = models.SmallIntegerField(help_text="among the recipient's")
    text = models.TextField()
    due_at = models.DateTimeField(null=True, help_text="by when it is to be answered")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True, help_text="by the agency")

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_request"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["recipient", "number"], name="filing_request_number"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at=None) | models.Q(withdrawn_at=None),
                name="filing_request_ends_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(answered_at=None),
                name="filing_request_open",
            )
        ]

    def __str__(self) -> str:
        return f"request {self.number} of {self.recipient_id}"

    @property
    def is_open(self) -> bool:
        """Whether the lab still has to answer it."""
        return self.answered_at is None and self.withdrawn_at is None


class StepKind(models.TextChoices):
    """What can become of a request before it is answered."""

    MOVED = "moved", "Another date"
    PART = "part", "A part of the answer"
    WITHDRAWN = "withdrawn", "Withdrawn"


class FilingRequestStep(models.Model):
    """What became of a request after it was asked. Rows are only added."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(
        FilingRequest, on_delete=models.PROTECT, related_name="steps"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose step it is: the agency's, or the lab's for a part",
    )
    kind = models.CharField(max_length=9, choices=StepKind)
    text = models.TextField()
    old_due_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="from then on")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_request_step"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.request_id}"


class FilingTransfer(models.Model):
    """That an agency gave a filing on: to whom, on which legal basis, at which risk."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.OneToOneField(
        FilingRecipient, on_delete=models.PROTECT, related_name="transfer"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the agency that gave it on",
    )
    agency = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who gets it, if on this instance",
    )
    name = models.CharField(max_length=200, help_text="of who gets it")
    legal_basis = models.CharField(max_length=300)
    reason = models.TextField()
    risks = models.TextField(blank=True, help_text="considered; the agency's own")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    transferred_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_filing_transfer"

    def __str__(self) -> str:
        return f"{self.recipient_id} to {self.name}"
