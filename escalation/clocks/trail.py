"""Write what became of clocks to the record."""

from datetime import datetime, timedelta
from typing import Any

from escalation.clocks.models import Clock, ClockPause
from escalation.clocks.sla import Terms, is_overdue, remaining
from escalation.clocks.verdict import Change, Verdict
from escalation.policies.clock_targets import WHATS
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.ledger.canonical import format_at

_MINUTE = timedelta(minutes=1)
WAITING = "waiting for the answer to a question"


def name_of(clock: Clock) -> str:
    """Return what a clock is for, in words."""
    name = WHATS[clock.what]
    return f"The other side: {name.lower()}" if clock.side == "other" else name


def record_started(clock: Clock) -> None:
    """Record the terms with which a clock started."""
    body = {
        "minutes": clock.minutes,
        "calendar": clock.calendar_name,
        "severity": clock.severity,
        "policy": clock.version.policy.name,
        "version": clock.version.number,
        "started_at": format_at(clock.started_at),
    }
    _record("clock.started", clock, body)


def record_change(
    clock: Clock, change: Change, verdict: Verdict, *, terms: Terms, now: datetime
) -> None:
    """Record one change that the clock's state already shows."""
    _record(f"clock.{change}", clock, _body(clock, change, verdict, terms, now))


def record_paused(clock: Clock, pause: ClockPause, *, actor: Actor) -> None:
    """Record that a person paused a clock, and why."""
    _record("clock.paused", clock, {"reason": pause.reason}, actor=actor)


def record_resumed(clock: Clock, *, reason: str, actor: Actor) -> None:
    """Record that a person lets a clock go on, and why."""
    _record("clock.resumed", clock, {"reason": reason}, actor=actor)


def record_moved(clock: Clock, *, old_due_at: datetime | None, reason: str) -> None:
    """Record that another target holds. The clock has it already."""
    body: dict[str, Any] = {"minutes": clock.minutes, "severity": clock.severity}
    if old_due_at is not None:
        body["old_due_at"] = format_at(old_due_at)
    _record("clock.moved", clock, {**body, "reason": reason})


def record_cancelled(clock: Clock) -> None:
    """Record that a clock is no longer asked for."""
    _record("clock.cancelled", clock, {"reason": clock.state_reason})


def _body(
    clock: Clock, change: Change, verdict: Verdict, terms: Terms, now: datetime
) -> dict[str, Any]:
    if change == Change.WARNED:
        return _warned(terms, verdict, now)
    if change == Change.BREACHED:
        return {"late_ms": _late_ms(clock, clock.met_at or now)}
    if change == Change.MET:
        return _met(clock)
    if change == Change.PAUSED:
        return {"reason": WAITING}
    return {"reason": clock.state_reason} if change == Change.CANCELLED else {}


def _warned(terms: Terms, verdict: Verdict, now: datetime) -> dict[str, Any]:
    names = [notice.name for notice in verdict.notices]
    return {"warning": names, "left_minutes": max(0, remaining(terms, now) // _MINUTE)}


def _met(clock: Clock) -> dict[str, Any]:
    at = clock.met_at
    if at is None:
        return {}
    return {"met_at": format_at(at), "late_ms": _late_ms(clock, at)}


def _late_ms(clock: Clock, at: datetime) -> int:
    """Return by how much it is late, 0 when it is on time."""
    if clock.due_at is None or not is_overdue(clock.due_at, at):
        return 0
    return (at - clock.due_at) // timedelta(milliseconds=1)


def _record(
    kind: str, clock: Clock, body: dict[str, Any], *, actor: Actor | None = None
) -> None:
    more: dict[str, Any] = {"clock": clock.pk, "what": name_of(clock)}
    if clock.due_at is not None:
        more["due_at"] = format_at(clock.due_at)
    record(
        kind,
        incident=clock.incident,
        organisation_id=clock.organisation_id,
        actor=actor or Actor.system(clock.organisation),
        body={**more, **body},
    )
