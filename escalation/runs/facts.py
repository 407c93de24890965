"""Reads what `decide` needs to know, for a batch of runs in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from escalation.policies.steps import NotifyStep, PolicyPlan, Target, parse_policy
from escalation.runs.decide import URGENT_FROM, Facts, Reach, Recipient, is_urgent_step
from escalation.runs.directory import Directory
from escalation.runs.models import Run
from incidents.models import Acknowledgement, Organisation, Share


def load_facts(runs: Sequence[Run], *, now: datetime) -> dict[int, Facts]:
    """Return {run id: facts} at `now`.

    Requires the runs' incidents to be locked, and `incident`, `organisation` and
    `version` loaded.
    """
    batch = _Batch.load(runs, now=now)
    return {run.pk: batch.facts_of(run) for run in runs}


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is read once for all runs of a batch."""

    now: datetime
    plans: Mapping[int, PolicyPlan]
    shares: Mapping[int, set[int]]
    ended_shares: Mapping[int, set[int]]
    acknowledged: set[tuple[int, int]]
    directory: Directory
    agencies: Mapping[int, str]
    # Many runs of one policy reach the same people: worked out once.
    reaches: dict[tuple[int, int, bool, frozenset[int]], Reach] = field(
        default_factory=dict
    )

    @classmethod
    def load(cls, runs: Sequence[Run], *, now: datetime) -> "_Batch":
        bodies = {run.version_id: run.version.body for run in runs}
        plans = {pk: parse_policy(body) for pk, body in bodies.items()}
        shares, ended = _shares_of(runs)
        directory = Directory.load(
            (run.organisation_id, target)
            for run in runs
            for target in targets_of(plans[run.version_id])
        )
        rows = directory.organisations.values()
        agencies = {row.pk: row.slug for row in rows if row.is_agency}
        acknowledged = _acknowledged(runs)
        return cls(now, plans, shares, ended, acknowledged, directory, agencies)

    def facts_of(self, run: Run) -> Facts:
        incident, place = run.incident, (run.incident_id, run.organisation_id)
        shared_with = self.shares[run.incident_id]
        seen_by = frozenset(shared_with | {incident.organisation_id})
        return Facts(
            plan=self.plans[run.version_id],
            is_closed=incident.is_closed,
            is_visible=run.organisation_id in seen_by,
            is_acknowledged=place in self.acknowledged,
            is_owner=run.organisation_id == incident.organisation_id,
            shared_with=self._slugs(shared_with),
            unshared_from=self._slugs(self.ended_shares[run.incident_id]),
            agencies=frozenset(self.agencies.values()),
            severity=incident.severity,
            reach=self._reach(run, seen_by),
            desk=self.directory.desk_of(run.organisation_id, run.organisation.name),
        )

    def _slugs(self, ids: Iterable[int]) -> frozenset[str]:
        return frozenset(self.agencies[pk] for pk in ids if pk in self.agencies)

    def _reach(self, run: Run, seen_by: frozenset[int]) -> Reach:
        severity = run.incident.severity
        is_grave = severity >= URGENT_FROM
        key = (run.organisation_id, run.version_id, is_grave, seen_by)
        if key not in self.reaches:
            self.reaches[key] = reach(
                needed(self.plans[run.version_id], severity),
                run.organisation_id,
                seen_by,
                self.directory,
                now=self.now,
            )
        return self.reaches[key]


def targets_of(plan: PolicyPlan) -> list[Target]:
    """Return whom a plan names, its fallback contact last."""
    found = [
        t for step in plan.steps if isinstance(step, NotifyStep) for t in step.targets
    ]
    return [*found, plan.fallback] if plan.fallback else found


def needed(plan: PolicyPlan, severity: int) -> set[tuple[Target, bool]]:
    """Return the targets whose reach matters at a severity, each with its urgency."""
    wanted = {
        (target, is_urgent_step(step, severity))
        for step in plan.steps
        if isinstance(step, NotifyStep)
        for target in step.targets
    }
    return wanted | ({(plan.fallback, True)} if plan.fallback else set())


def facts_now(
    organisation: Organisation, plan: PolicyPlan, *, severity: int, now: datetime
) -> Facts:
    """Return whom a plan would reach at `now`, for the pages that describe it."""
    directory = Directory.load((organisation.pk, target) for target in targets_of(plan))
    everybody = frozenset(o.pk for o in directory.organisations.values())
    found = reach(
        needed(plan, severity), organisation.pk, everybody, directory, now=now
    )
    return Facts(plan=plan, severity=severity, reach=found)


def reach(
    wanted: Iterable[tuple[Target, bool]],
    organisation_id: int,
    seen_by: frozenset[int],
    directory: Directory,
    *,
    now: datetime,
) -> Reach:
    """Return whom each target reaches; `seen_by` are those who see the incident."""
    return {
        (target, is_urgent): tuple(
            directory.recipients(
                target, organisation_id, seen_by, is_urgent=is_urgent, now=now
            )
        )
        for target, is_urgent in wanted
    }


def names_of(recipients: Iterable[Recipient]) -> list[str]:
    """Return the recipients' names, each once, in their order."""
    return list(dict.fromkeys(recipient.name for recipient in recipients))


def _shares_of(
    runs: Sequence[Run],
) -> tuple[Mapping[int, set[int]], Mapping[int, set[int]]]:
    """Return {incident id: agencies} of the shares that last, and of those that ended."""
    shares: dict[int, set[int]] = defaultdict(set)
    ended: dict[int, set[int]] = defaultdict(set)
    rows = Share.objects.filter(incident__in={run.incident_id for run in runs})
    columns = ("incident_id", "agency_id", "unshared_at")
    for incident_id, agency_id, unshared_at in rows.values_list(*columns):
        (ended if unshared_at else shares)[incident_id].add(agency_id)
    return shares, ended


def _acknowledged(runs: Sequence[Run]) -> set[tuple[int, int]]:
    ids = {run.incident_id for run in runs}
    rows = Acknowledgement.objects.filter(incident__in=ids, ended_at=None)
    return set(rows.values_list("incident_id", "organisation_id"))
