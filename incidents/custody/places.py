"""Names values of the record by their place: which of them an organisation may erase."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, QuerySet

from incidents.custody.models import Erasure
from incidents.events.kind import BODY
from incidents.events.models import AudienceStream, Purpose
from incidents.incident.models import Incident
from incidents.ledger.models import Disclosure
from incidents.organisations.models import Organisation, User

# What proves holds and erasures themselves, and bookkeeping, on which clocks and the
# verifier stand.
NEVER_KINDS: Final = ("hold.", "erasure.", "disclosure.")
NEVER_FIELDS: Final = (BODY,)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One disclosed value: of which entry, under which name, under which key."""

    stream_id: uuid.UUID
    seq: int
    name: str
    entry_id: int
    key_id: int

    def named(self) -> dict[str, Any]:
        """Return the place as the record names it."""
        return {"stream": str(self.stream_id), "seq": self.seq, "field": self.name}


def erasable(
    incident: Incident, organisation: Organisation
) -> QuerySet[Disclosure, Disclosure]:
    """Return the values of the incident that the organisation owns and may erase."""
    streams = AudienceStream.objects.filter(
        incident=incident,
        organisation=organisation,
        purpose__in=[Purpose.PRIVATE, Purpose.PAIR],
    )
    rows = Disclosure.objects.filter(
        entry__stream__in=streams.values("stream_id")
    ).exclude(name__in=NEVER_FIELDS)
    for kind in NEVER_KINDS:
        rows = rows.exclude(entry__kind__startswith=kind)
    return rows


def places_of(erasure: Erasure) -> list[Place]:
    """Return what the erasure still has to destroy, copies in other streams included."""
    if erasure.person is not None:
        return places_of_person(erasure.person)
    if erasure.incident is None:
        return []
    rows = erasable(erasure.incident, erasure.organisation)
    wanted = {_key(named) for named in erasure.fields}
    found = [
        (place, event)
        for place, event in _with_events(rows)
        if (str(place.stream_id), place.seq, place.name) in wanted
    ]
    # One event stands in several of the owner's streams; it is erased in all of them.
    events = {(event, place.name) for place, event in found}
    return [
        place for place, event in _with_events(rows) if (event, place.name) in events
    ]


def places_of_person(person: User) -> list[Place]:
    """Return every value that is encrypted under the person's key."""
    rows = Disclosure.objects.filter(key__owner=person.uid)
    return [place for place, _ in _with_events(rows)]


def find_places(stream: uuid.UUID, named: Collection[tuple[int, str]]) -> list[Place]:
    """Return those of the (seq, name) of a stream that are still readable."""
    rows = Disclosure.objects.filter(
        entry__stream=stream, entry__seq__in={seq for seq, _ in named}
    )
    return [
        place for place, _ in _with_events(rows) if (place.seq, place.name) in named
    ]


def unknown_fields(
    fields: Iterable[Mapping[str, Any]], known: Collection[tuple[str, int, str]]
) -> list[Mapping[str, Any]]:
    """Return those of the fields that are not among the known places."""
    return [named for named in fields if _key(named) not in known]


def keys_of(rows: QuerySet[Disclosure, Disclosure]) -> set[tuple[str, int, str]]:
    """Return the places of the rows, as fields name them."""
    return {(str(p.stream_id), p.seq, p.name) for p, _ in _with_events(rows)}


def _key(named: Mapping[str, Any]) -> tuple[str, int, str]:
    return str(named["stream"]), int(named["seq"]), str(named["field"])


def _with_events(
    rows: QuerySet[Disclosure, Disclosure],
) -> list[tuple[Place, uuid.UUID]]:
    columns = rows.order_by("entry_id", "name").values_list(
        F("entry__stream_id"),
        "entry__seq",
        "name",
        "entry_id",
        "key_id",
        "entry__source_event",
    )
    return [(Place(*place), event) for *place, event in columns]
