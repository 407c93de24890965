"""Reads what conditions look at: hours, clocks and schedules of a batch of runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.calendars.loading import load_calendars
from escalation.oncall.loading import load_schedules
from escalation.oncall.shifts import who
from escalation.policies.conditions import Circumstances
from escalation.policies.matchers import IncidentFacts
from escalation.policies.mentions import asks_for_source, calendars_in, schedules_in
from escalation.policies.steps import PolicyPlan
from escalation.runs.models import Run
from incidents.models import Incident, Source

Key = tuple[int, str]  # organisation id, slug


@dataclass(frozen=True, slots=True)
class Surroundings:
    """When calendars open next, and on which schedules somebody is on call."""

    openings: Mapping[int, Mapping[str, datetime | None]]
    on_call: Mapping[int, frozenset[str]]
    sources: Mapping[int, str]

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
        return cls(_openings(calendars, now), _on_call(schedules, now), _slugs(sources))

    def of(self, run: Run) -> Circumstances:
        """Return what is true around one run."""
        owner = run.organisation_id
        return Circumstances(
            incident=incident_facts(
                run.incident, source=self.sources.get(run.incident.source_id or 0, "")
            ),
            openings=self.openings.get(owner, {}),
            on_call=self.on_call.get(owner, frozenset()),
        )


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


def _openings(
    wanted: set[Key], now: datetime
) -> Mapping[int, Mapping[str, datetime | None]]:
    found: dict[int, dict[str, datetime | None]] = {}
    for (owner, slug), calendar in load_calendars(wanted).items():
        found.setdefault(owner, {})[slug] = calendar.next_opening(now)
    return found


def _on_call(wanted: set[Key], now: datetime) -> Mapping[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for (owner, slug), plan in load_schedules(wanted, since=now).items():
        if who(plan, now):
            found[owner] = found.get(owner, frozenset()) | {slug}
    return found
