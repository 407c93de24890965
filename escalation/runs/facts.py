"""Reads what `decide` needs to know, for a batch of runs in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from escalation.policies.steps import NotifyStep, PolicyPlan, Target, parse_policy
from escalation.runs.decide import Facts, Recipient
from escalation.runs.directory import Directory
from escalation.runs.models import Run
from incidents.models import Acknowledgement, Organisation, Share

Reach = dict[Target, tuple[Recipient, ...]]


def load_facts(runs: Sequence[Run]) -> dict[int, Facts]:
    """Return {run id: facts}.

    Requires the runs' incidents to be locked, and `incident`, `organisation` and
    `version` loaded.
    """
    plans = {run.version_id: parse_policy(run.version.body) for run in runs}
    shares, ended = _shares_of(runs)
    acknowledged = _acknowledged(runs)
    directory = Directory.load(
        (run.organisation_id, target)
        for run in runs
        for target in targets_of(plans[run.version_id])
    )
    agencies = {o.pk: o.slug for o in directory.organisations.values() if o.is_agency}
    # Many runs of one policy reach the same people: worked out once.
    reaches: dict[tuple[int, int, frozenset[int]], Reach] = {}
    facts = {}
    for run in runs:
        plan = plans[run.version_id]
        shared_with = shares[run.incident_id]
        seen_by = frozenset(shared_with | {run.incident.organisation_id})
        key = (run.organisation_id, run.version_id, seen_by)
        if key not in reaches:
            reaches[key] = reach(plan, run.organisation_id, seen_by, directory)
        facts[run.pk] = Facts(
            plan=plan,
            is_closed=run.incident.is_closed,
            is_visible=run.organisation_id in seen_by,
            is_acknowledged=(run.incident_id, run.organisation_id) in acknowledged,
            is_owner=run.organisation_id == run.incident.organisation_id,
            shared_with=frozenset(agencies[pk] for pk in shared_with if pk in agencies),
            unshared_from=frozenset(
                agencies[pk] for pk in ended[run.incident_id] if pk in agencies
            ),
            agencies=frozenset(agencies.values()),
            reach=reaches[key],
            desk=directory.desk_of(run.organisation_id, run.organisation.name),
        )
    return facts


def targets_of(plan: PolicyPlan) -> list[Target]:
    """Return whom a plan names, its fallback contact last."""
    found = [
        t for step in plan.steps if isinstance(step, NotifyStep) for t in step.targets
    ]
    return [*found, plan.fallback] if plan.fallback else found


def reach(
    plan: PolicyPlan,
    organisation_id: int,
    seen_by: frozenset[int],
    directory: Directory,
) -> Reach:
    """Return whom each target of a plan reaches; `seen_by` are those who see the incident."""
    return {
        target: tuple(directory.recipients(target, organisation_id, seen_by))
        for target in targets_of(plan)
    }


def reach_now(organisation: Organisation, plan: PolicyPlan) -> Reach:
    """Return whom a plan would reach now, for the pages that describe it."""
    directory = Directory.load((organisation.pk, target) for target in targets_of(plan))
    everybody = frozenset(o.pk for o in directory.organisations.values())
    return reach(plan, organisation.pk, everybody, directory)


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
