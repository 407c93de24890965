"""Timers of the simulator's own: some are only counted, some raise until healed."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import F

from incidents.models import Tick, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

POISON, COUNT = "simulation.poison", "simulation.count"
_COUNTER = "simulation"
_ZERO = datetime(2025, 1, 1, tzinfo=UTC)


class Poisoned(Exception):
    """What the handler raises."""


@dataclass
class Poison:
    """The handlers of those kinds, for the seed that plays now.

    What they do is no use to do twice: a counter that is kept as an instant.
    """

    is_healed: bool = False
    planned: int = 0
    tell: Callable[[str], None] | None = None

    def register(self) -> None:
        register_handler(POISON, self.handle)
        register_handler(COUNT, self.count)

    def renew(self) -> None:
        """Begin another seed."""
        self.is_healed, self.planned = False, 0
        Tick.objects.update_or_create(consumer=_COUNTER, defaults={"ran_at": _ZERO})

    def heal(self) -> None:
        self.is_healed = True

    def fired(self) -> int:
        """Return how many timers were handled since the last `renew`."""
        counter = Tick.objects.get(consumer=_COUNTER)
        return (counter.ran_at - _ZERO) // timedelta(seconds=1)

    def count(self, timers: Sequence[Timer], now: datetime) -> None:
        counter = Tick.objects.filter(consumer=_COUNTER)
        counter.update(ran_at=F("ran_at") + timedelta(seconds=len(timers)))

    def handle(self, timers: Sequence[Timer], now: datetime) -> None:
        if self.tell:
            self.tell(f"{len(timers)} in hand, {'healed' if self.is_healed else 'bad'}")
        if self.is_healed:
            self.count(timers, now)
        elif timers[0].payload["how"] == "sql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        else:
            raise Poisoned


def plan(
    poison: Poison, organisation_id: int, start: datetime, draw: random.Random
) -> None:
    """Make a seed's timers: a few to be counted, perhaps some that raise."""
    kinds = [COUNT] * 3 + [POISON] * draw.choice((0, 0, 1, 2))
    add_timers(
        NewTimer(
            kind=kind,
            subject_id=number,
            organisation_id=organisation_id,
            due_at=start + timedelta(minutes=draw.choice((1, 5, 20, 30))),
            payload={"how": draw.choice(("raise", "sql"))},
        )
        for number, kind in enumerate(kinds)
    )
    poison.planned = len(kinds)
