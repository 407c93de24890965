"""Reads how far the acknowledgements of a batch of runs go, each by its policy's rule."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from escalation.policies.acknowledgement import Given, Standing, standing
from escalation.policies.steps import PolicyPlan, parse_policy
from escalation.runs.models import Run
from incidents.models import Acknowledgement, Membership, Organisation


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The acknowledgements that stand, by incident."""

    rows: Mapping[int, Sequence[Acknowledgement]]
    roles: Mapping[tuple[int, int], frozenset[str]]
    organisations: Mapping[int, Organisation]

    @classmethod
    def load(
        cls,
        runs: Iterable[Run],
        plans: Iterable[PolicyPlan],
        organisations: Iterable[Organisation],
    ) -> "Acknowledged":
        """Read them, and people's roles if a plan asks for roles."""
        rows: dict[int, list[Acknowledgement]] = defaultdict(list)
        found = Acknowledgement.objects.filter(
            incident__in={run.incident_id for run in runs}, ended_at=None
        )
        for row in found.order_by("pk"):
            rows[row.incident_id].append(row)
        needs_roles = any(plan.acknowledgement.of for plan in plans)
        people = {row.person_id for one in rows.values() for row in one}
        roles = _roles(people - {None}) if needs_roles else {}
        return cls(rows, roles, {row.pk: row for row in organisations})

    def standing_of(self, run: Run, plan: PolicyPlan) -> Standing:
        """Return how far the rule of the run's policy is met."""
        given = [self._given(row, run) for row in self.rows.get(run.incident_id, ())]
        names = {row.slug: row.name for row in self.organisations.values()}
        return standing(plan.acknowledgement, given, names=names)

    def people_of(self, run: Run) -> frozenset[int]:
        """Return who of the run's organisation has acknowledged."""
        return frozenset(
            row.person_id
            for row in self.rows.get(run.incident_id, ())
            if row.organisation_id == run.organisation_id and row.person_id is not None
        )

    def _given(self, row: Acknowledgement, run: Run) -> Given:
        organisation = self.organisations.get(row.organisation_id)
        return Given(
            organisation=organisation.slug if organisation else "",
            is_own=row.organisation_id == run.organisation_id,
            person=row.person_id,
            roles=self.roles.get(
                (row.organisation_id, row.person_id or 0), frozenset()
            ),
        )


def standing_in_words(run: Run, plan: PolicyPlan) -> str:
    """Return how far a run's rule is met, empty for one that needs only one person."""
    if not run.needs_several:
        return ""
    found = Acknowledged.load([run], [plan], Organisation.objects.all())
    return found.standing_of(run, plan).in_words()


def enough_acknowledged(runs: Sequence[Run]) -> set[int]:
    """Return the ids of the runs whose policies' rules of acknowledgement are met.

    Requires `version` loaded.
    """
    bodies = {run.version_id: run.version.body for run in runs}
    plans = {pk: parse_policy(body) for pk, body in bodies.items()}
    organisations = Organisation.objects.all() if _names_any(plans.values()) else ()
    found = Acknowledged.load(runs, plans.values(), organisations)
    return {
        run.pk for run in runs if found.standing_of(run, plans[run.version_id]).is_met
    }


def _names_any(plans: Iterable[PolicyPlan]) -> bool:
    return any(plan.acknowledgement.of for plan in plans)


def _roles(people: Iterable[int | None]) -> Mapping[tuple[int, int], frozenset[str]]:
    found: dict[tuple[int, int], frozenset[str]] = {}
    rows = Membership.objects.filter(user__in=people, ended_at=None)
    for organisation_id, user_id, role in rows.values_list(
        "organisation_id", "user_id", "role"
    ):
        key = (organisation_id, user_id)
        found[key] = found.get(key, frozenset()) | {role}
    return found
