"""Reads how far the acknowledgements of a batch of runs go, each by its policy's rule."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from escalation.policies.acknowledgement import Given, Standing, standing
from escalation.policies.steps import PolicyPlan
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


def _roles(people: Iterable[int | None]) -> Mapping[tuple[int, int], frozenset[str]]:
    found: dict[tuple[int, int], frozenset[str]] = {}
    rows = Membership.objects.filter(user__in=people, ended_at=None)
    for organisation_id, user_id, role in rows.values_list(
        "organisation_id", "user_id", "role"
    ):
        key = (organisation_id, user_id)
        found[key] = found.get(key, frozenset()) | {role}
    return found
