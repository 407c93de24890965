"""Read the extensions that are in force, for many incidents in one statement."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from escalation.duties.delays.models import IN_FORCE, Extension
from escalation.duties.delays.moving import Extended
from escalation.duties.looking import Place
from escalation.duties.plan import Key


def extensions_of(
    incident_ids: Collection[int],
) -> dict[Place, Mapping[Key, Sequence[Extended]]]:
    """Return what moves the clocks of these incidents, by place and clock."""
    rows = Extension.objects.filter(
        clock__incident__in=incident_ids, state__in=IN_FORCE
    ).select_related("clock")
    found: dict[Place, dict[Key, list[Extended]]] = defaultdict(dict)
    for row in rows.order_by("number"):
        clock = row.clock
        here = found[clock.incident_id, clock.organisation_id]
        key = Key(clock.regime_id, clock.stage, clock.round)
        here.setdefault(key, []).append(extended(row))
    return dict(found)


def extended(row: Extension) -> Extended:
    """Return an extension as `moving` takes it."""
    return Extended(
        number=row.number,
        series=row.series,
        by=row.granted_by,
        citation=row.citation,
        suspends=row.suspends,
        days=row.days or 0,
        until=row.until,
    )
