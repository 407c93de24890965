"""Read on-call schedules and overrides of the file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from escalation.oncall.importing import host_of
from escalation.oncall.models import OverrideMode
from escalation.oncall.reading import ScheduleDraft, ScheduleError, read_schedule
from escalation.worldfile.tables import Table
from escalation.worldfile.world import ImportSpec, OverrideSpec, ScheduleSpec
from incidents.errors import BadInput

_FIELDS: Final = ("name", "zone", "fallback", "rotations")
_IMPORT: Final = '[{ name = "…", url = "https://…" }]'
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = "Write an instant with its offset: 2026-12-24T09:00:00+01:00."


def read_schedule_table(table: Table) -> ScheduleSpec:
    """Read one schedule with its rotations."""
    body = {name: table.raw(name) for name in _FIELDS if table.has(name)}
    try:
        draft = read_schedule(body)
    except ScheduleError as error:
        table.problems.add_within(table.path, f"{error}.")
        draft = ScheduleDraft(name="", zone="UTC")
    return ScheduleSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        draft=draft,
        calendars=tuple(_imports(table)),
    )


def read_override_table(table: Table) -> OverrideSpec:
    """Read one override."""
    return OverrideSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        schedule=table.slug("schedule"),
        start_at=read_instant(table, "start_at"),
        end_at=read_instant(table, "end_at"),
        people=tuple(email.lower() for email in table.texts("people")),
        mode=table.choice("mode", OverrideMode.values, default=OverrideMode.WHOLE),
        replaces=table.email("replaces", default=""),
        reason=table.text("reason", default=""),
    )


def read_instant(table: Table, name: str) -> datetime:
    """Return an instant, written as TOML has it or as a text."""
    value = table.raw(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, datetime) and found.tzinfo is not None:
        return found
    table.problems.add((*table.path, name), f"{value!r} cannot be used. {_INSTANT}")
    return _NEVER


def _imports(table: Table) -> Iterator[ImportSpec]:
    items = table.raw("calendars", default=[])
    path = (*table.path, "calendars")
    if not isinstance(items, list):
        table.problems.add(path, f"{items!r} is no list; write {_IMPORT}.")
        return
    for index, item in enumerate(items):
        inner = Table(item, path=(*path, index), problems=table.problems)
        spec = ImportSpec(name=inner.text("name"), url=inner.text("url"))
        inner.finish()
        try:
            host_of(spec.url)
        except BadInput as error:
            table.problems.add((*path, index, "url"), error.remedy)
        yield spec
