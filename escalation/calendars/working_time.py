"""Count working time: when is a desk open, and when have n hours of work passed.

Opening hours are given on the wall clock of a zone; everything is counted in real time
between instants. On the days on which the clock changes the rule of `wall_clock` holds,
for opening and for closing:

- a desk that opens at 02:30 opens at 03:00 on the night on which 02:00 becomes 03:00;
- a desk open from 02:00 to 02:30 is open once on the night on which that comes twice.

So the order of times never turns around, one opening ends where the next begins, and a
shift from 22:00 to 06:00 lasts 7 or 9 hours on these nights, as it does for the people.

An opening belongs to the day on which it begins. A day off takes away what begins on it:
the night shift of the evening before a holiday is still worked to its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.calendars.days_off import DaysOff
from escalation.calendars.wall_clock import instant_of

# Minutes of the day on which an opening begins, and (past 1440: of the next) ends.
Opening = tuple[int, int]
Week = tuple[tuple[Opening, ...], ...]

MINUTES_OF_DAY = 24 * 60
ROUND_THE_CLOCK: Week = (((0, MINUTES_OF_DAY),),) * 7
# Nothing is looked for further ahead: a calendar closed this long is closed for good.
HORIZON_DAYS = 3 * 366
CLOSING_WITHIN = timedelta(days=40)

_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


class NeverOpen(ValueError):
    """A calendar does not open for long enough within three years."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Opening hours, Monday first, in a zone, with the days off. Instants are UTC."""

    zone: str
    hours: Week
    days_off: DaysOff = DaysOff()  # noqa: RUF009 (frozen)
    # Openings by day; the same for as long as the object lives.
    _openings: dict[date, tuple[tuple[datetime, datetime], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def is_open(self, at: datetime) -> bool:
        """Tell whether work is done at an instant; at closing time it is over."""
        return self.next_opening(at) == at

    def next_opening(self, at: datetime) -> datetime | None:
        """Return `at` when it is open, else when it opens next; None for never."""
        at = at.astimezone(UTC)
        for opens_at, closes_at in self.intervals(at):
            if closes_at > at:
                return max(at, opens_at)
        return None

    def next_closing(self, at: datetime) -> datetime | None:
        """Return when the opening that is under way, or the next one, ends.

        None when it does not end, or none begins, within the days looked at.
        """
        at = at.astimezone(UTC)
        closing: datetime | None = None
        for opens_at, closes_at in self.intervals(at, until=at + CLOSING_WITHIN):
            if closing is not None and opens_at > closing:
                return closing
            if closes_at > at:
                closing = closes_at
        return None

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """Return the first instant at which this much work is done since `start`.

        Requires duration >= 0. Raises NeverOpen.
        """
        start = start.astimezone(UTC)
        if duration <= _NOTHING:
            return start
        left = duration
        for opens_at, closes_at in self.intervals(start):
            begins_at = max(start, opens_at)
            if begins_at + left <= closes_at:
                return begins_at + left
            if closes_at > begins_at:
                left -= closes_at - begins_at
        raise NeverOpen(f"{duration} of work do not fit in {HORIZON_DAYS} days")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`, nothing when it is not later."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        total = _NOTHING
        for opens_at, closes_at in self.intervals(start, until=end):
            lasts = min(end, closes_at) - max(start, opens_at)
            total += max(lasts, _NOTHING)
        return total

    def intervals(
        self, start: datetime, *, until: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield openings in order, without overlap, from a little before `start`.

        One may begin where the one before ended. Goes on a little after `until`, or for
        three years.
        """
        if not any(self.hours):
            return
        day = start.astimezone(ZoneInfo(self.zone)).date() - _DAY
        ends_on = (until or start).astimezone(ZoneInfo(self.zone)).date() + _DAY
        if until is None:
            ends_on += HORIZON_DAYS * _DAY
        last_at: datetime | None = None
        while day <= ends_on:
            for opens_at, closes_at in self._on(day):
                if last_at is None or opens_at >= last_at:
                    yield opens_at, closes_at
                    last_at = closes_at
                elif closes_at > last_at:
                    yield last_at, closes_at
                    last_at = closes_at
            day += _DAY

    def _on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the openings that begin on a day."""
        known = self._openings.get(day)
        if known is None:
            known = self._openings[day] = tuple(self._work_out(day))
        return known

    def _work_out(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if self.days_off.name_on(day) is not None:
            return
        zone = ZoneInfo(self.zone)
        for opens, closes in self.hours[day.weekday()]:
            opens_at = _instant(day, opens, zone)
            closes_at = _instant(day, closes, zone)
            if opens_at < closes_at:
                yield opens_at, closes_at


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, minute = divmod(minute, MINUTES_OF_DAY)
    at = time(minute // 60, minute % 60)
    return instant_of(day + timedelta(days=days), at, zone)
