"""Read the instants that clocks start from, as people write them.

A local time that the clocks skip is refused. Where it happened twice, or only the day is
known, the earliest instant is taken and flagged: a clock may start too early, never late.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of
from escalation.regimes.reading import ANCHORS
from escalation.regimes.regime import SUBMITTED, Regime

_DATE_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class AnchorError(ValueError):
    """An anchor that cannot be used: its name, what was given, and what to do."""

    def __init__(self, field_name: str, value: str, remedy: str) -> None:
        self.field, self.value, self.remedy = field_name, value, remedy
        super().__init__(f"{field_name}: {value!r}: {remedy}")


@dataclass
class ReadAnchors:
    """The instants of each anchor, in the order given, and what was taken for granted."""

    instants: dict[str, list[datetime]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


def read_anchors(
    pairs: Iterable[tuple[str, str]], *, regime: Regime, zone: ZoneInfo
) -> ReadAnchors:
    """Return the instants of `NAME, ISO` pairs. Raises AnchorError."""
    found = ReadAnchors()
    for name, text in pairs:
        _check_name(name, text, regime)
        instant, flag = read_instant(text, name=name, zone=zone)
        found.instants.setdefault(name, []).append(instant)
        if flag:
            found.flags.append(f"{flag}: {name}")
    return found


def read_instant(text: str, *, name: str, zone: ZoneInfo) -> tuple[datetime, str]:
    """Return an instant and how it was understood, empty if there was no choice.

    Raises AnchorError.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        remedy = (
            "Write it as 2026-12-25T03:10:00+01:00, without an offset for local time."
        )
        raise AnchorError(name, text, remedy) from None
    if given.tzinfo is not None:
        return given.astimezone(UTC), ""
    if _DATE_ONLY.fullmatch(text):
        return instant_of(
            given.date(), time(), zone
        ), "date only, from its first instant"
    return _local(given, text, name, zone)


def _local(
    given: datetime, text: str, name: str, zone: ZoneInfo
) -> tuple[datetime, str]:
    early, late = (given.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    first, second = early.utcoffset() or timedelta(), late.utcoffset() or timedelta()
    if first < second:
        remedy = f"The clocks in {zone.key} skip this time: write the offset."
        raise AnchorError(name, text, remedy)
    flag = "local time that happened twice, the first" if first > second else ""
    return early.astimezone(UTC), flag


def _check_name(name: str, text: str, regime: Regime) -> None:
    stage = name.removeprefix(SUBMITTED)
    if name in ANCHORS or (stage != name and regime.stage(stage)):
        return
    stages = (f"{SUBMITTED}{one.id}" for one in regime.stages)
    known = ", ".join((*sorted(ANCHORS), *stages))
    raise AnchorError(f"anchor {name}", text, f"Use one of {known}.")
