"""Lets what stands above say what is due next on incidents, for lists and answers.

Lists belong here, deadlines do not: `config/panels.py` registers who knows them, so that
nothing below imports what lies above it. Each reader hears of their own side's only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from incidents.incident.models import Incident, IncidentQuerySet
from incidents.organisations.models import User

# Where nothing is due: behind everything that is.
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
DUE_CHOICES: Final[list[tuple[str, str]]] = [
    ("overdue", "Overdue"),
    ("hour", "Within an hour"),
    ("day", "Within a day"),
]
_AHEAD: Final = {
    "overdue": timedelta(0),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is due next on one incident."""

    name: str
    at: datetime
    is_overdue: bool


class DeadlineSource(Protocol):
    """Somebody who knows by when things are due."""

    def next_due(self, person: User) -> Any:
        """Return an expression over incidents: the next due instant, or null."""

    def deadlines(
        self, incident_ids: Collection[int], person: User, now: datetime
    ) -> Mapping[int, Deadline]:
        """Return what is due next for the person's side, by incident id."""

    def clocks(self, incident_id: int, person: User, now: datetime) -> list[Any]:
        """Return all clocks of the person's side, as the API shows them."""


_sources: list[DeadlineSource] = []


def add_deadlines(source: DeadlineSource) -> None:
    """Ask this source from now on; called when the app is ready."""
    _sources[:] = [source]


def with_next_due(rows: IncidentQuerySet, person: User) -> IncidentQuerySet:
    """Annotate incidents with `due_at`, NEVER where nothing is due."""
    never = Value(NEVER, output_field=DateTimeField())
    found = [source.next_due(person) for source in _sources]
    return rows.annotate(due_at=Coalesce(*found, never) if found else never)


def due_before(rows: IncidentQuerySet, instant: datetime) -> IncidentQuerySet:
    """Keep what is due before an instant. Requires `with_next_due`."""
    return rows.filter(due_at__lt=instant)  # type: ignore[misc]  # an annotation


def due_within(
    rows: IncidentQuerySet, person: User, choice: str, now: datetime
) -> IncidentQuerySet:
    """Keep what is due for the person's side as one of DUE_CHOICES says."""
    return due_before(with_next_due(rows, person), now + _AHEAD[choice])


def deadlines_of(
    incident_ids: Collection[int], person: User, now: datetime
) -> Mapping[int, Deadline]:
    """Return what is due next for the person's side, by incident id."""
    for source in _sources:
        return source.deadlines(incident_ids, person, now)
    return {}


def attach_deadlines(
    incidents: Collection[Incident], person: User, now: datetime
) -> None:
    """Give each incident its `deadline`, for the rows of a page: what is due next, or None."""
    found = deadlines_of([incident.pk for incident in incidents], person, now)
    for incident in incidents:
        incident.deadline = found.get(incident.pk)  # type: ignore[attr-defined]  # shown beside


def clocks_of(incident_id: int, person: User, now: datetime) -> list[Any]:
    """Return all clocks of the person's side on an incident."""
    for source in _sources:
        return source.clocks(incident_id, person, now)
    return []
