"""Read, check, write and export how long organisations keep values of the record."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from escalation.worldfile.changes import Changes
from escalation.worldfile.known import Known
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import RetentionSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.errors import BadInput
from incidents.models import Organisation, OrganisationKind, RetentionSchedule
from incidents.retention.classes import ValueClass
from incidents.retention.schedules import (
    MOST_DAYS,
    apply_schedule,
    check_terms,
    spoken_days,
)


def read_retention(table: Table) -> RetentionSpec:
    """Read one schedule; without days it keeps for ever."""
    return RetentionSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        of=table.choice("of", ValueClass.values),
        keep_days=table.level("keep_days", low=0, high=MOST_DAYS, default=0) or None,
    )


def check_retention(world: World, known: Known, problems: Problems) -> None:
    """Note schedules that cannot be."""
    for spec in world.retention_schedules:
        if known.kinds.get(spec.organisation) == OrganisationKind.PLATFORM:
            remedy = "The platform's operator has no incidents. Leave it out."
            problems.add((*spec.path, "organisation"), remedy)
        try:
            check_terms(spec.of, spec.keep_days)
        except BadInput as error:
            problems.add((*spec.path, error.field), error.remedy)


def write_retention(world: World, changes: Changes) -> None:
    """Bring the schedules to what the file says; what it does not say stays."""
    for spec in world.retention_schedules:
        organisation = organisation_of(spec.organisation)
        if apply_schedule(
            organisation, of=spec.of, keep_days=spec.keep_days, now=changes.now
        ):
            said = f"{spec.of} {spoken_days(spec.keep_days)}"
            changes.add("~", f"retention of {organisation.slug}: {said}", organisation)


def retention_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the schedules in force as the file says them."""
    rows = RetentionSchedule.objects.filter(
        organisation__in=chosen, keep_days__isnull=False
    )
    for row in rows.select_related("organisation").order_by("organisation", "of"):
        yield {
            "organisation": row.organisation.slug,
            "of": row.of,
            "keep_days": row.keep_days,
        }
