"""What clocks add to the incident's page and to the lists of incidents."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from escalation.clocks.models import Clock, ClockState
from escalation.clocks.pausing import MAX_REASON, action_for
from escalation.clocks.rendering import render_clocks
from escalation.clocks.showing import GROUPS, ShownClock, shown_clocks
from escalation.clocks.sla import is_overdue
from escalation.clocks.trail import name_of
from incidents.incident.deadlines import Deadline
from incidents.incident.home import SECTION_ROWS, HomePart, HomeSection
from incidents.incident.panels import Due, Part, Seen
from incidents.models import Incident, Organisation, User
from incidents.organisations.roles import allowed_actions


class PauseForm(forms.Form):
    """Why a clock is paused or goes on."""

    reason = forms.CharField(label="Why", max_length=MAX_REASON)


def clocks_panel(seen: Seen) -> Part:
    """Return the clocks of the reader's own organisations, and what is due next."""
    shown = shown_clocks(seen.incident.pk, seen.side_ids, seen.now)
    groups = [
        {
            "name": group,
            "cards": [_card(seen, one) for one in shown if one.group == group],
        }
        for group in GROUPS
    ]
    filled = [group for group in groups if group["cards"]]
    return Part(context={"clocks": filled}, due=_due(shown))


def clocks_mark(seen: Seen) -> str:
    """Return what changes with the clocks: their number, states and due instants."""
    rows = Clock.objects.filter(
        incident=seen.incident, organisation__in=seen.side_ids, is_current=True
    )
    states = rows.order_by("pk").values_list("state", "due_at")
    return ".".join(
        f"{state[:2]}{at.timestamp():.0f}" if at else state[:2] for state, at in states
    )


def overdue_part(person: User, now: datetime) -> HomePart:
    """Return what is overdue for the person's organisations, for the first page."""
    late = _open(person).filter(due_at__lt=now)
    rows = Incident.objects.visible_to(person).filter(pk__in=late.values("incident"))
    ordered = rows.select_related("organisation").order_by("-severity", "-opened_at")
    incidents = list(ordered[:SECTION_ROWS])
    if not incidents:
        return HomePart()
    url = reverse("incident-list") + "?state=all&due=overdue"
    section = HomeSection("Overdue", incidents, "", url=url, url_label="All of them")
    return HomePart(sections=[section])


class ClockDeadlines:
    """Says what is due next, from the clocks of the person's organisations."""

    def next_due(self, person: User) -> Any:
        """Return the next due instant of an incident, as an expression."""
        rows = _open(person).filter(incident=OuterRef("pk"), due_at__isnull=False)
        return Subquery(rows.order_by("due_at").values("due_at")[:1])

    def deadlines(
        self, incident_ids: Collection[int], person: User, now: datetime
    ) -> Mapping[int, Deadline]:
        """Return the soonest of each incident, in one statement."""
        rows = _open(person).filter(incident__in=incident_ids, due_at__isnull=False)
        found: dict[int, Deadline] = {}
        for clock in rows.order_by("-due_at", "-pk"):
            if clock.due_at is not None:
                late = clock.state == ClockState.BREACHED
                late = late or is_overdue(clock.due_at, now)
                found[clock.incident_id] = Deadline(name_of(clock), clock.due_at, late)
        return found

    def clocks(self, incident_id: int, person: User, now: datetime) -> list[Any]:
        """Return the clocks of one incident as the API shows them."""
        own = Organisation.objects.of(person).values_list("pk", flat=True)
        return render_clocks(shown_clocks(incident_id, list(own), now))


CLOCK_DEADLINES: Final = ClockDeadlines()


def _open(person: User) -> QuerySet[Clock]:
    own = Organisation.objects.of(person).values("pk")
    return Clock.objects.filter(organisation__in=own, ended_at=None, is_current=True)


def _due(shown: list[ShownClock]) -> Due | None:
    """Return the soonest deadline, for the first line of the page."""
    coming = [one for one in shown if one.group in GROUPS[:2] and one.clock.due_at]
    if not coming:
        return None
    first = coming[0]
    text = f"{first.name}: overdue since" if first.is_overdue else f"{first.name} by"
    return Due(text, first.clock.due_at)


def _card(seen: Seen, shown: ShownClock) -> dict[str, Any]:
    clock = shown.clock
    roles = seen.roles.get(clock.organisation_id, [])
    kind = clock.organisation.kind
    may = any(action_for(clock) in allowed_actions(role, kind) for role in roles)
    verb = "resume" if shown.by_hand else "pause"
    is_possible = may and (shown.by_hand or shown.can_pause)
    name = f"clock-{verb}-{clock.pk}"
    return {
        "shown": shown,
        "clock": clock,
        "name": name,
        "verb": verb.capitalize() if is_possible else "",
        "url": reverse(f"clock-{verb}", args=[seen.incident.ref, clock.pk]),
        "form": seen.form(name, lambda: PauseForm(auto_id=f"id_{name}_%s")),
    }
