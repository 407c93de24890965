"""Write what must give a sign of life."""

from dataclasses import asdict

from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import HeartbeatSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.intake.heartbeats.monitors import (
    change_heartbeat,
    create_heartbeat,
    heartbeat_url,
)
from incidents.models import Heartbeat


def write_heartbeats(world: World, changes: Changes) -> None:
    """Bring the monitors that the file names to what it says."""
    for spec in world.heartbeats:
        _write_heartbeat(spec, changes)


def _write_heartbeat(spec: HeartbeatSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"heartbeat {organisation.slug}/{spec.slug}"
    actor = Actor.system(organisation)
    row = Heartbeat.objects.filter(organisation=organisation, slug=spec.slug).first()
    if row is None:
        row = create_heartbeat(
            organisation, spec.draft, slug=spec.slug, actor=actor, now=changes.now
        )
        changes.add("+", f"{what} ({spec.draft.name})", organisation)
        changes.secrets.append(f"address of {what}: {heartbeat_url(row)}")
        return
    wanted = asdict(spec.draft)
    differences = set_fields(Heartbeat.objects.get(pk=row.pk), wanted)
    if differences:
        change_heartbeat(row, changes=wanted, actor=actor, now=changes.now)
        changes.add("~", named(what, differences), organisation)
