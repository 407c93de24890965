"""Makes, cancels and fires timers. Whoever owns a kind registers its handler in ready()."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.events.doorbell import ring_after_commit
from incidents.ledger.rows import insert_rows
from incidents.timers.models import Timer

Handler = Callable[[Sequence[Timer], datetime], None]

_handlers: dict[str, Handler] = {}


@dataclass(frozen=True, slots=True)
class NewTimer:
    """A timer to be made. `subject_id` is what the kind is about: a run, a question."""

    kind: str
    subject_id: int
    organisation_id: int
    due_at: datetime
    incident_id: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


def register_handler(kind: str, handler: Handler) -> None:
    """Have due timers of this kind handed to `handler(timers, now)`, incidents locked."""
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler:
    """Return the handler of a kind. Raises KeyError when nobody registered one."""
    return _handlers[kind]


def add_timer(
    *,
    kind: str,
    subject_id: int,
    organisation_id: int,
    due_at: datetime,
    incident_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Make one timer; see `add_timers`."""
    timer = NewTimer(
        kind, subject_id, organisation_id, due_at, incident_id, payload or {}
    )
    add_timers([timer])


def add_timers(timers: Iterable[NewTimer]) -> None:
    """Make timers in one statement and ring the loop after commit."""
    rows = [
        {
            "kind": timer.kind,
            "subject_id": timer.subject_id,
            "organisation_id": timer.organisation_id,
            "incident_id": timer.incident_id,
            "due_at": timer.due_at,
            "payload": timer.payload,
            "attempts": 0,
            "last_error": "",
        }
        for timer in timers
    ]
    if rows:
        insert_rows(Timer, rows)
        ring_after_commit("timers")


def cancel_timers(kind: str, subject_ids: Iterable[int]) -> int:
    """Delete the timers of these subjects; returns how many there were."""
    count, _ = Timer.objects.filter(
        kind=kind, subject_id__in=list(subject_ids)
    ).delete()
    return count
