"""Read maintenance windows from the file, and write them for an export."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from escalation.worldfile.schedules import read_instant
from escalation.worldfile.tables import Table
from escalation.worldfile.world import MaintenanceSpec
from incidents.errors import BadInput
from incidents.intake.maintenance import (
    MAX_MINUTES,
    MaintenanceDraft,
    check_maintenance,
)
from incidents.intake.recurrence import RecurrenceError, weekly_cron
from incidents.models import Maintenance, Organisation


def read_window(table: Table) -> MaintenanceSpec:
    """Read one table; what is wrong is noted at its field."""
    slug = table.slug("slug")
    before = len(table.problems.found)
    draft = MaintenanceDraft(
        slug=slug,
        reason=table.text("reason"),
        starts_at=_instant(table, "starts_at"),
        ends_at=_instant(table, "ends_at"),
        cron=_cron(table),
        zone=table.text("zone", default="UTC"),
        minutes=table.level("minutes", low=0, high=MAX_MINUTES, default=0),
    )
    if len(table.problems.found) == before:
        _check(table, draft)
    return MaintenanceSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=slug,
        source=table.slug("source", default=""),
        draft=draft,
    )


def window_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of these organisations' windows that are not over."""
    rows = Maintenance.objects.filter(organisation__in=chosen, ended_at=None)
    in_use = rows.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
    for row in in_use.select_related("organisation", "source").order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "slug": row.slug,
            "source": row.source.slug if row.source else None,
            "reason": row.reason,
            "starts_at": row.starts_at.isoformat() if row.starts_at else None,
            "ends_at": row.ends_at.isoformat() if row.ends_at else None,
            "cron": row.cron or None,
            "zone": row.zone if row.cron else None,
            "minutes": row.minutes or None,
        }


def _instant(table: Table, name: str) -> datetime | None:
    return read_instant(table, name) if table.has(name) else None


def _cron(table: Table) -> str:
    """Read an expression, or a time on weekdays in its place."""
    cron = table.text("cron", default="")
    days, time = table.texts("weekdays"), table.text("time", default="")
    if not days and not time:
        return cron
    if cron:
        remedy = "Leave out cron, or weekdays and time."
        table.problems.add((*table.path, "cron"), f"{cron!r} cannot be used. {remedy}")
        return cron
    try:
        return weekly_cron(list(days), time)
    except RecurrenceError as error:
        _note(table, error.field, error.value, error.remedy)
        return ""


def _check(table: Table, draft: MaintenanceDraft) -> None:
    # The instant only serves to see whether the expression ever comes.
    try:
        check_maintenance(draft, timezone.now())
    except BadInput as error:
        _note(table, error.field, error.value, error.remedy)


def _note(table: Table, field: str, value: object, remedy: str) -> None:
    message = f"{str(value)[:100]!r} cannot be used. {remedy}"
    table.problems.add((*table.path, field), message)
