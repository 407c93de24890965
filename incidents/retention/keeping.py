"""What laws demand to be kept, as the slices say that know the duties."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.retention.due import DueStream


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident that an organisation must keep so many days after its closing.

    None is for as long as the duty lasts.
    """

    incident_id: int
    organisation_id: int
    days: int | None


Keeper = Callable[[Collection[int]], Iterable[Kept]]

_keepers: list[Keeper] = []


def register_keeper(keeper: Keeper) -> None:
    """Have `keeper(incident_ids)` say what must be kept; for ready()."""
    _keepers.append(keeper)


def without_kept(found: Iterable[DueStream], as_of: datetime) -> list[DueStream]:
    """Return what no law keeps beyond the instant, in a statement for each keeper.

    What both sides read is kept when one of them must keep it.
    """
    rows = list(found)
    incidents = {row.incident_id for row in rows if row.incident_id}
    kept: dict[tuple[int, int], list[int | None]] = {}
    for keeper in _keepers if incidents else ():
        for one in keeper(incidents):
            place = (one.incident_id, one.organisation_id)
            kept.setdefault(place, []).append(one.days)
    return [row for row in rows if not _is_kept(row, kept, as_of)]


def _is_kept(
    row: DueStream,
    kept: dict[tuple[int, int], list[int | None]],
    as_of: datetime,
) -> bool:
    if row.incident_id is None or row.closed_at is None:
        return False
    sides = (row.organisation_id, row.agency_id or row.organisation_id)
    return any(
        days is None or row.closed_at + timedelta(days=days) > as_of
        for side in sides
        for days in kept.get((row.incident_id, side), ())
    )
