"""Write maintenance windows, after the sources that they name."""

from dataclasses import replace

from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import MaintenanceSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.intake.maintenance import (
    change_maintenance,
    columns_of,
    create_maintenance,
)
from incidents.models import Maintenance, Source


def write_windows(world: World, changes: Changes) -> None:
    """Bring the windows that the file names to what it says."""
    for spec in world.maintenance_windows:
        _write_window(spec, changes)


def _write_window(spec: MaintenanceSpec, changes: Changes) -> None:
    """Make or change it, unless it is over: a file may be applied late.

    One that somebody took out of use stays so until the file says something else of it.
    """
    ends_at = spec.draft.ends_at
    if ends_at and ends_at <= changes.now:
        return
    organisation = organisation_of(spec.organisation)
    what = f"maintenance window {organisation.slug}/{spec.slug}"
    actor = Actor.system(organisation)
    sources = Source.objects.filter(organisation=organisation)
    source = sources.get(slug=spec.source) if spec.source else None
    draft = replace(spec.draft, source=source)
    windows = Maintenance.objects.select_related("source")
    row = windows.filter(organisation=organisation, slug=spec.slug).first()
    if row is None:
        create_maintenance(
            organisation, draft, author=None, actor=actor, now=changes.now
        )
        changes.add("+", f"{what} ({draft.reason})", organisation)
        return
    if differences := set_fields(row, columns_of(draft)):
        change_maintenance(row, draft, actor=actor, now=changes.now)
        changes.add("~", named(what, differences), organisation)
