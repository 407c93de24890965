"""What the law asks of an incident: its instants, the decisions about them, the clocks."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Precision(models.TextChoices):
    """How exactly an instant is known."""

    EXACT = "exact", "To the second"
    MINUTE = "minute", "To the minute"
    DAY = "day", "Only the day"


class AnchorValue(models.Model):
    """One candidate for an instant that statutory clocks run from. Rows are only added.

    Several may stand beside each other: people disagree about when somebody knew. Which
    of them counts under a regime says an `AnchorChoice`; without one the earliest does.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="anchor_values"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose time record it belongs to",
    )
    name = models.CharField(
        max_length=60, help_text="an anchor of `regimes`, or submitted:<stage>"
    )
    regime_id = models.CharField(
        max_length=60,
        blank=True,
        help_text="of a submission or a request; empty: of all regimes",
    )
    at = models.DateTimeField(help_text="the instant it counts as")
    written = models.CharField(max_length=60, help_text="as it was given, with offset")
    precision = models.CharField(
        max_length=6, choices=Precision, default=Precision.EXACT
    )
    source = models.CharField(max_length=300, help_text="who or what says so")
    reason = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="null: the product noted it, as of a submitted filing",
    )
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_anchor"
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["incident", "organisation", "name"], name="anchor_of_incident"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.incident_id}"


class AnchorChoice(models.Model):
    """Which candidate counts under a regime, who said so and why."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="+"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    regime_id = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    value = models.ForeignKey(
        AnchorValue, on_delete=models.PROTECT, related_name="choices"
    )
    reason = models.CharField(max_length=500)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    chosen_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_anchor_choice"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "regime_id", "name"],
                condition=models.Q(is_current=True),
                name="anchor_choice_current_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} under {self.regime_id}"


class Said(models.TextChoices):
    """An answer of the assessment."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Not known yet"


class AssessmentAnswer(models.Model):
    """One answer to a question of the guided assessment. A later one replaces it."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="+"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    question = models.CharField(
        max_length=120, help_text="key of a question, or regime:limb asked in its words"
    )
    said = models.CharField(max_length=7, choices=Said)
    reason = models.CharField(max_length=1000, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_assessment_answer"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "question"],
                condition=models.Q(is_current=True),
                name="assessment_answer_current_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.said}"


class Verdict(models.TextChoices):
    """Whether an incident is to be reported under a regime."""

    REPORTABLE = "reportable", "Reportable"
    NOT_REPORTABLE = "not_reportable", "Not reportable"
    UNDECIDED = "undecided", "Undecided"


class Decision(models.Model):
    """A named person's verdict under one regime, and the second person's confirmation.

    Until it is confirmed clocks go by the one before it that was, and without one as if
    it were undecided: conservatively.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="decisions"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    regime_id = models.CharField(max_length=60)
    regime_digest = models.CharField(max_length=64, help_text="of the text it went by")
    verdict = models.CharField(max_length=14, choices=Verdict)
    limbs = models.JSONField(default=list, help_text="ids of the limbs that are met")
    reason = models.TextField()
    facts = models.JSONField(default=dict, help_text="the answers it relied on")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    review_on = models.DateField(null=True, help_text="when to look at it again")
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_decision"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "regime_id"],
                condition=models.Q(is_current=True),
                name="decision_current_once",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None)
                | ~models.Q(confirmed_by=models.F("decided_by")),
                name="decision_by_two_people",
            ),
        ]
        indexes: ClassVar = [
            # Serves the list of what is to be looked at again.
            models.Index(
                fields=["organisation", "review_on"],
                condition=models.Q(is_current=True, review_on__isnull=False),
                name="decision_review",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} under {self.regime_id}"


class DutyState(models.TextChoices):
    """Where a statutory clock stands. That it is overdue is computed, never stored."""

    RUNNING = "running", "Running"
    WAITING = "waiting", "Waits for an instant"
    NO_DATE = "no_date", "Due, without a date"
    MET = "met", "Reported"
    CANCELLED = "cancelled", "No longer due"


class StatutoryClock(models.Model):
    """By when one stage of a regime is to be reported on an incident.

    It keeps the text of the regime that it started with (by digest). `due_operational`
    drives alarms and lateness; `due_statutory_latest` is shown beside it.
    """

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, related_name="statutory_clocks"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="whose duty it is",
    )
    regime_id = models.CharField(max_length=60)
    regime_digest = models.CharField(max_length=64)
    stage = models.CharField(max_length=60)
    round = models.SmallIntegerField(
        default=1, db_default=1, help_text="of a report that is due again and again"
    )
    state = models.CharField(max_length=9, choices=DutyState)
    is_provisional = models.BooleanField(
        default=False, help_text="not decided yet whether it is reportable at all"
    )
    due_operational = models.DateTimeField(null=True)
    due_statutory_latest = models.DateTimeField(null=True)
    anchor = models.CharField(max_length=60, blank=True)
    counted_from = models.DateTimeField(
        null=True, help_text="the instant of its anchor"
    )
    waiting_for = models.JSONField(default=list)
    rule = models.CharField(max_length=300, blank=True)
    citation = models.CharField(max_length=300, blank=True)
    flags = models.JSONField(default=list)
    started_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    met_by = models.CharField(
        max_length=40, blank=True, help_text="reference of the filing that met it"
    )
    ended_at = models.DateTimeField(null=True)
    state_reason = models.CharField(max_length=300, blank=True)
    warned = models.JSONField(default=list, help_text="names of the warnings given")
    moves = models.SmallIntegerField(default=0)
    is_current = models.BooleanField(default=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_statutory_clock"
        ordering: ClassVar = ["due_operational", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "regime_id", "stage"],
                condition=models.Q(is_current=True),
                name="statutory_clock_current_once",
            ),
            models.UniqueConstraint(
                fields=["incident", "organisation", "regime_id", "stage", "round"],
                name="statutory_clock_round_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organisation", "due_operational"],
                condition=models.Q(ended_at=None),
                name="statutory_clock_next_due",
            ),
            # Serves the look through all clocks of a regime whose text has changed.
            models.Index(
                fields=["regime_id", "id"],
                condition=models.Q(ended_at=None),
                name="statutory_clock_of_regime",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.regime_id} {self.stage} on {self.incident_id}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done, or may come to be."""
        return self.ended_at is None


class DueDate(models.Model):
    """One due date that a statutory clock had, and why. Rows are only added."""

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(
        StatutoryClock, on_delete=models.PROTECT, related_name="due_dates"
    )
    organisation = models.ForeignKey(
        "incidents.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    due_operational = models.DateTimeField(null=True)
    due_statutory_latest = models.DateTimeField(null=True)
    rule = models.CharField(max_length=300, blank=True)
    regime_digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    set_at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_due_date"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["clock", "id"], name="due_date_of_clock")
        ]

    def __str__(self) -> str:
        return f"{self.due_operational} of clock {self.clock_id}"
