"""What an agency makes of an incident that was shared with it, and what it asks."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Outcome(models.TextChoices):
    """An agency's decision on an incident."""

    ACCEPTED = "accepted", "Accepted"
    NEEDS_INFORMATION = "needs_information", "Needs information"
    NOT_OURS = "not_ours", "Not ours"
    DUPLICATE = "duplicate", "Duplicate"


class TriageState(models.TextChoices):
    """Whose move a row of the triage queue is."""

    WAITING = "waiting", "Waiting for triage"
    ASKED = "asked", "Waiting for the lab's answer"
    ANSWERED = "answered", "The lab has answered"
    DECIDED = "decided", "Decided"


class TriageRow(models.Model):
    """One agency's row in its triage queue for one shared incident."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="triage_rows"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the agency",
    )
    state = models.CharField(
        max_length=8, choices=TriageState, default=TriageState.WAITING
    )
    outcome = models.CharField(max_length=17, choices=Outcome, blank=True)
    reason = models.TextField(blank=True)
    priority = models.SmallIntegerField(
        null=True, help_text="the agency's own, 1 (first) to 4"
    )
    owner = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    next_review_at = models.DateTimeField(null=True)
    referred_to = models.ForeignKey(
        "incidents.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    duplicate_of = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_triage_row"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation"], name="triage_row_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} on {self.incident_id}: {self.state}"


class Question(models.Model):
    """What an agency asked the owner of an incident, and the answer."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="questions"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the agency",
    )
    text = models.TextField()
    asked_by = models.ForeignKey(
        "incidents.User", on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now())
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "incidents"
        db_table = "tocsin_question"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"question {self.pk} on {self.incident_id}"
