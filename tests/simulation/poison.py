"""A timer whose handler raises, until it is healed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from incidents.models import Tick, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

KIND = "simulation.poison"
_PREFIX = "poison "


class Poisoned(Exception):
    """What the handler raises."""


@dataclass
class Poison:
    """The handler of that kind, for the seed that plays now."""

    is_healed: bool = False
    planned: int = 0
    tell: Callable[[str], None] | None = None

    def register(self) -> None:
        register_handler(KIND, self.handle)

    def renew(self) -> None:
        """Begin another seed."""
        self.is_healed, self.planned = False, 0
        Tick.objects.filter(consumer__startswith=_PREFIX).delete()

    def heal(self) -> None:
        self.is_healed = True

    def fired(self) -> int:
        """Return how many timers were handled since the last `renew`."""
        return Tick.objects.filter(consumer__startswith=_PREFIX).count()

    def handle(self, timers: Sequence[Timer], now: datetime) -> None:
        if self.tell:
            self.tell(f"{len(timers)} in hand, {'healed' if self.is_healed else 'bad'}")
        if self.is_healed:
            # A second firing of the same timer would break the key.
            Tick.objects.bulk_create(
                Tick(consumer=f"{_PREFIX}{timer.pk}", ran_at=now) for timer in timers
            )
        elif timers[0].payload["how"] == "sql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        else:
            raise Poisoned


def poison_timer(
    organisation_id: int, incident_id: int | None, due_at: datetime, how: str
) -> None:
    add_timers(
        [
            NewTimer(
                kind=KIND,
                subject_id=1,
                organisation_id=organisation_id,
                incident_id=incident_id,
                due_at=due_at,
                payload={"how": how},
            )
        ]
    )
