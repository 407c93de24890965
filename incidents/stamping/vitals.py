"""How far, and since when, the log's heads are stamped with the time, for watchers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incidents.stamping.models import TimeStampAuthority

MAX_APART: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class StampVitals:
    """`size` and `said_at` are of the newest stamp; 0 and None while there is none.

    `failing` and `apart` say of an authority why it does not stamp, and by how many
    seconds its clock is before ours when that is over a minute.
    """

    active: tuple[str, ...]
    failing: dict[str, str]
    apart: dict[str, int]
    size: int
    said_at: datetime | None


def measure_stamps() -> StampVitals:
    """Read who stamps, and how they stand."""
    rows = list(TimeStampAuthority.objects.filter(is_active=True).order_by("slug"))
    newest = max(rows, key=lambda row: row.size, default=None)
    return StampVitals(
        active=tuple(row.slug for row in rows),
        failing={row.slug: row.failed_why for row in rows if row.failed_why},
        apart={row.slug: seconds for row in rows if (seconds := seconds_apart(row))},
        size=newest.size if newest else 0,
        said_at=newest.said_at if newest else None,
    )


def seconds_apart(row: TimeStampAuthority) -> int:
    """Return by how much its clock was before ours, 0 when by no more than a minute."""
    if row.said_at is None or row.stamped_at is None:
        return 0
    apart = row.said_at - row.stamped_at
    return round(apart.total_seconds()) if abs(apart) > MAX_APART else 0
