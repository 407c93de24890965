"""Destroys disclosures, in the one transaction that records it.

Every stream that loses a value gets an entry that names it, so that whoever holds that
stream alone can check that the loss was lawful.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from django.db import connection

from incidents.custody.places import Place
from incidents.events.actor import Actor
from incidents.events.models import AudienceStream, Pending, Purpose
from incidents.events.pending import SEALER
from incidents.ledger.append import Draft, append, disclosure_context
from incidents.ledger.canonical import JsonValue, open_disclosure
from incidents.ledger.keyring import decrypt, unwrap
from incidents.ledger.models import Disclosure
from incidents.ledger.rows import insert_rows
from incidents.timers.schedule import NewTimer, add_timers

ERASED: Final = "disclosure.erased"
# Due for each entry that names values: who holds copies of them?
RECIPIENTS_TIMER: Final = "erasure.recipients"
_HANDED_OUT: Final = (Purpose.PRIVATE, Purpose.PAIR)

_ERASE: Final = """
SELECT coalesce(sum(tocsin_erase(entry, list)), 0)
  FROM json_to_recordset(%s) AS d (entry bigint, list text)
"""


def erase(
    places: Sequence[Place],
    *,
    basis: str,
    erasure: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> int:
    """Record that the values are erased and destroy them; returns how many there were.

    Requires an open transaction. Locks the streams, so it comes last. PostgreSQL refuses
    it under a legal hold.
    """
    if not places:
        return 0
    by_stream = {
        stream: [place.named() for place in group]
        for stream, group in groupby(sorted(places), key=attrgetter("stream_id"))
    }
    audiences = AudienceStream.objects.in_bulk(list(by_stream))
    event = uuid.uuid4()
    drafts = [
        _draft(
            audiences[stream],
            {"basis": basis, "erased": named, "erasure": str(erasure)},
            event=event,
            actor=actor,
            now=now,
        )
        for stream, named in by_stream.items()
    ]
    ids = append(drafts)
    sides = [audiences[draft.stream_id] for draft in drafts]
    insert_rows(Pending, [_pending(*one) for one in zip(ids, sides, strict=True)])
    add_timers(
        NewTimer(
            RECIPIENTS_TIMER, entry_id, side.organisation_id, now, side.incident_id
        )
        for entry_id, side in zip(ids, sides, strict=True)
        if side.purpose in _HANDED_OUT
    )
    return _destroy(ids)


def read_values(places: Sequence[Place]) -> list[JsonValue]:
    """Return the values at these places."""
    wanted = {(place.entry_id, place.name) for place in places}
    rows = Disclosure.objects.filter(entry__in={entry for entry, _ in wanted})
    found = rows.select_related("entry", "key").order_by("pk")
    return read_rows([row for row in found if (row.entry_id, row.name) in wanted])


def _draft(
    audience: AudienceStream,
    fields: dict[str, Any],
    *,
    event: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> Draft:
    own = (audience.organisation_id, audience.agency_id)
    is_own = own == (actor.organisation_id, None)
    shown = actor.for_own_side() if is_own else actor.for_other_side()
    subjects = {"actor": actor.subject} if is_own and actor.subject else {}
    return Draft(
        stream_id=audience.stream_id,
        kind=ERASED,
        at=now,
        source_event=event,
        fields={"actor": shown, **fields},
        subjects=subjects,
    )


def _pending(entry_id: int, audience: AudienceStream) -> dict[str, Any]:
    return {
        "consumer": SEALER,
        "entry_id": entry_id,
        "kind": ERASED,
        "incident_id": audience.incident_id,
        "organisation_id": audience.organisation_id,
        "agency_id": audience.agency_id,
    }


def _destroy(decisions: Sequence[int]) -> int:
    """Destroy what these entries name; PostgreSQL compares it with their digests."""
    rows = Disclosure.objects.filter(entry__in=decisions, name="erased")
    lists = [
        {"entry": row.entry_id, "list": _text(row)}
        for row in rows.select_related("entry", "key")
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ERASE, [json.dumps(lists)])
        return int(cursor.fetchone()[0])


def read_rows(rows: Sequence[Disclosure]) -> list[JsonValue]:
    """Return the values of these rows. Requires select_related("entry", "key")."""
    return [open_disclosure(_text(row))[1] for row in rows]


def _text(row: Disclosure) -> str:
    context = disclosure_context(row.entry.stream_id, row.entry.seq, row.name)
    return decrypt(unwrap(row.key), row.body, context=context).decode("ascii")
