"""What breaks in a seed, and how often: drawn at its start, then move by move."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.stage import Actor, Order, Stop

# One seed of fifty loses the whole server, and one has a clock that steps.
RESTART_EVERY = 50
RESTART_SEED = 5
CLOCK_STEP_SECONDS = 300.0

_CRASH = {
    Stop.STATEMENT: 0.0015,
    Stop.COMMIT: 0.03,
    Stop.COMMITTED: 0.03,
    Stop.RETURNED: 0.05,
    Stop.SENT: 0.04,
}


def has_clock_steps(seed: int) -> bool:
    """Whether the server's clock jumps in the play of this seed."""
    return seed % RESTART_EVERY == RESTART_SEED


@dataclass
class Faults:
    """The faults of one seed."""

    draw: random.Random
    has_restart: bool = False
    # After how many advances of time the clock jumps.
    clock_steps: frozenset[int] = frozenset()
    advances: int = 0
    crash_factor: float = 1.0
    crashes_left: int = 0
    lost: float = 0.0
    doubled: float = 0.0
    outage: float = 0.0
    beats: int = 1
    restart_in: int = 0
    count: Callable[[str], None] = lambda what: None

    @classmethod
    def of(cls, seed: int, draw: random.Random) -> "Faults":
        """Draw a seed's faults; some seeds have few, some many."""
        is_severe = has_clock_steps(seed)
        return cls(
            draw,
            has_restart=is_severe,
            clock_steps=frozenset(draw.sample(range(1, 15), 4) if is_severe else ()),
            crash_factor=draw.choice((0.0, 1.0, 1.0, 3.0)),
            crashes_left=draw.randint(1, 12),
            lost=draw.choice((0.0, 0.1, 0.5, 1.0)),
            doubled=draw.choice((0.0, 0.1, 0.5)),
            outage=draw.choice((0.0, 0.02, 0.1)),
            beats=draw.choice((1, 1, 2, 3)),
            restart_in=draw.randint(20, 120),
        )

    def order(self, actor: Actor) -> Order:
        """Say whether an actor goes on or dies where it stands."""
        chance = _CRASH.get(actor.stop, 0.0) * self.crash_factor
        if self.crashes_left and self.draw.random() < chance:
            self.crashes_left -= 1
            return Order.CRASH
        return Order.GO

    def rings(self, consumer: str) -> list[str]:
        """Return the tasks that one ring becomes: none, one or two."""
        if self.draw.random() < self.lost:
            self.count("ring lost")
            return []
        if self.draw.random() < self.doubled:
            self.count("ring doubled")
            return [consumer, consumer]
        return [consumer]

    def lateness(self) -> float:
        """Return how late the workers look: mostly at once, after an outage much later."""
        if self.draw.random() < self.outage:
            return self.draw.choice((5.0, 40.0, 400.0))
        return self.draw.choice((0.0, 0.5, 2.0, 6.0))

    def longest_pause(self, limit: float) -> float:
        """Return how long a process may stand still between two transactions."""
        return limit if self.draw.random() < 0.3 else 3.0

    def clock_step(self) -> float:
        """Return by how much the server's clock jumps now; nearly always not at all."""
        self.advances += 1
        if self.advances in self.clock_steps:
            return self.draw.choice((-1, 1)) * CLOCK_STEP_SECONDS
        return 0.0

    def wants_restart(self, open_transactions: list[Actor]) -> bool:
        """Say whether the server dies now, with a transaction open."""
        if not self.has_restart or not open_transactions:
            return False
        self.restart_in -= 1
        if self.restart_in <= 0:
            self.has_restart = False
            return True
        return False
