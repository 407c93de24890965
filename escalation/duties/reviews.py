"""Bring decisions back on the day that was set to look at them again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from escalation.calendars.wall_clock import instant_of
from escalation.duties.models import Decision
from escalation.duties.telling import Word, tell
from escalation.lawbook.registry import Known, regimes_of_many
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.models import Timer
from incidents.timers.schedule import add_timer, register_handler

REVIEW: Final = "duties.review"
# In the morning: a review is not worth a night's sleep.
_AT: Final = time(8)


def register_handlers() -> None:
    """Register the timer; called when the app is ready."""
    register_handler(REVIEW, bring_back)


def arm_review(decision: Decision, zone: ZoneInfo) -> None:
    """Make the timer of a decision that is to be looked at again. Needs a transaction."""
    if decision.review_on is not None:
        add_timer(
            kind=REVIEW,
            subject_id=decision.pk,
            organisation_id=decision.organisation_id,
            incident_id=decision.incident_id,
            due_at=instant_of(decision.review_on, _AT, zone).astimezone(UTC),
        )


def bring_back(timers: Sequence[Timer], now: datetime) -> None:
    """Tell who decided, and who answers for it, that the day has come.

    What was decided anew since then is left alone, unless clocks go by it all the same.
    """
    later = Decision.objects.filter(
        incident=OuterRef("incident"),
        organisation=OuterRef("organisation"),
        regime_id=OuterRef("regime_id"),
        confirmed_at__isnull=False,
        pk__gt=OuterRef("pk"),
    )
    in_force = Q(confirmed_at__isnull=False) & ~Exists(later)
    rows = Decision.objects.filter(
        Q(is_current=True) | in_force,
        pk__in=[timer.subject_id for timer in timers],
    )
    decisions = list(
        rows.select_related("incident__organisation", "organisation").order_by("pk")
    )
    if not decisions:
        return
    for decision in decisions:
        _record(decision)
    known = regimes_of_many({decision.organisation_id for decision in decisions})
    tell([_word(decision, known) for decision in decisions], now=now)


def _word(decision: Decision, known: Mapping[int | None, Known]) -> Word:
    registered = known[decision.organisation_id].get(decision.regime_id)
    law = registered.regime.name if registered else decision.regime_id
    why = f"The decision under {law} is to be looked at again today."
    key = f"review:{decision.pk}"
    return Word(decision, key, why, people=(decision.decided_by_id,))


def _record(decision: Decision) -> None:
    review_on = decision.review_on
    record(
        "decision.review_due",
        incident=decision.incident,
        organisation_id=decision.organisation_id,
        actor=Actor.system(decision.organisation),
        body={
            "decision": decision.pk,
            "regime": decision.regime_id,
            "verdict": decision.verdict,
            "review_on": review_on.isoformat() if review_on else "",
        },
    )
