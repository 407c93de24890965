"""Reads what conditions look at: hours, clocks and schedules of a batch of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from escalation.calendars.loading import load_calendars
from escalation.calendars.working_time import WorkingTime
from escalation.clocks.remaining import fractions_left
from escalation.oncall.loading import load_schedules
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.shifts import who
from escalation.policies.conditions import Circumstances
from escalation.policies.matchers import IncidentFacts
from escalation.policies.mentions import (
    asks_for_clocks,
    asks_for_source,
    calendars_in,
    schedules_in,
)
from escalation.policies.steps import PolicyPlan
from escalation.runs.models import Run
from incidents.models import Incident, Source

Key = tuple[int, str]  # organisation id, slug
_Around = tuple[Mapping[str, datetime | None], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """When calendars open next, and on which schedules somebody is on call, at `now`."""

    now: datetime
    calendars: Mapping[Key, WorkingTime]
    schedules: Mapping[Key, SchedulePlan]
    sources: Mapping[int, str]
    # The least percent left, by incident and organisation, as it was when read.
    clocks_left: Mapping[tuple[int, int], int] = field(default_factory=dict)
    _known: dict[int, _Around] = field(default_factory=dict)

    @classmethod
    def load(
        cls, runs: Sequence[Run], plans: Mapping[int, PolicyPlan], *, now: datetime
    ) -> "Surroundings":
        """Read what the plans of these runs ask for; nothing when they ask nothing."""
        calendars: set[Key] = set()
        schedules: set[Key] = set()
        for run in runs:
            plan = plans[run.version_id]
            owner = run.organisation_id
            calendars |= {(owner, slug) for slug in calendars_in(plan)}
            schedules |= {(owner, slug) for slug in schedules_in(plan)}
        sources = {
            run.incident.source_id
            for run in runs
            if asks_for_source(plans[run.version_id]) and run.incident.source_id
        }
        watched = {r.incident_id for r in runs if asks_for_clocks(plans[r.version_id])}
        return cls(
            now,
            load_calendars(calendars),
            load_schedules(schedules, since=now),
            _slugs(sources),
            fractions_left(watched, now) if watched else {},
        )

    def at(self, now: datetime) -> "Surroundings":
        """Return the same at another, later instant, without reading again."""
        return replace(self, now=now, _known={})

    def of(self, run: Run) -> Circumstances:
        """Return what is true around one run."""
        openings, on_call = self._around(run.organisation_id)
        source = self.sources.get(run.incident.source_id or 0, "")
        return Circumstances(
            incident=incident_facts(run.incident, source=source),
            openings=openings,
            on_call=on_call,
            clock_left=self.clocks_left.get((run.incident_id, run.organisation_id)),
        )

    def _around(self, owner: int) -> _Around:
        """Return an organisation's openings and schedules; worked out once."""
        if owner not in self._known:
            openings = {
                slug: calendar.next_opening(self.now)
                for (pk, slug), calendar in self.calendars.items()
                if pk == owner
            }
            on_call = frozenset(
                slug
                for (pk, slug), plan in self.schedules.items()
                if pk == owner and who(plan, self.now)
            )
            self._known[owner] = openings, on_call
        return self._known[owner]


def incident_facts(incident: Incident, *, source: str) -> IncidentFacts:
    """Return what conditions may look at. Needs `organisation` loaded."""
    return IncidentFacts(
        organisation=incident.organisation.slug,
        category=incident.category,
        severity=incident.severity,
        source=source,
        tlp=incident.tlp,
        labels=incident.labels,
    )


def _slugs(sources: set[int]) -> Mapping[int, str]:
    if not sources:
        return {}
    return dict(Source.objects.filter(pk__in=sources).values_list("pk", "slug"))
