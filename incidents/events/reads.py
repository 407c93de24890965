"""Records who opened what, before the bytes leave; a read that cannot be recorded fails."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection

from incidents.events.actor import Actor
from incidents.events.record import record, recording

if TYPE_CHECKING:
    from incidents.incident.models import Incident

READ_WINDOW: Final = timedelta(minutes=15)

_MARK = """
INSERT INTO tocsin_read_mark (reader, target, recorded_at)
SELECT %s, target, %s FROM unnest(%s::text[]) AS target
ON CONFLICT (reader, target) DO UPDATE SET recorded_at = excluded.recorded_at
WHERE tocsin_read_mark.recorded_at <= %s
RETURNING target
"""


def record_read(
    *,
    reader: str,
    actor: Actor,
    incident: "Incident | None",
    targets: Sequence[str],
    now: datetime,
) -> None:
    """Commit that the reader opens the targets, once for each in 15 minutes.

    `reader` is "user:<id>" or "token:<id>"; a target is "incident:INC-…",
    "attachment:<uid>", "delivery:<uid>", "source:<uid>" (its last error) or, for lists, "list:<ref>". Call it outside any
    transaction and before the body is sent; when it raises, the read is refused.
    """
    if not targets:
        return
    with recording(now):
        fresh = _mark(reader, sorted(set(targets)), now)
        if fresh:
            record(
                "record.read",
                incident=incident,
                organisation_id=actor.organisation_id,
                actor=actor,
                body={"targets": fresh, "reader": reader},
            )


def _mark(reader: str, targets: Sequence[str], now: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [reader, now, list(targets), now - READ_WINDOW])
        return sorted(row[0] for row in cursor.fetchall())
