"""Reads what `decide` needs to know, for a batch of runs in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Exists, OuterRef

from escalation.policies.conditions import Circumstances
from escalation.policies.matchers import IncidentFacts
from escalation.policies.mentions import jumps_in, targets_in, targets_of_step
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.step_kinds.raise_severity import RaiseSeverityStep
from escalation.policies.step_kinds.share import ShareStep
from escalation.policies.steps import NotifyStep, PolicyPlan, parse_policy
from escalation.policies.targets import Target
from escalation.runs.acknowledged import Acknowledged
from escalation.runs.actions import Decision
from escalation.runs.directory import Directory
from escalation.runs.models import Run
from escalation.runs.situation import (
    URGENT_FROM,
    Facts,
    Reach,
    Reason,
    Recipient,
    is_urgent_step,
)
from escalation.runs.surroundings import Surroundings
from escalation.runs.turns import hold_turns, save_turns
from incidents.models import Organisation, Share

Reached = tuple[Reach, Mapping[Target, Reason]]


@dataclass(slots=True)
class Batch:
    """What is read once for all runs of a batch; each run's facts are taken from it."""

    now: datetime
    plans: Mapping[int, PolicyPlan]
    shares: dict[int, set[int]]
    ended_shares: Mapping[int, set[int]]
    acknowledged: Acknowledged
    surroundings: Surroundings
    directory: Directory
    agencies: Mapping[int, str]
    # The slugs of the policies in use, by organisation, and of all by id.
    policies: Mapping[int, set[str]]
    policy_slugs: Mapping[int, str]
    # The turns that its runs have taken: {team id: (organisation id, user id)}.
    turns: dict[int, tuple[int, int]] = field(default_factory=dict)
    holds_turns: bool = False
    # Many runs of one policy reach the same people: worked out once.
    _reached: dict[object, Reached] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        runs: Sequence[Run],
        *,
        now: datetime,
        until: datetime | None = None,
    ) -> "Batch":
        """Read what is true at `now`, and for `at` what will be until another instant.

        Requires the runs' incidents to be locked, but to show them, and
        `incident.organisation`, `organisation` and `version` loaded.
        """
        bodies = {run.version_id: run.version.body for run in runs}
        plans = {pk: parse_policy(body) for pk, body in bodies.items()}
        shares, ended = _shares_of(runs)
        directory = Directory.load(
            (
                (run.organisation_id, target)
                for run in runs
                for target in targets_in(plans[run.version_id])
            ),
            now=now,
            until=until,
            owners={run.organisation_id for run in runs},
            authors=_authors(runs),
        )
        rows = directory.organisations.values()
        in_use, slugs = _policies(runs, plans)
        return cls(
            now=now,
            plans=plans,
            shares=shares,
            ended_shares=ended,
            acknowledged=Acknowledged.load(runs, plans.values(), rows),
            surroundings=Surroundings.load(runs, plans, now=now),
            directory=directory,
            agencies={row.pk: row.slug for row in rows if row.is_agency},
            policies=in_use,
            policy_slugs=slugs,
        )

    def at(self, now: datetime) -> "Batch":
        """Return the same at another instant, without reading again."""
        return replace(
            self,
            now=now,
            surroundings=self.surroundings.at(now),
            directory=self.directory.at(now),
            turns={},
            _reached={},
        )

    def facts_of(self, run: Run) -> Facts:
        """Return what is true for one run."""
        incident, plan = run.incident, self.plans[run.version_id]
        shared_with = self.shares[run.incident_id]
        seen_by = frozenset(shared_with | {incident.organisation_id})
        around = self.surroundings.of(run)
        to_see = self._may_share_with(run, plan)
        found, unreached = self._reach(run, plan, seen_by | to_see)
        stands = self.acknowledged.standing_of(run, plan)
        return Facts(
            plan=plan,
            is_closed=incident.is_closed,
            is_visible=run.organisation_id in seen_by,
            is_acknowledged=stands.is_met,
            standing=stands,
            acknowledged_by=self.acknowledged.people_of(run),
            is_owner=run.organisation_id == incident.organisation_id,
            shared_with=self._slugs(shared_with),
            may_share_with=self._slugs(to_see),
            unshared_from=self._slugs(self.ended_shares[run.incident_id]),
            agencies=frozenset(self.agencies.values()),
            around=around,
            reach=found,
            unreached=unreached,
            policies=frozenset(self.policies.get(run.organisation_id, ())),
            came_from=self._came_from(run),
            desk=self.directory.desk_of(run.organisation_id, run.organisation.name),
            authors=self.directory.author(
                run.organisation_id, run.version.made_by_id, now=self.now
            ),
        )

    def hold_turns(self) -> bool:
        """Let nobody else take a turn from now on; returns False if it was so before.

        What was decided until then may rest on turns that others have taken since.
        """
        if self.holds_turns:
            return False
        hold_turns()
        self.directory.people.read_turns()
        self._reached.clear()
        self.holds_turns = True
        return True

    def note_turns(self, run: Run, decision: Decision) -> None:
        """Let the next run of the batch go on after those whose turn was taken."""
        people, owner = self.directory.people, run.organisation_id
        for team, user_id in decision.turns:
            people.take_turn(owner, team, user_id)
            self.turns[people.team_ids[owner, team]] = (owner, user_id)

    def save_turns(self) -> None:
        """Write whose turn it was last."""
        if self.turns:
            save_turns(self.turns)

    def _may_share_with(self, run: Run, plan: PolicyPlan) -> frozenset[int]:
        """Return the agencies with which a step of the plan could share the incident."""
        if run.organisation_id != run.incident.organisation_id:
            return frozenset()
        named = {step.agency for step in plan.steps if isinstance(step, ShareStep)}
        settled = {*self.shares[run.incident_id], *self.ended_shares[run.incident_id]}
        return frozenset(
            pk
            for pk, slug in self.agencies.items()
            if slug in named and pk not in settled
        )

    def _slugs(self, ids: Iterable[int]) -> frozenset[str]:
        return frozenset(self.agencies[pk] for pk in ids if pk in self.agencies)

    def _came_from(self, run: Run) -> frozenset[str]:
        ids = (*run.came_from, run.version.policy_id)
        return frozenset(self.policy_slugs[pk] for pk in ids if pk in self.policy_slugs)

    def _reach(self, run: Run, plan: PolicyPlan, seen_by: frozenset[int]) -> Reached:
        severity = run.incident.severity
        turn = tuple(self.turns.items())
        is_grave = severity >= URGENT_FROM
        key = (run.organisation_id, run.version_id, is_grave, seen_by, turn)
        if key not in self._reached:
            self._reached[key] = reach(
                plan, severity, run.organisation_id, seen_by, self.directory
            )
        return self._reached[key]


