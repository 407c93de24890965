"""One organisation's policies over time: read once, then asked at any instant."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalation.notifications.rules import changes_between
from escalation.oncall.shifts import next_shift, shifts
from escalation.policies.matchers import IncidentFacts, holds
from escalation.policies.mentions import (
    calendars_in,
    jumps_in,
    schedules_in,
    targets_in,
)
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.step_kinds.assign import AssignStep
from escalation.policies.step_kinds.raise_severity import RaiseSeverityStep
from escalation.policies.steps import IfStep, NotifyStep, PolicyPlan
from escalation.policies.versions import versions_in_force
from escalation.runs.facts import Batch
from escalation.runs.models import Run
from escalation.runs.simulation.world import NO_ROW, Subject, imagined_incident
from escalation.runs.situation import URGENT_FROM, Facts, is_urgent_step
from incidents.incident.severity import SEVERITIES
from incidents.models import Organisation

# Paths that start late in the stretch look at the world until here behind it.
_BEHIND = timedelta(days=3)
# A page is for the next shift's people too, which begins within this.
_NEXT = timedelta(days=60)


@dataclass(slots=True)
class PolicyTimeline:
    """The policies of an organisation between two instants."""

    side: Organisation
    subject: Subject
    versions: Mapping[str, PolicyVersion]
    batch: Batch
    start: datetime
    until: datetime
    _changes: dict[tuple[str, bool], tuple[datetime, ...]] = field(default_factory=dict)
    _runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    _batches: dict[datetime, Batch] = field(default_factory=dict)
    _facts: dict[tuple[str, int, int], Facts] = field(default_factory=dict)

    @classmethod
    def load(
        cls, side: Organisation, subject: Subject, *, start: datetime, end: datetime
    ) -> "PolicyTimeline":
        """Read the policies in force and whatever they mention."""
        policies = Policy.objects.filter(organisation=side, archived_at=None)
        found = versions_in_force([policy.pk for policy in policies])
        versions = {row.policy.slug: row for row in found.values()}
        until = end + _BEHIND
        runs = [
            Run(
                pk=-number,
                incident=imagined_incident(side, subject, subject.severity, start),
                organisation=side,
                version=version,
                came_from=[],
            )
            for number, version in enumerate(versions.values(), start=1)
        ]
        batch = Batch.load(runs, now=start, until=until)
        return cls(side, subject, versions, batch, start, until)

    def plan(self, policy: str) -> PolicyPlan:
        """Return what a policy says."""
        return self.batch.plans[self.versions[policy].pk]

    def facts(self, policy: str, severity: int, at: datetime) -> Facts:
        """Return the facts for an incident of that severity."""
        changes = self._changes_of(policy, severity)
        number = bisect_right(changes, at)
        key = (policy, severity, number)
        if key not in self._facts:
            # Facts hold from the last change on: policies share what is true there.
            since = changes[number - 1] if number else self.start
            if since not in self._batches:
                self._batches[since] = self.batch.at(since)
            run = self._run(policy, severity)
            self._facts[key] = self._batches[since].facts_of(run)
        return self._facts[key]

    def _run(self, policy: str, severity: int) -> Run:
        key = (policy, severity)
        if key not in self._runs:
            self._runs[key] = Run(
                pk=NO_ROW,
                incident=imagined_incident(
                    self.side, self.subject, severity, self.start
                ),
                organisation=self.side,
                version=self.versions[policy],
                came_from=[],
            )
        return self._runs[key]

    def next_change(self, policy: str, severity: int, at: datetime) -> datetime | None:
        """Return the first later instant at which the facts may differ."""
        changes = self._changes_of(policy, severity)
        number = bisect_right(changes, at)
        return changes[number] if number < len(changes) else None

    def severity_classes(self, policy: str) -> list[list[int]]:
        """Return the severities in groups for which the policy does the same."""
        plan = self.plan(policy)
        plans = [plan] if not jumps_in(plan) else list(self.batch.plans.values())
        groups: dict[tuple[bool, ...], list[int]] = {}
        for severity in range(len(SEVERITIES)):
            sort = tuple(part for one in plans for part in _sort_of(one, severity))
            groups.setdefault(sort, []).append(severity)
        return list(groups.values())

    def _changes_of(self, policy: str, severity: int) -> tuple[datetime, ...]:
        """Return the instants at which facts that matter to a policy may change."""
        plan = self.plan(policy)
        plans = [plan] if not jumps_in(plan) else list(self.batch.plans.values())
        minds_quiet = any(_minds_quiet_hours(one, severity) for one in plans)
        key = (policy, minds_quiet)
        if key not in self._changes:
            found = _changes(self.batch, self.side.pk, plans, self.start, self.until)
            quiet = _quiet(self.batch, self.side.pk, plans, self.start, self.until)
            instants = {*found, *(quiet if minds_quiet else ())}
            self._changes[key] = tuple(sorted(instants))
        return self._changes[key]


def _sort_of(plan: PolicyPlan, severity: int) -> Iterator[bool]:
    """Yield what a plan asks about the severity, answered."""
    yield severity >= URGENT_FROM
    incident = IncidentFacts("", "", severity, "", "")
    for step in plan.steps:
        if isinstance(step, RaiseSeverityStep):
            yield severity >= step.to
        if isinstance(step, IfStep):
            asked = [one for one in step.when if one.field == "severity"]
            yield from (holds(one, incident) for one in asked)


def _minds_quiet_hours(plan: PolicyPlan, severity: int) -> bool:
    notify = [step for step in plan.steps if isinstance(step, NotifyStep)]
    others = any(isinstance(step, AssignStep) for step in plan.steps)
    asked = [is_urgent_step(step, severity) for step in notify]
    return not all(asked) or (others and severity < URGENT_FROM)


def _changes(
    batch: Batch,
    owner: int,
    plans: Sequence[PolicyPlan],
    start: datetime,
    until: datetime,
) -> Iterator[datetime]:
    """Yield when shifts change and when hours begin and end."""
    mentioned = {slug for plan in plans for slug in _schedules_of(plan)}
    people, around = batch.directory.people, batch.surroundings
    for (pk, slug), plan in {**around.schedules, **people.schedules}.items():
        if pk != owner or slug not in mentioned:
            continue
        for shift in shifts(plan, start, until):
            yield from (shift.start, shift.end)
        behind = next_shift(plan, until)
        if behind is not None:
            yield behind.start
    calendars = {slug for plan in plans for slug in calendars_in(plan)}
    for (pk, slug), calendar in around.calendars.items():
        if pk == owner and slug in calendars:
            for opens_at, closes_at in calendar.intervals(start, until=until):
                yield from (opens_at, closes_at)


def _quiet(
    batch: Batch,
    owner: int,
    plans: Sequence[PolicyPlan],
    start: datetime,
    until: datetime,
) -> Iterator[datetime]:
    """Yield when quiet hours of people whom the plans may tell begin and end."""
    people = batch.directory.people
    told: set[int] = set()
    for plan in plans:
        for target in targets_in(plan):
            schedule = people.schedules.get((owner, target.value))
            if target.kind in ("schedule", "next_on_call") and schedule is not None:
                for shift in shifts(schedule, start, until + _NEXT):
                    told.update(shift.people)
            else:
                told.update(people.named_by(target, owner))
    for (pk, user_id), rules in batch.directory.rules.items():
        if pk == owner and user_id in told:
            yield from changes_between(rules, start, until)


def _schedules_of(plan: PolicyPlan) -> set[str]:
    targets = targets_in(plan)
    named = {t.value for t in targets if t.kind in ("schedule", "next_on_call")}
    return named | set(schedules_in(plan))
