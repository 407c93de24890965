"""Record who may read anonymous reports, and tell those who may that it has changed.

Who looks on is a safeguard only if the others notice: so nobody is added in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.organisations.models import Organisation, User
from incidents.timers.schedule import add_timer

READERS_TIMER: Final = "report.readers"


@dataclass(frozen=True, slots=True)
class ReadersChanged:
    """Ids of the people who were added or taken out; without a report: as handlers."""

    organisation_id: int
    report_id: int = 0
    added: Sequence[int] = field(default_factory=list)
    ended: Sequence[int] = field(default_factory=list)


def record_access(
    kind: str, organisation: Organisation, user: User, *, role: str, actor: Actor
) -> None:
    """Record that a person may read, or may no longer. Requires an open recording."""
    record(
        kind,
        organisation_id=organisation.pk,
        actor=actor,
        body={"who": str(user), "role": role},
        subjects={"who": user.uid},
    )


def tell_readers(changed: ReadersChanged, *, actor: Actor, now: datetime) -> None:
    """Have the handlers told at once. Requires an open recording."""
    if not changed.added and not changed.ended:
        return
    by = User.objects.filter(uid=actor.subject).first() if actor.subject else None
    add_timer(
        kind=READERS_TIMER,
        subject_id=changed.organisation_id,
        organisation_id=changed.organisation_id,
        due_at=now,
        payload={
            "report": changed.report_id,
            "added": list(changed.added),
            "ended": list(changed.ended),
            "by": by.pk if by else 0,
        },
    )
