"""What labs told an agency, or asked of it, about reports that come later: for its inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from escalation.duties.delays.models import DelayNotice, Extension, ExtensionState
from escalation.duties.models import StatutoryClock
from escalation.duties.naming import Names
from incidents.models import Incident, Organisation, User


@dataclass(frozen=True, slots=True)
class InboxDelay:
    """One notice or request. `is_waiting` where the agency has to answer."""

    incident: Incident
    lab: Organisation
    name: str
    what: str
    until: datetime
    came_at: datetime
    is_waiting: bool

    @property
    def url(self) -> str:
        """Where it is read and answered."""
        return reverse("incident-duties", args=[self.incident.ref]) + "#delays"


def inbox_delays(person: User, *, is_whole: bool) -> list[InboxDelay]:
    """Return what the person's agencies were told and asked: what waits on top.

    Unless whole, only of reports that did not come yet. In three statements.
    """
    notices, requests = _notices(person), _requests(person)
    if not is_whole:
        notices = [row for row in notices if row.clock.is_open]
        requests = [row for row in requests if row.state == ExtensionState.REQUESTED]
    clocks = [row.clock for row in notices] + [row.clock for row in requests]
    names = Names.load(clocks)
    found = [_told(row, names) for row in notices]
    found += [_asked(row, names) for row in requests]
    return sorted(found, key=lambda one: (not one.is_waiting, one.until))


def _notices(person: User) -> Sequence[DelayNotice]:
    rows = DelayNotice.objects.filter(_theirs(person))
    return list(rows.select_related("clock__incident", "organisation").order_by("pk"))


def _requests(person: User) -> Sequence[Extension]:
    rows = Extension.objects.filter(_theirs(person))
    return list(rows.select_related("clock__incident", "organisation").order_by("pk"))


def _theirs(person: User) -> Q:
    """Keep what came to the person's agencies, of incidents that they still see."""
    visible = Incident.objects.visible_to(person).values("pk")
    return Q(agency__in=Organisation.objects.of(person), clock__incident__in=visible)


def _told(row: DelayNotice, names: Names) -> InboxDelay:
    word = "late notice of delay" if row.is_late else "delay notified"
    return _row(row, row.clock, names, word, row.expected_at, row.notified_at)


def _asked(row: Extension, names: Names) -> InboxDelay:
    until = row.until or row.asked_until or row.created_at
    word = f"extension {row.get_state_display().lower()}"
    return _row(row, row.clock, names, word, until, row.created_at)


def _row(
    row: DelayNotice | Extension,
    clock: StatutoryClock,
    names: Names,
    what: str,
    until: datetime,
    came_at: datetime,
) -> InboxDelay:
    waits = isinstance(row, Extension) and row.state == ExtensionState.REQUESTED
    return InboxDelay(
        clock.incident,
        row.organisation,
        names.name_of(clock),
        what,
        until,
        came_at,
        waits,
    )
