"""Plays seeds one after another on one server."""

import hashlib
import logging
import random
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from escalation.models import Circuit, Purse
from escalation.notifications.channels import registry
from incidents.events import doorbell
from tests.simulation.channel import CHANNEL, RecordingChannel
from tests.simulation.director import Director
from tests.simulation.faults import Faults
from tests.simulation.invariants import check
from tests.simulation.poison import Poison, plan
from tests.simulation.server import Server
from tests.simulation.told import read_told
from tests.simulation.worlds import EPOCH, make_world

SEEDS_IN_A_DATABASE = 50
# How many messages a minute may go to one address, and to one provider.
_LIMITS = (5, 20)


@dataclass
class Result:
    """What became of one seed. `digest` is the same whenever its moves were the same."""

    seed: int
    wrong: list[str]
    digest: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)


class Player:
    """Plays seeds; holds what they share: the server, the channel, the poison."""

    def __init__(self, server: Server):
        self.server = server
        self.channel = RecordingChannel()
        self.poison = Poison()
        self._played = 0
        registry.CHANNELS[CHANNEL] = self.channel
        self.poison.register()
        settings.SEND_LIMITS = (*settings.SEND_LIMITS, (CHANNEL, *_LIMITS))
        logging.disable(logging.CRITICAL)

    def play(self, seed: int) -> Result:
        """Play one seed and check what it left."""
        started = time.monotonic()
        if self._played % SEEDS_IN_A_DATABASE == 0:
            self.server.use_fresh_database(f"simulation_{seed}")
        self._played += 1
        random.seed(seed)
        draw = random.Random(seed)
        start = EPOCH + timedelta(minutes=draw.randrange(60 * 24 * 7))
        # What a provider did to another seed is no business of this one.
        Circuit.objects.all().delete()
        Purse.objects.all().delete()
        world = make_world(seed, start, draw)
        self.poison.renew()
        plan(self.poison, world.lab.pk, start, draw)
        director = Director(
            world,
            self.server,
            draw,
            Faults.of(seed, draw),
            self.channel,
            self.poison,
            now=start,
        )
        doorbell.ring_with(director)
        try:
            wrong = director.play()
        except RuntimeError:
            wrong = [*director.watch.wrong, traceback.format_exc()]
        director.end()
        doorbell.ring_with(None)
        told = read_told(world)
        wrong += check(world, director.watch, self.poison, told, director.presses)
        if wrong:
            # What a failed seed left behind must not reach the next one.
            self._played = 0
        moves = hashlib.sha256("\n".join(director.moves).encode()).hexdigest()[:16]
        return Result(
            seed,
            wrong,
            moves,
            time.monotonic() - started,
            {**director.counts, "move": len(director.moves)},
            director.trace,
            director.moves,
        )


def summed(results: list[Result]) -> dict[str, int]:
    """Return how often each thing happened in all seeds together."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.counts)
    return dict(sorted(total.items()))
