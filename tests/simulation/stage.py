"""Actors that share one process and are moved one at a time.

Each actor is a thread with a database connection of its own. It stops before every
statement and on both sides of every commit, and goes on only when the stage says so;
what runs between two stops is production code. So the order of everything is the
stage's choice, and the seed's.

An actor may wait in PostgreSQL for a lock that another one, who stands still, holds.
The stage sees that (`pg_blocking_pids`), leaves it there and moves others. As soon as
the lock is given, the statement returns and the actor stops again before it does
anything else: two actors never run Python at once.
"""

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psycopg
from django.db import connections
from django.db.utils import OperationalError

if TYPE_CHECKING:
    from tests.simulation.backend.base import DatabaseWrapper

_LOOK_SECONDS = 0.004
_GIVE_UP_SECONDS = 60.0
_here = threading.local()


class Crash(BaseException):
    """The process of this actor dies here. No handler of production catches it."""


class Order(enum.Enum):
    """What the stage tells an actor that it moves."""

    GO = enum.auto()
    CRASH = enum.auto()


class Stop(enum.Enum):
    """Where an actor stands."""

    IDLE = "idle"
    STATEMENT = "before a statement"
    RETURNED = "after waiting for a lock"
    COMMIT = "before commit"
    COMMITTED = "after commit"
    SENT = "after a send"
    DEAD = "dead"


@dataclass
class Job:
    """One thing for an actor to do."""

    name: str
    call: Callable[[], Any]
    then: Callable[["Outcome"], None] | None = None


@dataclass
class Outcome:
    """What became of a job."""

    job: Job
    error: BaseException | None = None
    result: Any = None
    lost_server: bool = False


def current() -> "Actor | None":
    """Return the actor whose thread this is."""
    return getattr(_here, "actor", None)


@dataclass(eq=False)
class Actor:
    """A worker or a web process."""

    name: str
    stage: "Stage"
    stop: Stop = Stop.IDLE
    what: str = ""
    is_in_transaction: bool = False
    is_blocked: bool = False
    lost_server: bool = False
    has_lock_timeout: bool = False
    has_written: bool = False
    """Whether the transaction changed or locked anything."""
    is_dying: bool = False
    pid: int = 0
    began: int = 0
    """The tick at which the present transaction, or the last one, began."""
    job: Job | None = None
    outcome: Outcome | None = None
    _order: Order = Order.GO
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _back: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()
        self._back.wait()

    # Called by the stage

    def send(self, order: Order) -> None:
        self._order = order
        self._back.clear()
        self._go.release()

    def has_stopped(self, seconds: float) -> bool:
        return self._back.wait(seconds)

    def leave_blocked(self) -> bool:
        """Note that it waits for a lock, unless it has stopped just now."""
        with self._lock:
            self.is_blocked = not self._back.is_set()
        return self.is_blocked

    def end(self) -> None:
        """Let the thread of an idle actor end."""
        self.job = None
        self.send(Order.CRASH)
        self._thread.join()

    # Called by its own thread

    def before_statement(self, wrapper, sql: str) -> None:
        is_first, is_read = not wrapper.is_in_transaction(), _is_read(sql)
        if is_first or not is_read or self.stage.stops_at_read():
            self._stand(Stop.STATEMENT, wrapper, sql)
        if is_first:
            self.began = self.stage.tick
            self.has_lock_timeout = self.has_written = False
        self.has_lock_timeout |= "lock_timeout" in sql
        self.has_written |= not is_read

    def around(self, execute: Callable[[], Any]) -> Any:
        """Execute a statement; when it had to wait for a lock, stop once it has it."""
        try:
            result = execute()
        except OperationalError as error:
            self._stop_if_blocked()
            if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
                # The stage cancelled it in the place of `lock_timeout`.
                cause = psycopg.errors.LockNotAvailable("canceling due to lock timeout")
                raise OperationalError(str(cause)) from cause
            raise
        except BaseException:
            self._stop_if_blocked()
            raise
        self._stop_if_blocked()
        return result

    def before_commit(self, wrapper) -> None:
        self._stand(Stop.COMMIT, wrapper, "COMMIT")

    def committed(self, wrapper, sql: str) -> None:
        self._stand(Stop.COMMITTED, wrapper, sql)

    def sent(self, what: str) -> None:
        self._stand(Stop.SENT, connections["default"], what)

    def _stop_if_blocked(self) -> None:
        with self._lock:
            was_blocked = self.is_blocked
        if was_blocked:
            self._stand(Stop.RETURNED, connections["default"], "")

    def _stand(self, stop: Stop, wrapper, what: str) -> None:
        if self.is_dying:
            raise Crash
        self.stop, self.what = stop, what
        self.is_in_transaction = wrapper.is_in_transaction()
        if self._wait() is Order.CRASH:
            self.is_dying = True
            wrapper.cut()
            raise Crash

    def _wait(self) -> Order:
        with self._lock:
            self.is_blocked = False
            self._back.set()
        self._go.acquire()
        return self._order

    def _run(self) -> None:
        _here.actor = self
        while True:
            self.stop, self.what, self.is_in_transaction = Stop.IDLE, "", False
            self._wait()
            if self.job is None:
                connections.close_all()
                return
            job = self.job
            self.outcome = Outcome(job)
            try:
                for each in connections.all(initialized_only=True):
                    each.close_if_unusable_or_obsolete()
                self.outcome.result = job.call()
            except Crash as error:
                self.outcome.error = error
                cast("DatabaseWrapper", connections["default"]).cut()
                self.stop, self.is_in_transaction = Stop.DEAD, False
                self._back.set()
                return
            except Exception as error:
                assert not self.is_dying, "something went on after a crash"
                self.outcome.error = error
                connections.close_all()
            self.outcome.lost_server, self.lost_server = self.lost_server, False


