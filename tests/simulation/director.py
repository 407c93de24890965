"""Plays one seed: chooses who moves, when time passes, and what breaks.

Time is the schedule's own. It passes when nothing else can happen, and now and then in
between; a lease, which runs by the server's clock, ends by it too (`leases.py`), which
to the production code looks as if that clock had gone on.
"""

import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError

from incidents.models import Incident, Share, Timer
from tests.simulation import acts, handing
from tests.simulation.channel import RecordingChannel, Sent
from tests.simulation.faults import Faults
from tests.simulation.leases import Leases
from tests.simulation.poison import Poison
from tests.simulation.server import Server
from tests.simulation.stage import (
    Actor,
    Crash,
    Job,
    Order,
    Outcome,
    Stage,
    Stop,
    current,
)
from tests.simulation.watch import Try, Watch
from tests.simulation.worlds import Deed, World

MAX_MOVES = 15_000
MAX_LOOKS = 400
ENOUGH_WRONG = 5
_TOO_EARLY = 0.01
# People in a hurry click twice on a button.
_TWICE = 0.3
CONSUMERS = ("intake", "router", "timers", "delivery")
_TASK_OF = {
    **{name: name for name in CONSUMERS},
    "clocks": "router",
    "duties": "router",
}
# Between two transactions a process may stand still for this long, within one briefly.
_PAUSE_SECONDS, _PAUSE_IN_TRANSACTION_SECONDS = 90.0, 2.0

# When something is due next, for each consumer.
_NEXT = """
SELECT
  (SELECT %(now)s FROM tocsin_delivery WHERE organisation_id = ANY(%(ids)s)
      AND state = 'pending' LIMIT 1),
  (SELECT %(now)s FROM tocsin_pending WHERE organisation_id = ANY(%(ids)s)
      AND consumer = ANY('{router,clocks,duties}') LIMIT 1),
  (SELECT min(due_at) FROM tocsin_timer WHERE organisation_id = ANY(%(ids)s)
      AND (%(poison)s OR kind <> 'simulation.poison')),
  (SELECT min(greatest(n.next_attempt_at, c.open_until, c.probe_until,
       %(now)s + make_interval(secs => CASE WHEN n.lease_token IS NULL THEN 0
                                            ELSE coalesce(l.seconds, %(lease)s) END)))
     FROM tocsin_notification n
     LEFT JOIN unnest(%(tokens)s::uuid[], %(left)s::float8[]) AS l (token, seconds)
       ON l.token = n.lease_token
     LEFT JOIN tocsin_circuit c ON c.destination = n.destination
      AND (c.organisation_id IS NULL OR c.organisation_id = n.organisation_id)
    WHERE n.organisation_id = ANY(%(ids)s)
      AND n.status IN ('queued', 'sending', 'unknown'))
"""


Option = tuple[float, Callable[[], None]]


