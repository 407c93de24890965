"""Read what must give a sign of life from the file, and write it for an export."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from escalation.worldfile.tables import Table
from escalation.worldfile.world import HeartbeatSpec
from incidents.errors import BadInput
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.intake.heartbeats.monitors import (
    MAX_MINUTES,
    HeartbeatDraft,
    check_heartbeat,
)
from incidents.models import Heartbeat, Organisation


def read_heartbeat(table: Table) -> HeartbeatSpec:
    """Read one table; what is wrong is noted at its field."""
    categories = [code for code, _ in CATEGORY_CHOICES]
    draft = HeartbeatDraft(
        name=table.text("name"),
        is_enabled=table.flag("enabled", default=True),
        period_minutes=table.level(
            "period_minutes", low=0, high=MAX_MINUTES, default=0
        ),
        cron=table.text("cron", default=""),
        zone=table.text("zone", default="UTC"),
        grace_minutes=table.level("grace_minutes", low=0, high=MAX_MINUTES, default=5),
        severity=table.level("severity", low=0, high=SEVERITIES[-1].level, default=2),
        category=table.choice("category", categories, default="AVL"),
        tlp=table.choice("tlp", list(Tlp), default=DEFAULT_TLP.value),
    )
    _check_rhythm(table, draft)
    return HeartbeatSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        draft=draft,
    )


def heartbeat_rows(chosen: Sequence[Organisation]) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of these organisations' monitors."""
    rows = Heartbeat.objects.filter(organisation__in=chosen)
    for row in rows.select_related("organisation").order_by("pk"):
        yield {
            "organisation": row.organisation.slug,
            "slug": row.slug,
            "name": row.name,
            "period_minutes": row.period_minutes or None,
            "cron": row.cron or None,
            "zone": row.zone if row.cron else None,
            "grace_minutes": row.grace_minutes,
            "severity": row.severity,
            "category": row.category,
            "tlp": row.tlp,
            "enabled": None if row.is_enabled else False,
        }


def _check_rhythm(table: Table, draft: HeartbeatDraft) -> None:
    # The instant only serves to see whether the expression ever comes.
    try:
        check_heartbeat({**asdict(draft), "name": "x"}, timezone.now())
    except BadInput as error:
        if error.field in {"period_minutes", "cron", "zone"}:
            message = f"{str(error.value)[:100]!r} cannot be used. {error.remedy}"
            table.problems.add((*table.path, error.field), message)
