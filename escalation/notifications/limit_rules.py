"""How many messages go to one address, and to one provider, in a minute. Free of Django.

Each message pays for a stretch of time; what is paid for may run ahead of now by as many
messages as may go at once. A message that would run further ahead gets an instant of its
own: the urgent the next free one, the others one behind those who wait already. None lies
further ahead than a minute: then it is looked at again, so that nobody waits for long
behind what was cancelled meanwhile.

Of a provider that organisations share each has a share: who was served longest ago comes
next, and each waits behind its own messages only.

>>> from datetime import UTC
>>> start = datetime(2026, 1, 1, tzinfo=UTC)
>>> purse = Purse(Limit(per_minute=60, at_once=1), paid_until=start, booked_until=start)
>>> purse.pay(now=start)
>>> purse.free_at() - start
datetime.timedelta(seconds=1)
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

_MINUTE: Final = timedelta(minutes=1)

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many a minute, and so many of them at once. Requires both >= 1."""

    per_minute: int
    at_once: int

    @property
    def stretch(self) -> timedelta:
        """Return the time that one message pays for."""
        return _MINUTE / self.per_minute


@dataclass(slots=True)
class Purse:
    """What was sent to one address or provider, as the instant until which it is paid.

    `booked_until` is the last instant that was given to a message that waits. One that
    is `of` another is a share of it: the other says what may go.
    """

    limit: Limit
    paid_until: datetime
    booked_until: datetime
    of: "Purse | None" = None
    urgent_until: datetime | None = None
    """The last instant given to an urgent one just now."""

    def free_at(self) -> datetime:
        """Return from when on the next message may go."""
        if self.of is not None:
            return self.of.free_at()
        return self.paid_until - (self.limit.at_once - 1) * self.limit.stretch

    def pay(self, *, now: datetime) -> None:
        """Count a message that goes now."""
        self.paid_until = max(self.paid_until, now) + self.limit.stretch
        if self.of is not None:
            self.of.pay(now=now)

    def book(self, *, is_urgent: bool, now: datetime) -> datetime:
        """Return the instant of a message that must wait."""
        stretch, at = self.limit.stretch, self.free_at()
        latest = max(at, now + _MINUTE)
        if is_urgent:
            last = self.urgent_until
            at = at if last is None else max(at, last + stretch)
            self.urgent_until = min(at, latest)
            return self.urgent_until
        self.booked_until = min(max(at, self.booked_until + stretch), latest)
        return self.booked_until


@dataclass(frozen=True, slots=True)
class Wish(Generic[Name]):
    """A message that is due: which purses it needs, and how it stands in the queue.

    Those that have the last purse in common take turns with all others.
    """

    name: Name
    purses: tuple[str, ...]
    is_urgent: bool
    severity: int


def hold_back(
    wishes: Sequence[Wish[Name]], purses: Mapping[str, Purse], *, now: datetime
) -> dict[Name, datetime]:
    """Let go what the purses allow, and return when the others may: {name: instant}.

    Changes the purses. Urgent messages come first, then those of whoever was served
    longest ago, of these the severe first, then as given.
    """
    later: dict[Name, datetime] = {}
    for wish in _in_turn(wishes, purses):
        needed = [purses[name] for name in wish.purses]
        if all(purse.free_at() <= now for purse in needed):
            for purse in needed:
                purse.pay(now=now)
        else:
            later[wish.name] = _booked(needed, now=now, is_urgent=wish.is_urgent)
    return later


def _in_turn(
    wishes: Sequence[Wish[Name]], purses: Mapping[str, Purse]
) -> Iterator[Wish[Name]]:
    """Yield the wishes in turn, looking anew at what was paid before each."""
    queues: dict[str, deque[Wish[Name]]] = defaultdict(deque)
    for wish in sorted(wishes, key=lambda one: (not one.is_urgent, -one.severity)):
        queues[wish.purses[-1]].append(wish)
    while queues:
        name = min(
            queues,
            key=lambda one: (not queues[one][0].is_urgent, purses[one].paid_until),
        )
        yield queues[name].popleft()
        if not queues[name]:
            del queues[name]


def _booked(purses: Collection[Purse], *, now: datetime, is_urgent: bool) -> datetime:
    full = [purse for purse in purses if purse.free_at() > now]
    return max(purse.book(is_urgent=is_urgent, now=now) for purse in full)
