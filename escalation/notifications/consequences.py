"""Make known what became of a message: in the record, and to the run that sent it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escalation.notifications.models import Notification
from escalation.notifications.outbox import entry_fields, recipients_personal
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.timers.schedule import NewTimer, add_timer, add_timers

METHOD_FAILED: Final = "run.method_failed"
NEXT_PLEASE: Final = "run.next_please"


def ask_to_pass_on(row: Notification, *, now: datetime) -> None:
    """Ask the run of a message to go on, because its reader cannot take it."""
    if row.run_id is not None:
        add_timer(
            kind=NEXT_PLEASE,
            subject_id=row.run_id,
            incident_id=row.incident_id,
            organisation_id=row.organisation_id,
            due_at=now,
            payload={"notification": str(row.uid)},
        )


def tell_runs(rows: Iterable[Notification], *, now: datetime) -> None:
    """Tell the runs of these messages that they failed, as timers that are due now."""
    add_timers(
        [
            NewTimer(
                kind=METHOD_FAILED,
                subject_id=row.run_id,
                incident_id=row.incident_id,
                organisation_id=row.organisation_id,
                due_at=now,
                payload={
                    "step": row.step_index,
                    "round": row.round,
                    "notification": str(row.uid),
                },
            )
            for row in rows
            if row.run_id is not None
        ]
    )


def record_outcome(kind: str, row: Notification, *, detail: str = "") -> None:
    """Record what became of a message about an incident; others have no stream."""
    if row.incident is None:
        return
    body: dict[str, object] = {**entry_fields(row), "attempt": row.attempts}
    if detail:
        body["detail"] = detail
    record(
        kind,
        incident=row.incident,
        organisation_id=row.organisation_id,
        actor=Actor.system(row.organisation),
        body=body,
        subjects=recipients_personal(row.recipient_user),
    )
