"""What was told and granted about a report that comes later than its limit."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class DelayNotice(models.Model):
    """That a lab told an authority that it cannot meet a limit. Rows are only added.

    It moves no date. Without an agency on this instance it was told by hand, and keeps
    that authority's reference.
    """

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(
        "escalation.StatutoryClock",
        on_delete=models.PROTECT,
        related_name="delay_notices",
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who told it",
    )
    agency = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="delay_notices",
    )
    authority = models.CharField(max_length=200, help_text="its name")
    reference = models.CharField(
        max_length=200, blank=True, help_text="of the authority, told by hand"
    )
    reasons = models.TextField()
    expected_at = models.DateTimeField(help_text="when the report is to be expected")
    notified_at = models.DateTimeField()
    limit_at = models.DateTimeField(help_text="the latest date at that time")
    is_late = models.BooleanField(help_text="it was told once the limit had passed")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_delay_notice"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(agency__isnull=False) | ~models.Q(reference=""),
                name="delay_notice_by_hand_has_reference",
            )
        ]

    def __str__(self) -> str:
        return f"notice to {self.authority} on clock {self.clock_id}"


class ExtensionState(models.TextChoices):
    """Where an extension stands; only two of the states move a clock."""

    REQUESTED = "requested", "Asked for"
    REFUSED = "refused", "Refused"
    GRANTED = "granted", "Granted"
    RECORDED = "recorded", "Recorded, not confirmed"
    CONFIRMED = "confirmed", "Confirmed"
    WITHDRAWN = "withdrawn", "Withdrawn"


IN_FORCE = (ExtensionState.GRANTED, ExtensionState.CONFIRMED)
UNSETTLED = (ExtensionState.REQUESTED, ExtensionState.RECORDED)
LIVE = (*IN_FORCE, *UNSETTLED)


class Extension(models.Model):
    """More time for one report, asked of an agency here or recorded on another's word.

    What the law says of it is kept in the row, so that a newer text moves nothing.
    """

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(
        "escalation.StatutoryClock", on_delete=models.PROTECT, related_name="extensions"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose report it is",
    )
    agency = models.ForeignKey(
        "incidents.Organisation",
        null=True,
        on_delete=models.PROTECT,
        related_name="extensions",
        help_text="on this instance, of which it was asked",
    )
    number = models.SmallIntegerField(help_text="in the law's series, from 1")
    series = models.SmallIntegerField(help_text="how many have a number of days")
    granted_by = models.CharField(max_length=200)
    citation = models.CharField(max_length=150)
    suspends = models.BooleanField(help_text="it moves the earliest date too")
    most_days = models.SmallIntegerField(help_text="that the law allows; 0: no number")
    days = models.SmallIntegerField(null=True, help_text="from when it was due")
    until = models.DateTimeField(null=True, help_text="what an agency here grants")
    asked_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, choices=ExtensionState)
    reason = models.TextField()
    determined_on = models.DateField(null=True, help_text="date of the other's word")
    document = models.ForeignKey(
        "incidents.Attachment",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the other authority's word",
    )
    document_sha256 = models.CharField(max_length=64, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_extension"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock", "number"],
                condition=models.Q(
                    state__in=["granted", "confirmed", "requested", "recorded"]
                ),
                name="extension_live_once",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None)
                | ~models.Q(confirmed_by=models.F("author")),
                name="extension_by_two_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="confirmed")
                | models.Q(
                    document__isnull=False,
                    determined_on__isnull=False,
                    confirmed_at__isnull=False,
                ),
                name="extension_confirmed_with_document",
            ),
        ]

    def __str__(self) -> str:
        return f"extension {self.number} of clock {self.clock_id}"

    @property
    def is_in_force(self) -> bool:
        """Whether it moves the clock."""
        return self.state in IN_FORCE
