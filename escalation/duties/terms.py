"""Between rows and the values that `plan` and `warnings` work on."""

from datetime import datetime
from typing import Final

from escalation.duties.models import DueDate, StatutoryClock
from escalation.duties.plan import OPEN, Key, State, Terms
from escalation.duties.warnings import Span

_REASON_SIGNS: Final = 300


def key_of(clock: StatutoryClock) -> Key:
    """Return which clock a row is."""
    return Key(clock.regime_id, clock.stage, clock.round)


def terms_of(clock: StatutoryClock) -> Terms:
    """Return how a row stands."""
    return Terms(
        digest=clock.regime_digest,
        state=State(clock.state),
        is_provisional=clock.is_provisional,
        due_operational=clock.due_operational,
        due_statutory_latest=clock.due_statutory_latest,
        anchor=clock.anchor,
        counted_from=clock.counted_from,
        waiting_for=tuple(clock.waiting_for),
        rule=clock.rule,
        citation=clock.citation,
        flags=tuple(clock.flags),
        met_at=clock.met_at,
        met_by=clock.met_by,
        reason=clock.state_reason,
    )


def set_terms(clock: StatutoryClock, terms: Terms, now: datetime) -> None:
    """Have a row stand as these values say."""
    clock.regime_digest = terms.digest
    clock.state = terms.state
    clock.is_provisional = terms.is_provisional
    clock.due_operational = terms.due_operational
    clock.due_statutory_latest = terms.due_statutory_latest
    clock.anchor = terms.anchor
    clock.counted_from = terms.counted_from
    clock.waiting_for = list(terms.waiting_for)
    clock.rule = terms.rule
    clock.citation = terms.citation
    clock.flags = list(terms.flags)
    clock.met_at = terms.met_at
    clock.met_by = terms.met_by
    clock.state_reason = terms.reason[:_REASON_SIGNS]
    clock.ended_at = None if terms.state in OPEN else terms.met_at or now


def span_of(clock: StatutoryClock) -> Span | None:
    """Return the time that an open clock has; None while nothing is due."""
    if clock.ended_at is not None or clock.state == State.WAITING:
        return None
    since = clock.counted_from or clock.started_at
    if clock.due_operational is None:
        return Span(since, None)
    # One that is due when another is counts from there: its time began with the clock.
    start = since if since < clock.due_operational else clock.started_at
    return Span(start, clock.due_operational)


def due_date_of(clock: StatutoryClock, reason: str, now: datetime) -> DueDate:
    """Return the row of the history that says what is due now, and why."""
    return DueDate(
        clock=clock,
        organisation_id=clock.organisation_id,
        due_operational=clock.due_operational,
        due_statutory_latest=clock.due_statutory_latest,
        rule=clock.rule,
        regime_digest=clock.regime_digest,
        reason=reason,
        set_at=now,
    )
