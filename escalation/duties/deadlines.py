"""Say what is due next on incidents: by policies and by law, for lists and answers."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least
from django.urls import reverse

from escalation.clocks.panels import CLOCK_DEADLINES
from escalation.duties.clock_rendering import render_duties
from escalation.duties.models import DutyState, StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.overdue import is_overdue
from escalation.duties.showing import shown_duties
from incidents.incident.deadlines import Deadline
from incidents.incident.home import SECTION_ROWS, HomePart, HomeSection
from incidents.incident.strip import Strip
from incidents.models import Incident, Organisation, User

SOON: Final = timedelta(days=3)
_OVERDUE: Final = "Reports to authorities are overdue"
_SOON_DUE: Final = "Reports to authorities are due within three days"
_LATER_DUE: Final = "Reports to authorities are due later"


class AllDeadlines:
    """The sooner of what policies and laws want; those of SLA clocks come from theirs."""

    def next_due(self, person: User) -> Any:
        """Return the next due instant of an incident, as an expression."""
        rows = _running(person).filter(incident=OuterRef("pk"))
        by_law = rows.order_by("due_operational").values("due_operational")[:1]
        # PostgreSQL's LEAST passes over nulls.
        return Least(CLOCK_DEADLINES.next_due(person), Subquery(by_law))

    def deadlines(
        self, incident_ids: Collection[int], person: User, now: datetime
    ) -> Mapping[int, Deadline]:
        """Return the soonest of each incident, in a fixed number of statements."""
        found = dict(CLOCK_DEADLINES.deadlines(incident_ids, person, now))
        rows = _running(person).filter(incident__in=incident_ids)
        clocks = list(rows.order_by("-due_operational", "-pk"))
        names = Names.load(clocks)
        for clock in clocks:
            due, known = clock.due_operational, found.get(clock.incident_id)
            if due is not None and (known is None or due <= known.at):
                is_late = is_overdue(due, at=now)
                found[clock.incident_id] = Deadline(names.name_of(clock), due, is_late)
        return found

    def clocks(self, incident_id: int, person: User, now: datetime) -> list[Any]:
        """Return all clocks of one incident as the API shows them."""
        own = list(Organisation.objects.of(person).values_list("pk", flat=True))
        by_policy = CLOCK_DEADLINES.clocks(incident_id, person, now)
        return [*by_policy, *render_duties(shown_duties(incident_id, own, now))]


ALL_DEADLINES: Final = AllDeadlines()


def reports_part(person: User, now: datetime) -> HomePart:
    """Return on what a report to an authority is due, late ones first, for the first page.

    An incident stands there once; one that is resolved may still owe its reports.
    """
    running = _owed(person)
    # What is due without a date is due now.
    at_once = Q(due_operational__isnull=True)
    soon = running.filter(at_once | Q(due_operational__lt=now + SOON))
    late = running.filter(due_operational__lt=now)
    url = reverse("duty-list")
    found = [
        _section(person, late, f"{url}?state=overdue", _OVERDUE),
        _section(person, soon, url, _SOON_DUE),
        _section(person, running, url, _LATER_DUE),
    ]
    sections = [section for section in found if section.incidents]
    return HomePart(sections=sections, strip=_strip(running, now), rank=40)


def _strip(running: QuerySet[StatutoryClock], now: datetime) -> Strip | None:
    """Return what is said where nothing else is open; None where no report is due."""
    rows = running.select_related("organisation").order_by("due_operational", "pk")
    clock = rows.first()
    if clock is None:
        return None
    count = running.count()
    due = "1 report is" if count == 1 else f"{count} reports are"
    is_late = is_overdue(clock.due_operational, at=now)
    return Strip(
        happening=f"{due} due to authorities.",
        due=f"{Names.load([clock]).name_of(clock)}{_ending(clock, is_late=is_late)}",
        due_at=clock.due_operational,
        move=f"{clock.organisation}: report in time.",
    )


def _ending(clock: StatutoryClock, *, is_late: bool) -> str:
    if clock.due_operational is None:
        return ", due now: the law gives no date"
    return ", overdue" if is_late else ""


def _section(
    person: User, clocks: QuerySet[StatutoryClock], url: str, title: str
) -> HomeSection:
    rows = Incident.objects.visible_to(person).filter(pk__in=clocks.values("incident"))
    ordered = rows.select_related("organisation").order_by("-severity", "-opened_at")
    incidents = list(ordered[:SECTION_ROWS])
    return HomeSection(title, incidents, "", url=url, url_label="All reports")


def _owed(person: User) -> QuerySet[StatutoryClock]:
    """Return what is due, also without a date."""
    own = Organisation.objects.of(person).values("pk")
    states = (DutyState.RUNNING, DutyState.NO_DATE)
    return StatutoryClock.objects.filter(
        organisation__in=own, state__in=states, ended_at=None
    )


def _running(person: User) -> QuerySet[StatutoryClock]:
    return _owed(person).filter(state=DutyState.RUNNING, due_operational__isnull=False)
