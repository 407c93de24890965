"""Legal holds, and requests to erase what the record discloses."""

import uuid
from typing import ClassVar

from django.db import models


class HoldQuerySet(models.QuerySet["Hold"]):
    """Filters of holds."""

    def active(self) -> "HoldQuerySet":
        """Keep those that are not released."""
        return self.filter(released_at=None)


class Hold(models.Model):
    """An organisation's order to keep everything of an incident, or of a person.

    Triggers refuse to delete a disclosure or a key that an unreleased row covers. A row
    is only ever added, and released once; each names the entry that says so.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="holds"
    )
    person = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    matter = models.CharField(max_length=200, help_text="the case it is kept for")
    reason = models.TextField()
    placed_by = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    placed_at = models.DateTimeField()
    entry = models.OneToOneField(
        "incidents.Entry", on_delete=models.PROTECT, related_name="+"
    )
    released_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True)
    released_reason = models.TextField(blank=True)
    release_entry = models.OneToOneField(
        "incidents.Entry", null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_hold"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(incident=None, person__isnull=False)
                | models.Q(incident__isnull=False, person=None),
                name="hold_of_incident_or_person",
            )
        ]
        indexes: ClassVar = [
            # Serve the triggers, which ask for every disclosure that is deleted.
            models.Index(
                fields=["incident"],
                condition=models.Q(released_at=None),
                name="hold_active_incident",
            ),
            models.Index(
                fields=["person"],
                condition=models.Q(released_at=None),
                name="hold_active_person",
            ),
        ]

    def __str__(self) -> str:
        return f"hold for {self.matter}"


class ErasureState(models.TextChoices):
    """What became of a request to erase."""

    ASKED = "asked", "Waits for approval"
    APPROVED = "approved", "Approved"
    DONE = "done", "Erased"
    DECLINED = "declined", "Declined"
    REFUSED = "refused", "Refused"


class Erasure(models.Model):
    """A request to destroy some values of the record, or everything of a person."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    incident = models.ForeignKey(
        "incidents.Incident",
        null=True,
        on_delete=models.PROTECT,
        related_name="erasures",
    )
    person = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    fields = models.JSONField(
        default=list, help_text="[{stream, seq, field}] of an incident's entries"
    )
    basis = models.CharField(max_length=300, help_text="the law or the rule")
    reason = models.TextField()
    state = models.CharField(
        max_length=10, choices=ErasureState, default=ErasureState.ASKED
    )
    asked_by = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_erasure"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(incident=None, person__isnull=False)
                | models.Q(incident__isnull=False, person=None),
                name="erasure_of_incident_or_person",
            )
        ]

    def __str__(self) -> str:
        return f"erasure by {self.basis}"


class Approval(models.Model):
    """One person's yes to an erasure."""

    id = models.BigAutoField(primary_key=True)
    erasure = models.ForeignKey(
        Erasure, on_delete=models.PROTECT, related_name="approvals"
    )
    user = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_erasure_approval"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["erasure", "user"], name="erasure_approved_once_each"
            )
        ]

    def __str__(self) -> str:
        return f"approval of {self.erasure_id} by {self.user_id}"


class RecipientNotice(models.Model):
    """Somebody who holds a bundle with values that were erased since, to be told so.

    Source: GDPR Article 19. What it says of the bundle is copied: a bundle knows nothing
    of custody.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who handed the bundle out, and tells",
    )
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="+"
    )
    bundle = models.UUIDField()
    recipient = models.CharField(max_length=200)
    exported_at = models.DateTimeField()
    erasure = models.UUIDField(help_text="the request or the run that erased")
    basis = models.CharField(max_length=300)
    value_count = models.IntegerField(help_text="erased ones that the bundle holds")
    noted_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    told_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    told_how = models.TextField(blank=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_recipient_notice"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bundle", "erasure"], name="recipient_notice_once"
            )
        ]
        indexes: ClassVar = [
            # Serves the pages: what is still to be told.
            models.Index(
                fields=["organisation"],
                condition=models.Q(told_at=None),
                name="recipient_notice_owed",
            ),
            models.Index(fields=["incident"], name="recipient_notice_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} of {self.value_count} values"


class StandingCheck(models.Model):
    """How many values stood, when last looked, that the record says are erased."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    checked_at = models.DateTimeField()
    value_count = models.BigIntegerField()

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_standing_check"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="standing_check_one")
        ]

    def __str__(self) -> str:
        return f"{self.value_count} values at {self.checked_at:%Y-%m-%d %H:%M}"
