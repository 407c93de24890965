"""Read, check, write and export the quorum of witnesses: one table, and its groups.

It is the platform's. A file that does not name it leaves it as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from escalation.worldfile.changes import Changes
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import QuorumSpec, WitnessGroupSpec, World
from incidents.events.actor import Actor
from incidents.ledger.quorum import (
    COMPUTED,
    BadQuorum,
    GroupDraft,
    QuorumDraft,
    arrange,
)
from incidents.models import Organisation, OrganisationKind, Witness, WitnessQuorum
from incidents.witnessing.own_policy import quorum_of, standing_quorum
from incidents.witnessing.quorums import (
    ALARM_MINUTES,
    MAX_ALARM_MINUTES,
    QuorumSetting,
    set_quorum,
)

_WITHOUT: Final = "No [quorum] names a group. Add one, or leave the groups out."


def read_quorum(document: Mapping[str, Any], problems: Problems) -> QuorumSpec | None:
    """Read the table `[quorum]`, if it is there."""
    if "quorum" not in document:
        return None
    table = Table(document["quorum"], path=("quorum",), problems=problems)
    spec = QuorumSpec(
        path=table.path,
        name=table.slug("name"),
        alarm_minutes=table.level(
            "alarm_minutes", low=1, high=MAX_ALARM_MINUTES, default=ALARM_MINUTES
        ),
    )
    table.finish()
    return spec


def read_witness_group(table: Table) -> WitnessGroupSpec:
    """Read one group; a number of members may stand there as a number."""
    needs = table.raw("needs", default="all")
    if isinstance(needs, bool) or not isinstance(needs, int | str):
        table.problems.add((*table.path, "needs"), "Write all, any or a number.")
        needs = "all"
    name, members = table.slug("name"), table.texts("members")
    return WitnessGroupSpec(
        path=table.path, name=name, needs=str(needs), members=members
    )


def check_quorum(world: World, problems: Problems) -> None:
    """Note what cannot be waited for with the witnesses that there will be."""
    spec, groups = world.quorum, world.witness_groups
    if spec is None and groups:
        problems.add(groups[0].path, _WITHOUT)
    draft = _draft(world) if spec else standing_quorum()
    if draft is None:
        return
    try:
        arrange(draft, _cosigners(world))
    except BadQuorum as error:
        _add(error, world, problems)


def _add(error: BadQuorum, world: World, problems: Problems) -> None:
    message = f"{error.value!r} cannot be used. {error.remedy}"
    match error.place:
        case ("groups", int(index), str(field)) if world.quorum:
            problems.add((*world.witness_groups[index].path, field), message)
        case _ if world.quorum:
            problems.add((*world.quorum.path, "name"), message)
        case _:
            ended = [one for one in world.witnesses if not one.is_active]
            path = (*ended[0].path, "active") if ended else ("witnesses",)
            problems.add(path, f"The quorum that stands does not allow it: {message}")


def _draft(world: World) -> QuorumDraft | None:
    spec, groups = world.quorum, world.witness_groups
    if spec is None or (spec.name == COMPUTED and not groups):
        return None
    return QuorumDraft(
        spec.name, tuple(GroupDraft(one.name, one.needs, one.members) for one in groups)
    )


def _cosigners(world: World) -> set[str]:
    """Return the names of the witnesses that cosign once the file is applied."""
    stored = dict(Witness.objects.values_list("slug", "is_active"))
    stored |= {one.slug: one.is_active for one in world.witnesses}
    return {slug for slug, is_active in stored.items() if is_active}


def write_quorum(
    world: World, actor: Actor, platform: Organisation, changes: Changes
) -> None:
    """Have heads wait for the quorum of the file."""
    spec, row = world.quorum, WitnessQuorum.objects.first()
    if spec is None:
        return
    draft = _draft(world)
    minutes = row.alarm_minutes if row else ALARM_MINUTES
    if (quorum_of(row), minutes) == (draft, spec.alarm_minutes):
        return
    setting = QuorumSetting(draft, spec.alarm_minutes)
    set_quorum(setting, actor=actor, now=changes.now)
    said = f"quorum: {spec.name}, alarm after {spec.alarm_minutes} minutes"
    changes.add("~" if row else "+", said, platform)


def quorum_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the quorum as the file says it, where the platform has set one."""
    row = _exported(chosen)
    if row:
        minutes = row.alarm_minutes
        yield {
            "name": row.quorum,
            "alarm_minutes": None if minutes == ALARM_MINUTES else minutes,
        }


def witness_group_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield its groups."""
    row = _exported(chosen)
    yield from row.groups if row else ()


def _exported(chosen: Sequence[Organisation]) -> WitnessQuorum | None:
    has_platform = any(one.kind == OrganisationKind.PLATFORM for one in chosen)
    return WitnessQuorum.objects.first() if has_platform else None
