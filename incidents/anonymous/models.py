"""Anonymous reports: who may read them, what was written, and how often one may write.

What people wrote is encrypted under a key of the report; there is no column for who or
where a reporter is.
"""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.urls import reverse

from incidents.incident.models import CATEGORY_CHOICES
from incidents.organisations.models import User


class ReportDesk(models.Model):
    """An organisation that takes anonymous reports, as soon as it has a handler."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.OneToOneField(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="report_desk"
    )
    is_open = models.BooleanField(default=True)
    takes_all = models.BooleanField(
        default=False, help_text="for whoever does not know to whom to report"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_desk"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["takes_all"],
                condition=models.Q(takes_all=True),
                name="report_desk_takes_all_once",
            )
        ]

    def __str__(self) -> str:
        return f"report desk of {self.organisation_id}"


class ReportHandlerQuerySet(models.QuerySet["ReportHandler"]):
    """Filters of handlers."""

    def active(self) -> "ReportHandlerQuerySet":
        """Keep those who are named now and still belong to the organisation."""
        return self.filter(
            ended_at=None,
            user__is_active=True,
            user__memberships__organisation=models.F("organisation"),
            user__memberships__ended_at=None,
        ).distinct()


class ReportHandler(models.Model):
    """One person who may read an organisation's anonymous reports; nobody else may."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="report_handlers",
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="report_handlings"
    )
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ReportHandlerQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_handler"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "user"],
                condition=models.Q(ended_at=None),
                name="report_handler_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} handles reports of {self.organisation_id}"


class ReportState(models.TextChoices):
    """Where a report stands, in words that its reporter reads too."""

    NEW = "new", "Received, not opened yet"
    IN_WORK = "in_work", "Being looked into"
    INCIDENT = "incident", "Being dealt with as an incident"
    CLOSED = "closed", "Closed"


def _handled_by(user: User) -> models.QuerySet[ReportHandler]:
    named = ReportHandler.objects.active().filter(user=user)
    return named.values("organisation_id")  # type: ignore[return-value]  # a subquery


class AnonymousReportQuerySet(models.QuerySet["AnonymousReport"]):
    """Filters of reports; `visible_to` is the only way in for a person."""

    def visible_to(self, user: User) -> "AnonymousReportQuerySet":
        """Keep those of organisations whose handler the person is, or shown to them."""
        shown = ReportReader.objects.active().filter(user=user)
        return self.filter(
            models.Q(organisation__in=_handled_by(user))
            | models.Q(pk__in=shown.values("report_id"))
        )

    def handled_by(self, user: User) -> "AnonymousReportQuerySet":
        """Keep those of which the person may also say who reads them."""
        return self.filter(organisation__in=_handled_by(user))

    def with_unread(self) -> "AnonymousReportQuerySet":
        """Add `unread_count`: what the reporter wrote and no handler has opened."""
        unread = models.Q(messages__by_reporter=True, messages__read_at=None)
        return self.annotate(unread_count=models.Count("messages", filter=unread))


class AnonymousReport(models.Model):
    """What somebody without an account reported. Its instants are cut to the hour."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="subject of its data key"
    )
    ref = models.CharField(max_length=14, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    category = models.CharField(
        max_length=3, choices=CATEGORY_CHOICES, blank=True, help_text="empty: not said"
    )
    state = models.CharField(max_length=8, choices=ReportState, default=ReportState.NEW)
    code_digest = models.BinaryField(unique=True, help_text="sha256 of the code")
    title_sealed = models.BinaryField()
    received_at = models.DateTimeField()
    status_due_at = models.DateTimeField(
        null=True, help_text="by when its reporter must have heard; null when closed"
    )
    is_overdue = models.BooleanField(
        default=False, help_text="that a status is overdue was recorded"
    )
    closed_at = models.DateTimeField(null=True)
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AnonymousReportQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_anonymous_report"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_at__isnull=False)
                | (~models.Q(state="closed") & models.Q(closed_at=None)),
                name="anonymous_report_closed_at",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="anonymous_report_newest")
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        """Return the path of its page for handlers."""
        return reverse("report-detail", args=[self.ref])

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is owed to its reporter."""
        return self.state == ReportState.CLOSED

    def is_status_late(self, now: datetime) -> bool:
        """Whether its reporter should have heard by now."""
        return self.status_due_at is not None and self.status_due_at <= now


class ReportReaderQuerySet(models.QuerySet["ReportReader"]):
    """Filters of readers."""

    def active(self) -> "ReportReaderQuerySet":
        """Keep those who may read now and still belong to the organisation."""
        return self.filter(
            ended_at=None,
            user__is_active=True,
            user__memberships__organisation=models.F("organisation"),
            user__memberships__ended_at=None,
        ).distinct()


class ReportReader(models.Model):
    """A colleague to whom a handler shows one report; the others stay hidden."""

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(
        AnonymousReport, on_delete=models.CASCADE, related_name="readers"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ReportReaderQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_reader"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "user"],
                condition=models.Q(ended_at=None),
                name="report_reader_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} reads {self.report_id}"


class ReportMessage(models.Model):
    """One message between a reporter and the handlers; the first one is the report."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    report = models.ForeignKey(
        AnonymousReport, on_delete=models.CASCADE, related_name="messages"
    )
    by_reporter = models.BooleanField()
    author = models.ForeignKey(
        "incidents.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the handler; the reporter is told only the organisation",
    )
    text_sealed = models.BinaryField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, help_text="when the other side opened it")
    once = models.BinaryField(
        null=True, unique=True, help_text="digest of the number of the form"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_message"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(by_reporter=True, author=None)
                | models.Q(by_reporter=False, author__isnull=False),
                name="report_message_one_author",
            )
        ]

    def __str__(self) -> str:
        return f"message {self.pk} of {self.report_id}"


class ReportFile(models.Model):
    """A file of a reporter, encrypted on disk; its name is not kept."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    message = models.ForeignKey(
        ReportMessage, on_delete=models.CASCADE, related_name="files"
    )
    filename = models.CharField(max_length=30, help_text="one of ours: picture-1.jpg")
    media_type = models.CharField(max_length=100, help_text="sniffed from the bytes")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, help_text="of the bytes that are kept")
    is_cleaned = models.BooleanField(
        help_text="written anew without what a camera or program put into it"
    )
    stored_as = models.CharField(max_length=100)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_report_file"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.filename


class TokenBucket(models.Model):
    """How much of something may be done now; it refills with time."""

    name = models.CharField(max_length=60, primary_key=True)
    tokens = models.FloatField()
    filled_at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_token_bucket"

    def __str__(self) -> str:
        return f"{self.name}: {self.tokens:.1f}"
