"""A slow reference for schedules: it walks along the wall clock, a minute at a time.

It never turns a local time into an instant, which is what the real thing does. It looks
at what the wall clock has shown at most so far, and asks of that alone whose turn it is:
clocks that are set back so show nothing new until they are past where they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.oncall.plan import Mode, OverridePlan, RotationPlan, SchedulePlan, Unit

DAY = 1440
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday
LEAD_DAYS = 60

People = tuple[int, ...]


@dataclass(frozen=True)
class WallClock:
    """What the clock of a zone has shown at most, for each minute of a year and before.

    `shown` counts local minutes since the local `EPOCH`; index 0 is the instant `start`.
    """

    zone: ZoneInfo
    start: datetime
    shown: list[int]

    @classmethod
    def of_year(cls, zone: ZoneInfo, year: int) -> "WallClock":
        start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=LEAD_DAYS)
        end = datetime(year + 1, 1, 1, tzinfo=UTC)
        shown, highest = [], 0
        for number in range((end - start) // timedelta(minutes=1)):
            local = (start + timedelta(minutes=number)).astimezone(zone)
            highest = max(highest, local_minute(local.date(), local.time()))
            shown.append(highest)
        return cls(zone, start, shown)

    def index_of(self, at: datetime) -> int:
        return (at - self.start) // timedelta(minutes=1)


def local_minute(day: date, at: time) -> int:
    return (day - EPOCH.date()).days * DAY + at.hour * 60 + at.minute


def walk(plan: SchedulePlan, clock: WallClock) -> list[People]:
    """Return who is on call in each minute of the clock."""
    lane: list[People] = [()] * len(clock.shown)
    for layer in plan.layers:
        assert isinstance(layer, RotationPlan)
        above = walk_rotation(layer, clock)
        lane = [top or below for top, below in zip(above, lane, strict=True)]
    for override in plan.overrides:
        first = max(0, clock.index_of(override.start))
        last = min(len(lane), clock.index_of(override.end))
        for number in range(first, last):
            lane[number] = overridden(override, lane[number])
    if plan.fallback is not None:
        lane = [people or (plan.fallback,) for people in lane]
    return lane


def walk_rotation(rotation: RotationPlan, clock: WallClock) -> list[People]:
    begins = local_minute(rotation.starts_on, rotation.handoff)
    ends = clock.shown[-1] + 1
    if rotation.ends_on is not None:
        ends = local_minute(rotation.ends_on, rotation.handoff)
    groups, count, open_in = rotation.groups, len(rotation.groups), week_of(rotation)
    if rotation.unit is Unit.DAYS:
        length = rotation.length * DAY
        return [
            groups[(shown - begins) // length % count]
            if begins <= shown < ends and open_in[shown % WEEK]
            else ()
            for shown in clock.shown
        ]
    length = rotation.length * 60
    first = next((n for n, shown in enumerate(clock.shown) if shown >= begins), 0)
    return [
        groups[(number - first) // length % count]
        if begins <= shown < ends and open_in[shown % WEEK]
        else ()
        for number, shown in enumerate(clock.shown)
    ]


def week_of(rotation: RotationPlan) -> Sequence[bool]:
    """Return for each minute of a week whether the rotation is active."""
    opens, closes = rotation.hours or (time(0), time(0))
    begin, end = (at.hour * 60 + at.minute for at in (opens, closes))
    if end <= begin:
        end += DAY
    week = [False] * WEEK
    for weekday in rotation.weekdays:
        for minute in range(begin, end):
            week[(weekday * DAY + minute) % WEEK] = True
    return week


def overridden(override: OverridePlan, people: People) -> People:
    if override.mode is Mode.WHOLE:
        return override.people
    if override.mode is Mode.FILL:
        return people or override.people
    if override.replaces not in people:
        return people
    at = people.index(override.replaces)
    changed = (*people[:at], *override.people, *people[at + 1 :])
    return tuple(dict.fromkeys(changed))
