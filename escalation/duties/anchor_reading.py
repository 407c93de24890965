"""Read an instant as a person writes it, and keep how it was written. Free of Django."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from escalation.regimes.anchors import AnchorError, read_instant

EXACT: Final = "exact"
MINUTE: Final = "minute"
DAY: Final = "day"
_REMEDY: Final = (
    "Write it as 2026-12-25T03:10:00+01:00, without an offset for local time,"
    " or as 2026-12-25 if only the day is known."
)
_SHAPE: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?P<time>T\d\d:\d\d(?P<seconds>:\d\d(\.\d{1,6})?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?)?"
)


@dataclass(frozen=True, slots=True)
class Written:
    """An instant as it is counted, as it was written, and how it was understood.

    `flag` is empty where there was nothing to choose.
    """

    at: datetime
    text: str
    precision: str
    flag: str = ""


def read_written(text: str, *, name: str, zone: str) -> Written:
    """Return what a text says, a local one in that zone. Raises AnchorError.

    >>> read_written("2026-10-25T02:30", name="aware", zone="Europe/Berlin").flag
    'local time that happened twice, the first'
    >>> read_written("2026-10-25", name="aware", zone="Europe/Berlin").at.isoformat()
    '2026-10-24T22:00:00+00:00'
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise AnchorError(name, text, _REMEDY)
    try:
        at, flag = read_instant(text, name=name, zone=_zone(zone, name))
    except OverflowError:
        raise AnchorError(name, text, _REMEDY) from None
    kept = text if shape["offset"] else f"{text} {zone}"
    if shape["time"] is None:
        return Written(at, kept, DAY, flag)
    return Written(at, kept, EXACT if shape["seconds"] else MINUTE, flag)


def flag_of(written: str) -> str:
    """Return how an instant was understood, from what was kept of it."""
    text, _, zone = written.partition(" ")
    if not zone:
        return ""
    try:
        return read_written(text, name="", zone=zone).flag
    except AnchorError:
        return ""


def _zone(zone: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ValueError, KeyError, OSError):
        remedy = f"{zone!r} is no time zone: use one such as Europe/Brussels."
        raise AnchorError(name, zone, remedy) from None
