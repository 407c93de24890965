"""Records what happened: inside a transaction, appended in one bulk at its end.

    with recording(now):
        ...change rows...
        record("incident.resolved", incident=incident, organisation_id=..., actor=...,
               body={"reason": "alerts cleared"})

Streams are the last thing locked, so entries are collected and written when the
outermost `recording` ends; an error anywhere in it leaves neither change nor entry.
"""

import threading
import uuid
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.kind import Kind
from incidents.events.kinds import KINDS
from incidents.events.models import Pending
from incidents.events.pending import SEALER, consumers_of
from incidents.events.streams import StreamKey, Streams
from incidents.ledger.append import Draft, append
from incidents.ledger.rows import insert_rows

if TYPE_CHECKING:
    from incidents.incident.models import Incident


class NotRecordable(Exception):
    """An event that `kinds.py` does not know, or a field that it does not declare."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, before it is written to its streams."""

    kind: Kind
    at: datetime
    incident_id: int | None
    owner_id: int | None
    organisation_id: int
    agency_id: int | None
    actor: Actor
    body: Mapping[str, Any]
    subjects: Mapping[str, uuid.UUID]
    is_internal: bool
    by_stream: Mapping[uuid.UUID, Mapping[str, Any]] | None = None
    id: uuid.UUID = field(default_factory=uuid.uuid4)


class _Open(threading.local):
    events: list[Event] | None = None
    now: datetime | None = None


_open = _Open()


@contextmanager
def recording(now: datetime) -> Iterator[None]:
    """Open a transaction whose events are appended together at its end; nested ones join."""
    if _open.events is not None:
        with transaction.atomic(savepoint=False):
            yield
        return
    with transaction.atomic():
        _open.events, _open.now = [], now
        try:
            yield
            _append_events(_open.events)
        finally:
            _open.events, _open.now = None, None


def record(  # noqa: PLR0913  (an event has this many sides)
    kind: str,
    *,
    incident: "Incident | None" = None,
    organisation_id: int,
    actor: Actor,
    body: Mapping[str, Any],
    agency_id: int | None = None,
    subjects: Mapping[str, uuid.UUID] | None = None,
    is_internal: bool = False,
    by_stream: Mapping[uuid.UUID, Mapping[str, Any]] | None = None,
) -> uuid.UUID:
    """Record one event of an organisation; returns its id.

    A shared kind also goes to pair streams: the owner's acts to every open pair (or to
    `agency_id`'s alone), an agency's acts to its own pair. `is_internal` keeps it private.
    `by_stream` gives fields of their own to the streams that it names; others get no entry.
    Of a closed pair what outlives the share goes to the other side's own stream.
    Raises NotRecordable. Requires an open `recording`.
    """
    given = body.keys() | {name for own in (by_stream or {}).values() for name in own}
    declared = _declared(kind, given, (subjects or {}).keys())
    if _open.events is None or _open.now is None:
        raise NotRecordable(f"{kind} was recorded outside `with recording(now)`")
    event = Event(
        kind=declared,
        at=_open.now,
        incident_id=incident.pk if incident else None,
        owner_id=incident.organisation_id if incident else None,
        organisation_id=organisation_id,
        agency_id=agency_id,
        actor=actor,
        body=body,
        subjects=subjects or {},
        is_internal=is_internal,
        by_stream=by_stream,
    )
    _open.events.append(event)
    return event.id


def _declared(kind: str, given: Set[str], personal: Set[str]) -> Kind:
    """Return the kind that declares these fields. Raises NotRecordable."""
    declared = KINDS.get(kind)
    if declared is None:
        raise NotRecordable(f"{kind} is not an event kind; add it to events/kinds.py")
    if undeclared := given - declared.fields:
        raise NotRecordable(f"{kind} does not declare {sorted(undeclared)}")
    if unkept := personal - declared.personal:
        # Under the stream's key it would outlive the erasure of the person.
        raise NotRecordable(f"{kind} does not declare {sorted(unkept)} as personal")
    return declared


def _append_events(events: list[Event]) -> None:
    if not events:
        return
    streams = Streams.load(events)
    drafts: list[Draft] = []
    owners: list[Event] = []
    for event in events:
        for key in streams.keys_for(event):
            stream_id = streams.id_of(key)
            if event.by_stream is None or stream_id in event.by_stream:
                drafts.append(_draft(event, key, stream_id))
                owners.append(event)
    entry_ids = append(drafts)
    _make_pending(owners, entry_ids)


def _draft(event: Event, key: StreamKey, stream_id: uuid.UUID) -> Draft:
    own_side = (key.organisation_id, key.agency_id) == (event.organisation_id, None)
    kept = event.kind.fields if own_side else event.kind.shared or frozenset()
    body = {**event.body, **(event.by_stream or {}).get(stream_id, {})}
    fields = {name: value for name, value in body.items() if name in kept}
    actor = event.actor.for_own_side() if own_side else event.actor.for_other_side()
    subjects = {n: s for n, s in event.subjects.items() if n in fields}
    if own_side and event.actor.subject:
        subjects["actor"] = event.actor.subject
    return Draft(
        stream_id=stream_id,
        kind=event.kind.name,
        at=event.at,
        source_event=event.id,
        fields={"actor": actor, **event.kind.grouped(fields)},
        subjects=subjects,
    )


def _make_pending(events: list[Event], entry_ids: list[int]) -> None:
    """Give the sealer each entry, and each other consumer the event's first entry."""
    rows: list[dict[str, Any]] = []
    seen: set[uuid.UUID] = set()
    for event, entry_id in zip(events, entry_ids, strict=True):
        names = [SEALER]
        if event.id not in seen:
            names += consumers_of(event.kind.name)
            seen.add(event.id)
        rows += [_pending(name, event, entry_id) for name in names]
    insert_rows(Pending, rows)
    for consumer in sorted({row["consumer"] for row in rows} - {SEALER}):
        ring_after_commit(consumer)


def _pending(consumer: str, event: Event, entry_id: int) -> dict[str, Any]:
    return {
        "consumer": consumer,
        "entry_id": entry_id,
        "kind": event.kind.name,
        "incident_id": event.incident_id,
        "organisation_id": event.organisation_id,
        "agency_id": event.agency_id,
    }
