"""One organisation's policies over time: read once, then asked at any instant."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalation.notifications.rules import changes_between
from escalation.oncall.shifts import next_shift, shifts
from escalation.policies.mentions import jumps_in
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.steps import PolicyPlan
from escalation.policies.versions import versions_in_force
from escalation.runs.facts import Batch
from escalation.runs.models import Run
from escalation.runs.simulation.world import Subject, imagined_incident
from escalation.runs.situation import Facts
from incidents.models import Organisation

# Paths that start late in the stretch look at the world until here behind it.
_BEHIND = timedelta(days=3)


@dataclass(slots=True)
class PolicyTimeline:
    """The policies of an organisation between two instants."""

    side: Organisation
    subject: Subject
    versions: Mapping[str, PolicyVersion]
    batch: Batch
    changes: tuple[datetime, ...]
    _batches: dict[int, Batch] = field(default_factory=dict)
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
        batch = Batch.load(runs, now=start, until=until, lock_turns=False)
        changes = tuple(sorted(set(_changes(batch, start, until))))
        return cls(side, subject, versions, batch, changes)

    def plan(self, policy: str) -> PolicyPlan:
        """Return what a policy says."""
        return self.batch.plans[self.versions[policy].pk]

    def facts(self, policy: str, severity: int, at: datetime) -> Facts:
        """Return the facts for an incident of that severity."""
        number = bisect_right(self.changes, at)
        key = (policy, severity, number)
        if key not in self._facts:
            if number not in self._batches:
                self._batches[number] = self.batch.at(at)
            batch = self._batches[number]
            incident = imagined_incident(self.side, self.subject, severity, at)
            run = Run(
                pk=-1,
                incident=incident,
                organisation=self.side,
                version=self.versions[policy],
                came_from=[],
            )
            self._facts[key] = batch.facts_of(run)
        return self._facts[key]

    def next_change(self, policy: str, at: datetime) -> datetime | None:
        """Return the first later instant at which the facts may differ."""
        number = bisect_right(self.changes, at)
        return self.changes[number] if number < len(self.changes) else None

    def severity_classes(self, policy: str) -> list[list[int]]:
        """Return the severities in groups for which the policy does the same."""
        plan = self.plan(policy)
        if jumps_in(plan) or _mentions_severity(plan):
            return [[severity] for severity in range(6)]
        return [[0, 1, 2, 3], [4, 5]]


def _mentions_severity(plan: PolicyPlan) -> bool:
    fields = {
        condition.field
        for step in plan.steps
        for condition in getattr(step, "when", ())
    }
    kinds = {step.kind for step in plan.steps}
    return "severity" in fields or "raise_severity" in kinds


def _changes(batch: Batch, start: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the instants at which something that facts hold may change."""
    people = batch.directory.people
    for plan in (*people.schedules.values(), *batch.surroundings.schedules.values()):
        for shift in shifts(plan, start, until):
            yield from (shift.start, shift.end)
        behind = next_shift(plan, until)
        if behind is not None:
            yield behind.start
    for calendar in batch.surroundings.calendars.values():
        for opens_at, closes_at in calendar.intervals(start, until=until):
            yield from (opens_at, closes_at)
    for rules in batch.directory.rules.values():
        yield from changes_between(rules, start, until)