def facts_now(
    organisation: Organisation, plan: PolicyPlan, *, severity: int, now: datetime
) -> Facts:
    """Return whom a plan would reach at `now`, for the pages that describe it."""
    directory = Directory.load(
        ((organisation.pk, target) for target in targets_in(plan)), now=now
    )
    everybody = frozenset(o.pk for o in directory.organisations.values())
    found, unreached = reach(plan, severity, organisation.pk, everybody, directory)
    incident = IncidentFacts("", "", severity, "", "")
    return Facts(
        plan=plan,
        around=Circumstances(incident=incident),
        reach=found,
        unreached=unreached,
    )


def reach(
    plan: PolicyPlan,
    severity: int,
    organisation_id: int,
    seen_by: frozenset[int],
    directory: Directory,
) -> Reached:
    """Return whom each target reaches, and why one reaches nobody.

    `seen_by` are those who see the incident.
    """
    found = {
        (target, is_urgent): tuple(
            directory.recipients(
                target,
                organisation_id,
                seen_by,
                is_urgent=is_urgent,
                now=directory.people.now,
            )
        )
        for target, is_urgent in needed(plan, severity)
    }
    unreached = {
        target: directory.why_nobody(target, organisation_id)
        for (target, _), recipients in found.items()
        if not recipients
    }
    return found, unreached


def needed(plan: PolicyPlan, severity: int) -> set[tuple[Target, bool]]:
    """Return the targets whose reach matters at a severity, each with its urgency."""
    levels = {severity}
    levels |= {step.to for step in plan.steps if isinstance(step, RaiseSeverityStep)}
    wanted = {
        (target, pages_urgently(step, level))
        for step in plan.steps
        for target in targets_of_step(step)
        for level in levels
    }
    return wanted | ({(plan.fallback, True)} if plan.fallback else set())


def pages_urgently(step: object, severity: int) -> bool:
    """Tell whether those whom a step tells are told urgently, whatever its kind."""
    if isinstance(step, NotifyStep):
        return is_urgent_step(step, severity)
    return severity >= URGENT_FROM


def names_of(recipients: Iterable[Recipient]) -> list[str]:
    """Return the recipients' names, each once, in their order."""
    return list(dict.fromkeys(recipient.name for recipient in recipients))


def _authors(runs: Sequence[Run]) -> set[tuple[int, int]]:
    """Return (organisation id, user id) of those who wrote the runs' policies."""
    return {
        (run.organisation_id, run.version.made_by_id)
        for run in runs
        if run.version.made_by_id
    }


def _shares_of(
    runs: Sequence[Run],
) -> tuple[dict[int, set[int]], Mapping[int, set[int]]]:
    """Return {incident id: agencies} of the shares that last, and of those that ended."""
    shares: dict[int, set[int]] = defaultdict(set)
    ended: dict[int, set[int]] = defaultdict(set)
    rows = Share.objects.filter(incident__in={run.incident_id for run in runs})
    columns = ("incident_id", "agency_id", "unshared_at")
    for incident_id, agency_id, unshared_at in rows.values_list(*columns):
        (ended if unshared_at else shares)[incident_id].add(agency_id)
    return shares, ended


def _policies(
    runs: Sequence[Run], plans: Mapping[int, PolicyPlan]
) -> tuple[Mapping[int, set[str]], Mapping[int, str]]:
    """Return {organisation id: slugs in use} and {policy id: slug}, if any plan jumps."""
    in_use: dict[int, set[str]] = defaultdict(set)
    slugs: dict[int, str] = {}
    jumping = {r.organisation_id for r in runs if jumps_in(plans[r.version_id])}
    if jumping:
        rows = Policy.objects.filter(organisation__in=jumping)
        approved = PolicyVersion.objects.approved().filter(policy=OuterRef("pk"))
        rows = rows.annotate(is_ready=Exists(approved))
        for policy in rows:
            slugs[policy.pk] = policy.slug
            if policy.is_ready and policy.archived_at is None:
                in_use[policy.organisation_id].add(policy.slug)
    return in_use, slugs
