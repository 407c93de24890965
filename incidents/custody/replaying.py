"""Erases again what a restored backup brought back.

The list of erasures lies in the record itself; a copy of it is kept outside, because a
backup that is older than an erasure has neither the entry nor the request.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import ProgrammingError, transaction
from psycopg.errors import InsufficientPrivilege

from incidents.custody.erasing import ERASED, erase, read_values
from incidents.custody.models import Erasure, ErasureState
from incidents.custody.places import Place, find_places, places_of_person
from incidents.custody.repeats import clear_incidents, texts_in
from incidents.custody.requests import forget
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.events.models import AudienceStream
from incidents.ledger.models import DataKey, Entry
from incidents.organisations.models import Organisation, User

_BATCH: Final = 500
AGAIN: Final = "again after a restore: "


@dataclass(slots=True)
class Replayed:
    """How many values were destroyed again, and how many a hold keeps."""

    erased: int = 0
    held: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class _Why:
    """By which rule it was erased, and in which request or run, where the list says so."""

    basis: str
    erasure: str


def list_erasures() -> Iterator[dict[str, Any]]:
    """Yield every erased place with its basis, and every erased person."""
    rows = Entry.objects.filter(kind=ERASED).order_by("id")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:_BATCH]):
        fields = read_fields(batch)
        for entry in batch:
            said = fields[entry.pk]
            for named in said.get("erased", []):
                kept = {name: said.get(name, "") for name in ("basis", "erasure")}
                yield {**named, **kept}
        last = batch[-1].pk
    done = Erasure.objects.filter(state=ErasureState.DONE, person__isnull=False)
    for row in done.select_related("person", "organisation").order_by("id"):
        if row.person is not None:
            yield {
                "person": str(row.person.uid),
                "organisation": row.organisation.slug,
                "basis": row.basis,
                "erasure": str(row.uid),
            }


def replay(lines: Iterable[Mapping[str, Any]], *, now: datetime) -> Replayed:
    """Erase whatever of the list is readable here; what is gone stays as it is."""
    done = Replayed()
    people: list[Mapping[str, Any]] = []
    wanted: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for line in lines:
        if "person" in line:
            people.append(line)
        else:
            what = (str(line["basis"]), str(line.get("erasure", "")))
            wanted[(str(line["stream"]), *what)].append(line)
    for (stream, basis, erasure), named in sorted(wanted.items()):
        places = find_places(
            uuid.UUID(stream), {(int(n["seq"]), str(n["field"])) for n in named}
        )
        _again(places, _Why(basis, erasure), done=done, now=now)
    for line in people:
        _person_again(line, done=done, now=now)
    return done


def _again(places: list[Place], why: _Why, *, done: Replayed, now: datetime) -> None:
    audience = (
        AudienceStream.objects.filter(pk__in={place.stream_id for place in places})
        .select_related("organisation", "incident")
        .first()
    )
    if audience is None:
        return
    owner = audience.organisation
    try:
        with transaction.atomic():
            if audience.incident is not None:
                texts = texts_in(read_values(places))
                clear_incidents({audience.incident.pk: texts}, owner)
            done.erased += _erase(places, why, owner=owner, now=now)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        done.held += len(places)


def _person_again(line: Mapping[str, Any], *, done: Replayed, now: datetime) -> None:
    person = User.objects.filter(uid=line["person"]).first()
    owner = Organisation.objects.filter(slug=line["organisation"]).first()
    if person is None or owner is None:
        return
    key = DataKey.objects.filter(owner=person.uid)
    if not person.is_active and not key.exists():
        return
    places = places_of_person(person)
    try:
        with transaction.atomic():
            forget(person, owner)
            why = _Why(str(line["basis"]), str(line.get("erasure", "")))
            done.erased += _erase(places, why, owner=owner, now=now)
            key.delete()
            done.people += 1
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        done.held += len(places)


def _erase(
    places: list[Place], why: _Why, *, owner: Organisation, now: datetime
) -> int:
    is_again = why.basis.startswith(AGAIN)
    return erase(
        places,
        basis=why.basis if is_again else f"{AGAIN}{why.basis}",
        erasure=uuid.UUID(why.erasure) if why.erasure else uuid.uuid4(),
        actor=Actor.system(owner),
        now=now,
    )
