"""Grant or refuse more time that a lab asked for: the agency's side.

An agency's word is itself the record: the clock goes by a grant at once.
"""

from datetime import datetime

from escalation.duties.delays.extensions import (
    check_until,
    lock_extension,
    state_of_extension,
)
from escalation.duties.delays.law import checked, limit_of
from escalation.duties.delays.letters import write_to
from escalation.duties.delays.models import Extension, ExtensionState
from escalation.duties.delays.recording import record_extension_act
from escalation.duties.looking import ask_to_look
from escalation.duties.naming import Names
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.ledger.canonical import format_at
from incidents.models import User


def grant_extension(
    row: Extension,
    *,
    until: datetime,
    text: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Extension:
    """Give the lab time until an instant; its clock moves. Locks the incident.

    Raises BadInput, NotPossible.
    """
    with recording(now):
        row = lock_extension(row)
        _require_asked(row)
        check_until(until, row.clock, most_days=row.most_days)
        _answer(row, ExtensionState.GRANTED, text, user=user, now=now, until=until)
        body = {"until": format_at(until), "reason": row.answer}
        _record(row, "extension.granted", body, actor)
        ask_to_look(row.clock.incident_id, row.organisation_id, now)
        _tell(row, "was granted", now)
    return row


def refuse_extension(
    row: Extension, *, text: str, user: User, actor: Actor, now: datetime
) -> Extension:
    """Refuse more time, and say why. Locks the incident. Raises BadInput, NotPossible."""
    with recording(now):
        row = lock_extension(row)
        _require_asked(row)
        _answer(row, ExtensionState.REFUSED, text, user=user, now=now)
        _record(row, "extension.refused", {"reason": row.answer}, actor)
        _tell(row, "was refused", now)
    return row


def _require_asked(row: Extension) -> None:
    if row.state != ExtensionState.REQUESTED:
        message = f"Nothing waits for an answer: {row.get_state_display().lower()}."
        raise NotPossible(message, state=state_of_extension(row))
    limit_of(row.clock)


def _answer(
    row: Extension,
    state: ExtensionState,
    text: str,
    *,
    user: User,
    now: datetime,
    until: datetime | None = None,
) -> None:
    row.state, row.until = state, until
    row.answer = checked("text", text)
    row.answered_by, row.answered_at = user, now
    row.save(update_fields=["state", "until", "answer", "answered_by", "answered_at"])


def _record(row: Extension, kind: str, body: dict[str, str], actor: Actor) -> None:
    record_extension_act(kind, row, body, actor, side=row.agency)


def _tell(row: Extension, word: str, now: datetime) -> None:
    what = Names.load([row.clock]).name_of(row.clock)
    write_to(
        row.organisation,
        row.clock.incident,
        key=f"extension:{row.pk}:{row.state}",
        why=f"More time {word}: {what}.",
        now=now,
    )