def _is_read(sql: str) -> bool:
    """Tell whether a statement neither writes nor locks."""
    text = sql.lstrip()[:6].upper()
    return text == "SELECT" and "FOR NO KEY" not in sql and "FOR UPDATE" not in sql


class Stage:
    """Moves the actors and tells who waits for whom."""

    def __init__(
        self,
        monitor: Callable[[], psycopg.Connection],
        stops_at_read: Callable[[], bool],
    ):
        self._monitor = monitor
        self.stops_at_read = stops_at_read
        self.tick = 0

    def move(self, actor: Actor, order: Order = Order.GO) -> None:
        """Let an actor run to its next stop, or until it waits for a lock."""
        self.tick += 1
        actor.send(order)
        self._watch(actor)
        if actor.stop is Stop.DEAD:
            self.wait_until_gone(actor.pid)

    def settle(self, actor: Actor) -> bool:
        """Look again at an actor that waited for a lock; tells whether it has it now."""
        self._watch(actor)
        return not actor.is_blocked

    def cancel(self, actor: Actor) -> None:
        """End the wait of a blocked actor, as its lock timeout would."""
        self._ask("SELECT pg_cancel_backend(%s)", actor.pid)
        if not actor.has_stopped(_GIVE_UP_SECONDS):
            raise RuntimeError(f"{actor.name} does not hear its lock timeout")

    def wait_until_gone(self, pid: int) -> None:
        """Wait until the server has noticed that a connection was lost."""
        ends_at = time.monotonic() + _GIVE_UP_SECONDS
        while self._ask("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid):
            if time.monotonic() > ends_at:
                raise RuntimeError(f"backend {pid} does not end")
            time.sleep(0.0005)

    def _watch(self, actor: Actor) -> None:
        ends_at = time.monotonic() + _GIVE_UP_SECONDS
        while not actor.has_stopped(_LOOK_SECONDS):
            if self._is_blocked(actor) and actor.leave_blocked():
                return
            if time.monotonic() > ends_at:
                raise RuntimeError(f"{actor.name} hangs in {actor.what!r}")

    def _is_blocked(self, actor: Actor) -> bool:
        return bool(self._ask("SELECT cardinality(pg_blocking_pids(%s))", actor.pid))

    def _ask(self, sql: str, *values: Any) -> Any:
        row = self._monitor().execute(sql, values).fetchone()
        return row[0] if row else None
