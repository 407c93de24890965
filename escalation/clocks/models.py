"""Clocks: by when something is to be done on an incident, and the times that do not count."""

from typing import ClassVar

from django.db import models


class ClockState(models.TextChoices):
    """Where a clock stands. A breached clock may still be done, late."""

    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    MET = "met", "Met"
    BREACHED = "breached", "Overdue"
    CANCELLED = "cancelled", "Cancelled"


LIVE = (ClockState.RUNNING, ClockState.PAUSED)


class Clock(models.Model):
    """One deadline of one organisation on one incident.

    It keeps the terms with which it started: a later version of the policy or another
    calendar does not move it. `due_at` repeats what `sla.due_at` computes, for queries;
    it is null while the clock is paused. `is_current` ends when the incident is reopened
    or unshared: what starts then is a new clock.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="clocks"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    version = models.ForeignKey(
        "escalation.PolicyVersion", on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey(
        "escalation.Run",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the run that a breach drives: the newest",
    )
    what = models.CharField(max_length=20)
    side = models.CharField(max_length=5)
    severity = models.SmallIntegerField(help_text="for which the target was taken")
    minutes = models.IntegerField()
    calendar_name = models.CharField(max_length=200, blank=True)
    calendar = models.JSONField(null=True, help_text="a copy; null is round the clock")
    warn = models.JSONField(default=list)
    on_breach = models.JSONField(default=list)
    is_paused_while_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=9, choices=ClockState, default=ClockState.RUNNING
    )
    state_reason = models.CharField(max_length=300, blank=True)
    met_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True, help_text="when it was noticed")
    ended_at = models.DateTimeField(null=True)
    warned = models.JSONField(default=list, help_text="names of the warnings given")
    moves = models.SmallIntegerField(default=0, help_text="times its target changed")
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_clock"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "what"],
                condition=models.Q(is_current=True),
                name="clock_current_once",
            )
        ]
        indexes: ClassVar = [
            # Serves lists: an organisation's next due, soonest first.
            models.Index(
                fields=["organisation", "due_at"],
                condition=models.Q(state__in=["running", "paused"]),
                name="clock_next_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} on {self.incident_id}"


class ClockPause(models.Model):
    """A time in which a clock stands, and why. Open while `to_at` is null."""

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    question = models.ForeignKey(
        "incidents.Question",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose answer is waited for; null: a person paused it",
    )
    reason = models.CharField(max_length=500)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_clock_pause"
        ordering: ClassVar = ["from_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock", "question"], name="clock_pause_question_once"
            ),
            models.UniqueConstraint(
                fields=["clock"],
                condition=models.Q(question=None, to_at=None),
                name="clock_pause_by_hand_once",
            ),
        ]

    def __str__(self) -> str:
        return f"pause of clock {self.clock_id}"