@dataclass
class Director:
    """One schedule."""

    world: World
    server: Server
    draw: random.Random
    faults: Faults
    channel: RecordingChannel
    poison: Poison
    now: datetime
    elapsed: float = 0.0
    stickiness: float = 5.0
    tasks: list[str] = field(default_factory=list)
    workers: list[Actor] = field(default_factory=list)
    webs: list[Actor] = field(default_factory=list)
    last: Actor | None = None
    looks: int = 0
    names: int = 0
    presses: list[handing.Press] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self):
        # Some seeds weave at every statement, some at few.
        grain = self.draw.choice((0.1, 0.3, 1.0))
        self.stage = Stage(self.server.monitor, lambda: self.draw.random() < grain)
        self.watch = Watch(self.server.monitor, self.world)
        self.faults.count = self._count
        self.leases = Leases(list(self.world.organisation_ids))
        self.deeds = list(self.world.deeds)
        self.channel.tell = self._note_try
        self.poison.tell = lambda text: self._say("poison", text)
        self.calls = acts.tasks(self._read_now)
        self.stickiness = self.draw.choice((0.5, 3.0, 12.0))
        for _ in range(self.draw.randint(2, 4)):
            self._hire(self.workers, "worker")
        for _ in range(2):
            self._hire(self.webs, "web")

    # The doorbell

    def add(self, consumer: str) -> None:
        """Hear a ring of a process, unless it is lost."""
        if task := _TASK_OF.get(consumer):
            self.tasks += self.faults.rings(task)

    def add_later(self, consumer: str, at: float) -> None:
        """Forget an alarm: nothing may depend on it."""

    # The schedule

    def play(self) -> list[str]:
        """Run until nothing is left to happen; returns what was wrong."""
        while self._move():
            if len(self.watch.wrong) > ENOUGH_WRONG:
                break
            if len(self.moves) > MAX_MOVES:
                self.watch.wrong.append(f"still not quiet after {MAX_MOVES} moves")
                break
        self.watch.check_tries()
        return self.watch.wrong

    def end(self) -> None:
        """Let the actors go."""
        self.channel.tell = None
        for actor in (*self.workers, *self.webs):
            while actor.stop is not Stop.IDLE and actor.stop is not Stop.DEAD:
                self._settle_blocked()
                if not actor.is_blocked:
                    self.stage.move(actor, Order.CRASH)
            if actor.stop is Stop.IDLE:
                actor.end()

    def _move(self) -> bool:
        """Make one move; tells whether there was one to make."""
        if self.faults.wants_restart(self._open_transactions()):
            self._restart()
            return True
        blocked = [a for a in (*self.workers, *self.webs) if a.is_blocked]
        options = [*self._steps(), *self._beginnings(), *self._impatience(blocked)]
        if not options:
            return self._wait_for_deadlock(blocked) if blocked else self._pass_time()
        options.append((0.01, self._pause))
        weights = [weight for weight, _ in options]
        self.draw.choices([call for _, call in options], weights)[0]()
        return True

    def _steps(self) -> Iterator[Option]:
        for actor in self._standing():
            weight = self.stickiness if actor is self.last else 1.0
            yield weight, partial(self._go_on, actor)

    def _beginnings(self) -> Iterator[Option]:
        if self.tasks and (idle := self._idle(self.workers)):
            yield 1.0, partial(self._begin_task, idle)
        if not self.deeds or not (free := self._idle(self.webs)):
            return
        if self.deeds[0].at <= self.now:
            yield 1.0, partial(self._begin_deed, free)
        elif any(actor in self.workers for actor in self._standing()):
            # People come at the worst of moments: now, while a worker is at it.
            yield _TOO_EARLY * self.stickiness, partial(self._begin_deed, free)

    def _impatience(self, blocked: list[Actor]) -> Iterator[Option]:
        for actor in blocked:
            if actor.has_lock_timeout:
                yield 0.1, partial(self._lose_patience, actor)

    def _go_on(self, actor: Actor) -> None:
        """Move an actor on, or end it here if the seed says so."""
        order = self.faults.order(actor)
        self.moves.append(
            f"{actor.name} {actor.stop.value} {_verb(actor.what)} {order.name}"
        )
        if order is Order.CRASH:
            self._say(actor.name, f"CRASHES {actor.stop.value} ({_short(actor.what)})")
            self._count(f"crash {actor.stop.value}")
        self.last = actor
        self.stage.move(actor, order)
        self._after(actor)
        self._settle_blocked()

    def _after(self, actor: Actor) -> None:
        """Take note of where an actor has come to."""
        if actor.is_blocked:
            self._count("wait for a lock")
            self._say(actor.name, f"waits for a lock ({_short(actor.what)})")
            return
        match actor.stop:
            case Stop.COMMITTED:
                self._look(actor.name, actor.began)
            case Stop.IDLE | Stop.DEAD:
                self._ended(actor)

    def _settle_blocked(self) -> None:
        for actor in (*self.workers, *self.webs):
            if actor.is_blocked and self.stage.settle(actor):
                self._after(actor)

    def _look(self, who: str, began: int) -> None:
        self.watch.look(self.stage.tick, self.elapsed, began)
        for note in self.watch.notes:
            self._say(who, note)
        self.watch.notes.clear()

    def _ended(self, actor: Actor) -> None:
        outcome = actor.outcome
        actor.outcome = None
        if actor.stop is Stop.DEAD:
            staff, kind = (
                (self.workers, "worker")
                if actor in self.workers
                else (self.webs, "web")
            )
            staff.remove(actor)
            self._hire(staff, kind)
        if outcome is None:
            return
        self._count(outcome.job.name.partition(":")[0])
        self._judge(actor.name, outcome)
        if outcome.job.then:
            outcome.job.then(outcome)

    def _judge(self, who: str, outcome: Outcome) -> None:
        error = outcome.error
        if error is None:
            self._say(who, f"{outcome.job.name} ends: {_short(str(outcome.result))}")
            return
        if isinstance(error, acts.REFUSALS):
            self._count(f"refused {outcome.job.name.partition(':')[0]}")
            self._say(who, f"{outcome.job.name} is refused: {error}")
            return
        if isinstance(error, Crash):
            return
        is_server = isinstance(error, (OperationalError, InterfaceError))
        self._say(who, f"{outcome.job.name} raises {type(error).__name__}: {error}")
        if not (is_server and outcome.lost_server):
            text = "".join(traceback.format_exception(error)[-12:])
            self.watch.wrong.append(f"{outcome.job.name} of {who} raised:\n{text}")

    # Work

    def _begin_task(self, idle: list[Actor]) -> None:
        name = self.tasks.pop(0)
        due_at = self._dues()[name]
        # A look that finds nothing costs time and changes nothing: most are left out.
        if (due_at and due_at <= self.now) or self.draw.random() < 0.04:
            self._begin(idle[0], Job(name, self.calls[name]))

    def _begin_deed(self, idle: list[Actor]) -> None:
        deed = self.deeds.pop(0)
        call = self._call_of(deed)
        if call is not None:
            # Whoever got no answer asks again, as people and tools do.
            again = self._ask_again(deed.kind, call)
            self._begin(idle[0], Job(f"{deed.kind}:{deed.number}", call, again))
            if deed.kind == "pass_on" and idle[1:] and self.draw.random() < _TWICE:
                self._begin(idle[1], Job(f"{deed.kind}:twice", call))

    def _ask_again(
        self, name: str, call: Callable[[], Any]
    ) -> Callable[[Outcome], None]:
        def then(outcome: Outcome) -> None:
            lost = isinstance(outcome.error, Crash) or outcome.lost_server
            if lost and name != "report" and (idle := self._idle(self.webs)):
                self._begin(idle[0], Job(f"{name}:again", call))

        return then

    def _begin(self, actor: Actor, job: Job) -> None:
        self._say(actor.name, f"begins {job.name}")
        actor.job = job
        self._go_on(actor)

    def _call_of(self, deed: Deed) -> Callable[[], Any] | None:
        clock, luck = self._read_now, self.draw.random()
        if deed.kind == "report":
            return acts.report(self.world, deed, clock)
        if deed.kind in ("alert", "clear"):
            status = "firing" if deed.kind == "alert" else "resolved"
            return acts.alert(self.world, int(luck * 2), status=status, clock=clock)
        if deed.kind == "garbage":
            return acts.garbage(self.world)
        incidents = list(
            Incident.objects.filter(organisation=self.world.lab).order_by("pk")
        )
        if not incidents:
            return None
        incident = self.draw.choice(self._busiest(incidents))
        is_shared = Share.objects.filter(incident=incident, unshared_at=None).exists()
        if deed.kind in handing.KINDS:
            return self._person(deed, incident, luck, is_shared=is_shared).act()
        luck = luck if is_shared else 0.3 + luck * 0.7
        return acts.act_on(self.world, deed, incident, clock, luck)

    def _person(
        self, deed: Deed, incident: Incident, luck: float, *, is_shared: bool
    ) -> handing.Person:
        return handing.Person(
            self.world,
            deed,
            incident,
            self.world.agency if is_shared and luck < 0.4 else self.world.lab,
            self._read_now,
            random.Random(luck),
            self.presses.append,
        )

    def _busiest(self, incidents: list[Incident]) -> list[Incident]:
        """Return, mostly, those at which a worker is at work or about to be."""
        if self.draw.random() < 0.2:
            return incidents
        due = Timer.objects.filter(incident__in=incidents, due_at__lte=self.now)
        ids = set(due.values_list("incident", flat=True))
        live = [i for i in incidents if i.runs.filter(state="active").exists()]
        return [i for i in incidents if i.pk in ids] or live or incidents

    # Time

    def _read_now(self) -> datetime:
        return self.now

    def _pass_time(self) -> bool:
        """Go to the next instant at which something is due; tells whether there is one."""
        self.looks += 1
        if self.looks > MAX_LOOKS:
            self.watch.wrong.append(f"still not quiet after {MAX_LOOKS} looks")
            return False
        dues = self._dues()
        instants = [at for at in dues.values() if at]
        if self.deeds:
            instants.append(self.deeds[0].at)
        if not instants:
            if not self.poison.is_healed:
                self.poison.heal()
                return True
            return False
        wait = max(0.0, (min(instants) - self.now).total_seconds())
        self._advance(wait + self.faults.lateness())
        self._beat()
        # Whoever hears no bell for a second looks by itself.
        self.tasks += CONSUMERS
        if self.draw.random() < 0.2:
            # Another one looks at the same moment.
            self.tasks += CONSUMERS
        return True

    def _pause(self) -> None:
        """Let a little time pass while somebody is at work."""
        limit = (
            _PAUSE_IN_TRANSACTION_SECONDS
            if self._open_transactions()
            else self.faults.longest_pause(_PAUSE_SECONDS)
        )
        self._advance(self.draw.uniform(0, limit))
        self._beat()

    def _advance(self, seconds: float) -> None:
        step = self.faults.clock_step()
        if step:
            self._say("clock", f"STEPS by {step:+.0f} s")
            self._count("clock step")
        before = self.elapsed
        self.now += timedelta(seconds=seconds + step)
        self.elapsed += seconds + step
        self.leases.pass_time(self.server.monitor(), before=before, after=self.elapsed)

    def _beat(self) -> None:
        """Ring as the beats do."""
        for _ in range(self.faults.beats):
            self.tasks += self.faults.rings(self.draw.choice(CONSUMERS))

    def _dues(self) -> dict[str, datetime | None]:
        values = {
            "ids": self.world.organisation_ids,
            "now": self.now,
            "poison": self.poison.is_healed,
            **self.leases.left(self.elapsed),
        }
        row = self.server.monitor().execute(_NEXT, values).fetchone()
        assert row is not None
        return dict(zip(CONSUMERS, row, strict=True))

    # Faults that are nobody's move

    def _lose_patience(self, actor: Actor) -> None:
        self.moves.append(f"{actor.name} lock timeout")
        self._count("lock timeout")
        self._say(actor.name, "its lock timeout ends")
        self.stage.cancel(actor)
        self._after(actor)
        self._settle_blocked()

    def _restart(self) -> None:
        self._say("server", "KILLED and started again")
        self._count("server restart")
        self.watch.may_push_back = True
        staff = (*self.workers, *self.webs)
        for actor in staff:
            actor.lost_server = actor.stop is not Stop.IDLE
        self.server.kill_and_start()
        self._settle_blocked()

    def _wait_for_deadlock(self, blocked: list[Actor]) -> bool:
        self.watch.wrong.append(
            "deadlock: " + "; ".join(f"{a.name} in {_short(a.what)}" for a in blocked)
        )
        return False

    # Small things

    def _hire(self, staff: list[Actor], kind: str) -> None:
        self.names += 1
        staff.append(Actor(f"{kind} {self.names}", self.stage))

    def _standing(self) -> list[Actor]:
        return [
            a
            for a in (*self.workers, *self.webs)
            if a.stop is not Stop.IDLE and not a.is_blocked
        ]

    def _idle(self, staff: list[Actor]) -> list[Actor]:
        return [a for a in staff if a.stop is Stop.IDLE and not a.is_blocked]

    def _open_transactions(self) -> list[Actor]:
        return [a for a in (*self.workers, *self.webs) if a.is_in_transaction]

    def _note_try(self, sent: Sent) -> None:
        actor = current()
        assert actor is not None
        self.watch.tries.append(Try(sent, self.stage.tick, actor.began))
        self._count("try to send")
        verb = "arrives at" if sent.arrived else "does not arrive at"
        what = f"{sent.purpose} {str(sent.uid)[:8]} {verb} {sent.address}"
        self._say(actor.name, what)
        actor.sent(what)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _say(self, who: str, what: str) -> None:
        at = self.now - self.world.start
        self.trace.append(f"{self.stage.tick:6} {str(at)[:11]:>11}  {who:10} {what}")


def _verb(sql: str) -> str:
    return sql.lstrip().partition(" ")[0][:12].strip()


def _short(sql: str) -> str:
    return " ".join(sql.split())[:90]
