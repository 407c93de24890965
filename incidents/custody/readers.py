"""Says who has opened an incident, from the access streams of both sides.

A person's own organisation reads names and instants; of the other side organisation and
role, nothing else. An agency does not learn of other agencies.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from incidents.events.feed import ERASED, read_fields
from incidents.events.models import AudienceStream, Purpose
from incidents.incident.models import Incident
from incidents.ledger.models import Entry
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action, Role, can

# So many of the newest readings say which roles of the other side have read it.
_OTHERS_LOOKED_AT: Final = 500
# The words for what was opened, by the part of a target before its first colon.
_WORDS: Final = {
    "incident": "the incident",
    "list": "a list with the incident",
    "attachment": "a file",
    "delivery": "a raw delivery",
    "evidence": "a bundle of evidence",
    "mail": "a mail",
    "report": "the anonymous report",
    "report-file": "a file of the anonymous report",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One opening; `person` is empty where the reader may not know it."""

    at: datetime
    organisation: str
    role: str
    person: str
    what: tuple[str, ...]

    @property
    def in_words(self) -> tuple[str, ...]:
        """Return what was opened as people say it, each once."""
        return tuple(dict.fromkeys(_words(target) for target in self.what))


@dataclass(frozen=True, slots=True)
class OtherReader:
    """A role of the other side that has opened it."""

    organisation: str
    role: str


def may_see_names(user: User, sides: Collection[Organisation]) -> bool:
    """Whether the user may know which colleagues opened it: who may approve."""
    return any(can(user, Action.APPROVE, side) for side in sides)


def readings_of(
    incident: Incident, side_ids: Collection[int]
) -> QuerySet[Entry, Entry]:
    """Return the entries of these organisations' readings of the incident."""
    return _readings(incident, side_ids)


def shown_readings(entries: Iterable[Entry], *, names: bool) -> list[Reading]:
    """Return the readings; without names where the reader may not see colleagues'."""
    rows = list(entries)
    fields = read_fields(rows)
    return [_reading(entry, fields[entry.pk], names=names) for entry in rows]


def other_readers(incident: Incident, side_ids: Collection[int]) -> list[OtherReader]:
    """Return which roles of the other side have opened it, each once."""
    others = _other_sides(incident, side_ids)
    rows = list(_readings(incident, others).order_by("-id")[:_OTHERS_LOOKED_AT])
    fields = read_fields(rows)
    found = {
        (actor.get("organisation", ""), _role(actor))
        for actor in (data.get("actor", {}) for data in fields.values())
    }
    names = dict(Organisation.objects.filter(pk__in=others).values_list("pk", "name"))
    known = set(names.values())
    return [OtherReader(*one) for one in sorted(found) if one[0] in known]


def _readings(
    incident: Incident, organisation_ids: Collection[int]
) -> QuerySet[Entry, Entry]:
    streams = AudienceStream.objects.filter(
        purpose=Purpose.ACCESS, incident=incident, organisation__in=organisation_ids
    )
    return Entry.objects.filter(
        stream__in=streams.values("stream_id"), kind="record.read"
    )


def _other_sides(incident: Incident, side_ids: Collection[int]) -> set[int]:
    """Return the ids of the other side: agencies for the owner, the owner for them."""
    if incident.organisation_id in side_ids:
        agencies = incident.shares.values_list("agency_id", flat=True)
        return set(agencies) - set(side_ids)
    return {incident.organisation_id}


def _reading(entry: Entry, data: dict[str, object], *, names: bool) -> Reading:
    found = data.get("actor")
    actor = found if isinstance(found, dict) else {}
    person = str(actor.get("name", ERASED)) if names else ""
    targets = data.get("targets")
    what = tuple(str(t) for t in targets) if isinstance(targets, list) else ()
    organisation = str(actor.get("organisation", ""))
    return Reading(entry.at, organisation, _role(actor), person, what)


def _words(target: str) -> str:
    """Say what a target is; a filing by its reference, which people know."""
    kind, _, rest = target.partition(":")
    if kind == "filing":
        return f"filing {rest.partition(':')[0]}"
    return _WORDS.get(kind, target)


def _role(actor: dict[str, object]) -> str:
    role = str(actor.get("role", ""))
    return str(Role(role).label) if role in Role.values else role
