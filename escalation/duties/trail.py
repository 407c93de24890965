"""Write what became of statutory clocks to the record."""

from datetime import datetime, timedelta
from typing import Any, Final

from escalation.duties.models import StatutoryClock
from escalation.duties.overdue import is_overdue, late_by
from escalation.duties.plan import Change, Step
from escalation.duties.warnings import DUE, WarningAt
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.ledger.canonical import format_at

_MINUTE: Final = timedelta(minutes=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def record_step(
    clock: StatutoryClock, name: str, step: Step, *, actor: Actor | None = None
) -> None:
    """Record each change of a step that the clock's row already shows."""
    if Change.MET in step.changes and DUE not in clock.warned:
        # It was late before anybody looked.
        record_breached(clock, name, at=clock.met_at)
    for change in step.changes:
        match change:
            case Change.STARTED:
                _record("clock.duty_started", clock, name, _started(clock, step))
            case Change.MOVED:
                _record("clock.moved", clock, name, _moved(step), actor=actor)
            case Change.MET:
                _record("clock.met", clock, name, _met(clock))
            case Change.CANCELLED:
                body = {"reason": clock.state_reason}
                _record("clock.cancelled", clock, name, body)
            case Change.RESUMED:
                body = {"reason": "it may have to be reported after all"}
                _record("clock.resumed", clock, name, body)


def record_warned(
    clock: StatutoryClock, name: str, warning: WarningAt, *, now: datetime
) -> None:
    """Record that people are told that a report is due."""
    body: dict[str, Any] = {"warning": [warning.name]}
    if clock.due_operational is not None:
        left = clock.due_operational - now
        body["left_minutes"] = max(0, left // _MINUTE)
    _record("clock.warned", clock, name, body)


def record_breached(clock: StatutoryClock, name: str, *, at: datetime | None) -> None:
    """Record that a report is late at an instant; nothing when it is on time."""
    if at is None or not is_overdue(clock.due_operational, at=at):
        return
    _record("clock.breached", clock, name, {"late_ms": _late_ms(clock, at)})


def _started(clock: StatutoryClock, step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {
        "terms": _terms(clock, step),
        "citation": clock.citation,
        "digest": clock.regime_digest,
        "is_provisional": clock.is_provisional,
    }
    return body | _statutory(clock)


def _terms(clock: StatutoryClock, step: Step) -> str:
    """Return in words when it is due and why."""
    why = step.moved_because
    if clock.due_operational is None:
        return why or str(clock.get_state_display()).lower()
    return f"due {format_at(clock.due_operational)}, {clock.rule or why}"


def _moved(step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {"reason": step.moved_because, "digest": step.after.digest}
    if step.before and step.before.due_operational:
        body["old_due_at"] = format_at(step.before.due_operational)
    if step.after.due_statutory_latest:
        body["latest_at"] = format_at(step.after.due_statutory_latest)
    return body


def _statutory(clock: StatutoryClock) -> dict[str, str]:
    latest = clock.due_statutory_latest
    return {"latest_at": format_at(latest)} if latest else {}


def _met(clock: StatutoryClock) -> dict[str, Any]:
    if clock.met_at is None:
        return {}
    body: dict[str, Any] = {"met_at": format_at(clock.met_at)}
    return body | {"late_ms": _late_ms(clock, clock.met_at), "met_by": clock.met_by}


def _late_ms(clock: StatutoryClock, at: datetime) -> int:
    return late_by(clock.due_operational, at=at) // _MILLISECOND


def _record(
    kind: str,
    clock: StatutoryClock,
    name: str,
    body: dict[str, Any],
    *,
    actor: Actor | None = None,
) -> None:
    common: dict[str, Any] = {
        "clock": clock.pk,
        "what": name,
        "regime": clock.regime_id,
        "stage": clock.stage,
    }
    if clock.due_operational is not None:
        common["due_at"] = format_at(clock.due_operational)
    record(
        kind,
        incident=clock.incident,
        organisation_id=clock.organisation_id,
        actor=actor or Actor.system(clock.organisation),
        body={**common, **body},
    )
