"""Read, check, write and export witnesses of the log, and the logs that are watched.

They belong to the platform, so a file says them beside its organisations; what a file
leaves out goes on. A log is watched from the head on that the file names; later only its
keys and whether it is watched are read.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet

from escalation.worldfile.changes import Changes, named
from escalation.worldfile.known import Known
from escalation.worldfile.problems import Problems
from escalation.worldfile.quorum import write_quorum
from escalation.worldfile.tables import Table
from escalation.worldfile.world import WatchedLogSpec, WitnessSpec, World
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.models import Organisation, OrganisationKind, WatchedLog, Witness
from incidents.witnessing.editing import (
    LogDraft,
    WitnessDraft,
    add_witness,
    change_log,
    change_witness,
    check_log,
    check_witness,
    named_side,
    read_root,
    watch_log,
)

Row = TypeVar("Row", bound=Model)

_NO_PLATFORM: Final = (
    "Witnesses belong to an organisation of kind platform; name one first."
)


def read_witness(table: Table) -> WitnessSpec:
    """Read one witness."""
    return WitnessSpec(
        path=table.path,
        slug=table.slug("slug"),
        vkey=table.text("vkey"),
        address=table.text("address", default=""),
        organisation=table.slug("organisation", default=""),
        is_active=table.flag("active", default=True),
    )


def read_watched_log(table: Table) -> WatchedLogSpec:
    """Read one log that is watched."""
    return WatchedLogSpec(
        path=table.path,
        origin=table.text("origin"),
        vkeys=table.texts("vkeys"),
        size=table.level("size", low=0, high=2**63 - 1, default=0),
        root=table.text("root", default=""),
        is_active=table.flag("active", default=True),
    )


def check_witnesses(world: World, known: Known, problems: Problems) -> None:
    """Note witnesses and logs that cannot be."""
    paths = [one.path for one in world.witnesses]
    paths += [one.path for one in world.watched_logs]
    paths += [world.quorum.path] if world.quorum else []
    if paths and OrganisationKind.PLATFORM not in known.kinds.values():
        problems.add(paths[0], _NO_PLATFORM)
    keys = dict(Witness.objects.values_list("slug", "vkey"))
    for witness in world.witnesses:
        _check_witness(witness, known, keys, problems)
    for log in world.watched_logs:
        try:
            check_log(_log_draft(log))
        except BadInput as error:
            problems.add((*log.path, error.field), error.remedy)


def _check_witness(
    spec: WitnessSpec, known: Known, keys: Mapping[str, str], problems: Problems
) -> None:
    if spec.organisation and spec.organisation not in known.kinds:
        problems.add((*spec.path, "organisation"), "Name an organisation, or none.")
    if known.kinds.get(spec.organisation) == OrganisationKind.PLATFORM:
        remedy = (
            "An operator's own witness is no witness: name a lab, an agency or none."
        )
        problems.add((*spec.path, "organisation"), remedy)
    if keys.get(spec.slug, spec.vkey) != spec.vkey:
        remedy = "A witness keeps its key: add the new one under another slug."
        problems.add((*spec.path, "vkey"), remedy)
    try:
        check_witness(WitnessDraft(spec.slug, spec.vkey, spec.address))
    except BadInput as error:
        problems.add((*spec.path, error.field), error.remedy)


def write_witnesses(world: World, changes: Changes) -> None:
    """Bring witnesses, their quorum and watched logs to what the file says."""
    if not world.witnesses and not world.watched_logs and not world.quorum:
        return
    platforms = Organisation.objects.filter(kind=OrganisationKind.PLATFORM)
    platform = platforms.order_by("pk")[0]
    actor = Actor.system(platform)
    # A quorum names only witnesses that cosign: it changes after they begin and before
    # others end.
    for witness in world.witnesses:
        if witness.is_active:
            _write_witness(witness, actor, platform, changes)
    write_quorum(world, actor, platform, changes)
    for witness in world.witnesses:
        if not witness.is_active:
            _write_witness(witness, actor, platform, changes)
    for log in world.watched_logs:
        _write_log(log, actor, platform, changes)


def _write_witness(
    spec: WitnessSpec, actor: Actor, platform: Organisation, changes: Changes
) -> None:
    row = Witness.objects.filter(slug=spec.slug).first()
    is_new = row is None
    if row is None:
        side = named_side(spec.organisation)
        draft = WitnessDraft(spec.slug, spec.vkey, spec.address, side)
        row = add_witness(draft, actor=actor, now=changes.now)
    wanted: dict[str, Any] = {"address": spec.address, "is_active": spec.is_active}
    different = {n: v for n, v in wanted.items() if getattr(row, n) != v}
    if different:
        change_witness(row, **wanted, actor=actor, now=changes.now)
    if is_new or different:
        said = [f"{name} {value}" for name, value in different.items()] or ["added"]
        changes.add(
            "+" if is_new else "~", named(f"witness {spec.slug}", said), platform
        )


def _write_log(
    spec: WatchedLogSpec, actor: Actor, platform: Organisation, changes: Changes
) -> None:
    row = WatchedLog.objects.filter(origin=spec.origin).first()
    is_new = row is None
    if row is None:
        row = watch_log(_log_draft(spec), actor=actor, now=changes.now)
    before = (row.vkeys.splitlines(), row.is_active)
    if before != (list(spec.vkeys), spec.is_active):
        change_log(
            row,
            vkeys=spec.vkeys,
            is_active=spec.is_active,
            actor=actor,
            now=changes.now,
        )
    elif not is_new:
        return
    said = f"{len(spec.vkeys)} keys, active {spec.is_active}"
    changes.add("+" if is_new else "~", f"watched log {spec.origin}: {said}", platform)


def _log_draft(spec: WatchedLogSpec) -> LogDraft:
    return LogDraft(spec.origin, spec.vkeys, spec.size, read_root(spec.root))


def witness_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the witnesses as the file says them, where the platform is among these."""
    for row in _where_platform(chosen, Witness.objects.select_related("organisation")):
        yield {
            "slug": row.slug,
            "vkey": row.vkey,
            "address": row.address or None,
            "organisation": row.organisation.slug if row.organisation else None,
            "active": None if row.is_active else False,
        }


def watched_log_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the watched logs, each from the head on that was cosigned last."""
    for row in _where_platform(chosen, WatchedLog.objects.all()):
        yield {
            "origin": row.origin,
            "vkeys": row.vkeys.splitlines(),
            "size": row.size or None,
            "root": b64encode(row.root).decode() if row.size else None,
            "active": None if row.is_active else False,
        }


def _where_platform(
    chosen: Sequence[Organisation], rows: QuerySet[Row]
) -> QuerySet[Row]:
    has_platform = any(one.kind == OrganisationKind.PLATFORM for one in chosen)
    return rows if has_platform else rows.none()
