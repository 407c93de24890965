"""Runs: one policy at work on one incident for one organisation."""

import uuid
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class RunState(models.TextChoices):
    """Where a run stands."""

    ACTIVE = "active", "Running"
    ACKNOWLEDGED = "acknowledged", "Paused by an acknowledgement"
    SNOOZED = "snoozed", "Snoozed"
    EXHAUSTED = "exhausted", "All steps taken"
    JUMPED = "jumped", "Handed on to another policy"
    STOPPED = "stopped", "Stopped"


# The place of people to whom a run was given by hand: no step of the policy.
GIVEN: Final = -1
Place = tuple[int, int]  # step index, round

LIVE = (RunState.ACTIVE, RunState.ACKNOWLEDGED, RunState.SNOOZED)


class Run(models.Model):
    """A policy version at work; `step_index` is the next step, in `round`."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        help_text="what people see: random, so that nobody counts another's runs",
    )
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="runs"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    version = models.ForeignKey(
        "escalation.PolicyVersion", on_delete=models.PROTECT, related_name="runs"
    )
    state = models.CharField(max_length=12, choices=RunState, default=RunState.ACTIVE)
    step_index = models.SmallIntegerField(default=0)
    round = models.SmallIntegerField(default=1)
    came_from = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="policies whose jumps led here; none of them is jumped to again",
    )
    routed_policy = models.ForeignKey(
        "escalation.Policy",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="what the route meant; a jump or a person may have led elsewhere",
    )
    needs_several = models.BooleanField(
        default=False,
        help_text="one acknowledgement alone does not pause it; its policy says whose do",
    )
    waits_for = models.JSONField(
        default=list,
        help_text="step and round of the pages that it sent last, which can take it on: "
        "they fail, or whoever reads them cannot; step -1 is a reassignment",
    )
    snoozed_until = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    continues = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the run that was handed over to this one's version",
    )
    reason = models.CharField(
        max_length=300, help_text="why the route chose this policy"
    )
    state_reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    next_due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_run"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation"],
                condition=models.Q(state__in=["active", "acknowledged", "snoozed"]),
                name="run_active_once",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.incident_id}"

    @property
    def told_last(self) -> Place | None:
        """Return where people were told last, None once they are not waited for."""
        return (
            (self.waits_for[-1][0], self.waits_for[-1][1]) if self.waits_for else None
        )

    def waits_for_place(self, step_index: int | None, round_number: int | None) -> bool:
        """Tell whether those who were told there can take the run on."""
        return [step_index, round_number] in [list(place) for place in self.waits_for]


class StepTaken(models.Model):
    """One step of a run as it really went: when due, when done, why, and what came of it."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="steps_taken")
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    step_index = models.SmallIntegerField()
    round = models.SmallIntegerField()
    outcome = models.CharField(
        max_length=10, choices=[("taken", "Taken"), ("skipped", "Skipped")]
    )
    reason = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    ran_at = models.DateTimeField()
    recipients = models.JSONField(
        default=list, help_text="names, as shown on the ladder"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_step_taken"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            # Each step exactly once, whatever workers do.
            models.UniqueConstraint(
                fields=["run", "step_index", "round"], name="step_taken_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id} step {self.step_index} round {self.round}"


class Turn(models.Model):
    """Whose turn it was last in a team whose people are told one after the other."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    team = models.OneToOneField(
        "incidents.Team", on_delete=models.CASCADE, related_name="+"
    )
    last_user = models.ForeignKey(
        "incidents.User", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_turn"

    def __str__(self) -> str:
        return f"turn in team {self.team_id}"
