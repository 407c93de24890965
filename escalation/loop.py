"""START READING HERE: everything that happens by itself happens in this file.

    hooks, forms, API ──► rows in PostgreSQL ──► doorbell (Celery; may be lost)
                                  │
      route_new_events   entries that wait for the router   → runs, shares
      fire_due_timers    timers whose instant has come      → handlers of their kind
      deliver_messages   outbox rows that are due           → the outside world

Each looks by itself at least once a second, any number of workers at a time, on any
number of hosts: work is claimed with SKIP LOCKED and a timer's row is deleted in the
transaction that does its work. Losing every message of the broker costs at most 2 s.
`now` is read once, here, and handed down.
"""

import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection

from escalation.clocks.handlers import follow
from escalation.duties.following import follow as follow_duties
from escalation.notifications.delivery import deliver_due
from escalation.routing.dispatch import dispatch
from incidents.events.doorbell import ring_in
from incidents.events.record import recording
from incidents.incident.lifecycle import CHANGED, lock_incidents
from incidents.models import Incident, Timer
from incidents.timers.clock import read_now
from incidents.timers.lateness import milliseconds_late, note_lateness
from incidents.timers.schedule import handler_of
from incidents.timers.ticks import note_tick

# A larger batch is hardly cheaper for each timer, and makes its first one wait longer.
BATCH: Final = 200
# A pass ends after this, so that a worker stays responsive in a storm.
PASS_SECONDS: Final = 20.0
# A pass that sees a timer due within this stays for it instead of waiting for a bell.
STAY: Final = timedelta(seconds=1)
# A timer this late no longer passes over a locked incident: it waits for the lock.
LATE_AFTER: Final = timedelta(seconds=1)
LOCK_TIMEOUT: Final = "2s"
LOCK_NOT_AVAILABLE: Final = "55P03"
# All waits of one pass together: one lock that hangs must not hold up everybody else.
WAIT_SECONDS: Final = 4.0
# A timer whose handler raises comes back after 2, 4, 8 … seconds, at most 5 minutes.
BACKOFF_LIMIT_SECONDS: Final = 300
ALARM_AFTER_ATTEMPTS: Final = 5

log = structlog.get_logger(__name__)


def route_new_events() -> int:
    """Route until nothing waits; returns how many entries were dealt with.

    Clocks and statutory duties hear of what happened here too: they make timers of it.
    """
    routed = _repeat("router", dispatch, between=fire_due)
    routed += _repeat("clocks", follow, between=fire_due)
    return routed + _repeat("duties", follow_duties, between=fire_due)


def fire_due_timers() -> int:
    """Fire until nothing is due; returns how many timers were fired."""
    fired = _repeat("timers", fire_due, between=dispatch)
    _stay_for_next(read_now())
    return fired


def deliver_messages() -> int:
    """Send what is due from the outbox; returns how many were sent."""
    sent = deliver_due(read_now, budget_seconds=PASS_SECONDS)
    note_tick("delivery", read_now())
    return sent


def fire_due(now: datetime) -> int:
    """Fire one batch of the timers that are due at `now`; returns how many it took on.

    1. Select due timers without locking anything.
    2. Lock their incidents, passing over those that somebody else holds.
    3. Delete the timers that are still there, and hand them to the handlers of their kinds.
    4. Timers that are over a second late wait for their incident's lock, in a
       transaction of the incident's own; all such waits of a pass end after 6 s.
    5. When a handler raises, each of the batch runs alone, and the bad one is pushed back.
    """
    due = _find_due(now)
    if not due:
        return 0
    batch = _Batch(now)
    done = _fire_or_split(due, batch)
    late = [t for t in due if t.pk not in done and now - t.due_at > LATE_AFTER]
    done |= _fire_late(late, batch)
    batch.note_lateness()
    return len(done)


@dataclass(frozen=True, slots=True)
class _Due:
    """A timer that was due when it was looked for; it is read anew under the lock."""

    pk: int
    due_at: datetime
    incident_id: int | None


@dataclass(slots=True)
class _Batch:
    """The instant that a batch runs at, and how late each of its timers went."""

    now: datetime
    began: float = field(default_factory=time.monotonic)
    late_ms: list[tuple[str, int]] = field(default_factory=list)

    def add(self, fired: Iterable[Timer]) -> None:
        """Count timers whose work has just committed."""
        at = self.now + timedelta(seconds=time.monotonic() - self.began)
        self.late_ms += [
            (t.kind, milliseconds_late(t.original_due_at or t.due_at, at))
            for t in fired
        ]

    def note_lateness(self) -> None:
        worst = max((late for _, late in self.late_ms), default=0)
        note_lateness("timers", self.late_ms, worst_ms=worst, now=self.now)


# What another worker has claimed by now is passed over, so that two workers do not
# both take the head of the queue. Each lock ends with this statement.
_FIND: Final = """
SELECT id, due_at, incident_id FROM tocsin_timer WHERE due_at <= %s
 ORDER BY due_at, id LIMIT %s FOR KEY SHARE SKIP LOCKED
"""
_STILL_THERE: Final = """
SELECT id FROM tocsin_timer WHERE id = ANY(%s) FOR KEY SHARE SKIP LOCKED
"""


def _find_due(now: datetime) -> list[_Due]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [now, BATCH])
        return [_Due(*row) for row in cursor.fetchall()]


def _fire_late(late: Sequence[_Due], batch: _Batch) -> set[int]:
    """Fire late timers whose incidents were locked, waiting for each incident's lock.

    What another worker took in the meantime is nobody's to wait for.
    """
    if not late:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_STILL_THERE, [[timer.pk for timer in late]])
        there = {pk for (pk,) in cursor.fetchall()}
    waiting: dict[int, list[_Due]] = defaultdict(list)
    for timer in late:
        if timer.pk in there:
            waiting[timer.incident_id or 0].append(timer)
    ends_at = time.monotonic() + WAIT_SECONDS
    done: set[int] = set()
    for timers in waiting.values():
        if time.monotonic() < ends_at:
            done |= _fire_waiting(timers, batch)
    return done


def _fire_or_split(due: Sequence[_Due], batch: _Batch) -> set[int]:
    """Fire a batch, or each of it alone; returns those that are fired or pushed back."""
    try:
        return _fire_together(due, batch)
    except Exception as error:
        if len(due) == 1:
            _push_back(due[0].pk, error, batch.now)
            return {due[0].pk}
    done: set[int] = set()
    for timer in due:
        done |= _fire_or_split([timer], batch)
    return done


def _fire_together(due: Sequence[_Due], batch: _Batch) -> set[int]:
    """Fire a batch in one transaction; returns the ids of those it could claim."""
    with recording(batch.now):
        incidents = _lock_free({t.incident_id for t in due if t.incident_id})
        claimed = _claim([t.pk for t in due], incidents)
        _hand_over(claimed, batch.now)
    batch.add(claimed)
    return {timer.pk for timer in claimed}


def _lock_free(ids: Iterable[int]) -> set[int]:
    """Lock the incidents that nobody else holds, ids ascending; returns their ids."""
    rows = Incident.objects.filter(pk__in=set(ids)).order_by("pk")
    return set(
        rows.select_for_update(no_key=True, skip_locked=True).values_list(
            "pk", flat=True
        )
    )


# Reading and deleting in one statement: whoever deletes the row does its work.
_CLAIM = """
DELETE FROM tocsin_timer WHERE id IN (
    SELECT id FROM tocsin_timer
    WHERE id = ANY(%s) AND (incident_id IS NULL OR incident_id = ANY(%s))
    FOR UPDATE SKIP LOCKED
)
RETURNING id, due_at, kind, subject_id, incident_id, organisation_id, payload, attempts,
          last_error, original_due_at, made_at
"""


def _claim(ids: list[int], incidents: set[int]) -> list[Timer]:
    rows = Timer.objects.raw(_CLAIM, [ids, list(incidents)])
    return sorted(rows, key=lambda timer: (timer.due_at, timer.pk))


def _hand_over(timers: Sequence[Timer], now: datetime) -> None:
    """Call each kind's handler once; changes of an incident come before its steps."""
    by_kind: dict[str, list[Timer]] = defaultdict(list)
    for timer in timers:
        by_kind[timer.kind].append(timer)
    for kind in sorted(by_kind, key=lambda kind: (kind != CHANGED, kind)):
        handler_of(kind)(by_kind[kind], now)


def _fire_waiting(timers: Sequence[_Due], batch: _Batch) -> set[int]:
    """Fire an incident's late timers, waiting for its lock; a timeout leaves them due."""
    incidents = {t.incident_id for t in timers if t.incident_id}
    try:
        with recording(batch.now):
            _wait_for(incidents)
            claimed = _claim([t.pk for t in timers], incidents)
            _hand_over(claimed, batch.now)
    except Exception as error:
        if _sqlstate(error) == LOCK_NOT_AVAILABLE:
            log.warning("timers_wait_for_lock", incidents=incidents, count=len(timers))
            return set()
        if len(timers) == 1:
            _push_back(timers[0].pk, error, batch.now)
            return {timers[0].pk}
    else:
        batch.add(claimed)
        return {timer.pk for timer in claimed}
    return set().union(*(_fire_waiting([timer], batch) for timer in timers))


def _wait_for(incidents: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    lock_incidents(incidents)


def _push_back(timer_id: int, error: Exception, now: datetime) -> None:
    """Make a timer due again later; its lateness still counts from the first instant.

    Raises when the database is gone. An error's own text can quote rows: only its class
    and where it arose are kept.
    """
    timer = Timer.objects.filter(pk=timer_id).first()
    if timer is None:
        return
    attempts = timer.attempts + 1
    pause = timedelta(seconds=min(2**attempts, BACKOFF_LIMIT_SECONDS))
    what = " ".join(filter(None, (type(error).__name__, _sqlstate(error))))
    Timer.objects.filter(pk=timer.pk).update(
        attempts=attempts,
        due_at=now + pause,
        original_due_at=timer.original_due_at or timer.due_at,
        last_error=what,
    )
    alarm = log.error if attempts >= ALARM_AFTER_ATTEMPTS else log.warning
    alarm(
        "timer_pushed_back",
        timer=timer.pk,
        kind=timer.kind,
        attempts=attempts,
        error=what,
        stack=traceback.format_tb(error.__traceback__),
    )


def _sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code of an error, empty for any other."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def _repeat(
    name: str,
    step: Callable[[datetime], int],
    *,
    between: Callable[[datetime], int],
) -> int:
    """Take steps until one finds nothing, or the pass has lasted long enough.

    Routing and timers share a worker: after each batch of one the other gets its turn,
    so that a storm of new incidents makes no timer late.
    """
    done, ends_at = 0, time.monotonic() + PASS_SECONDS
    while time.monotonic() < ends_at:
        count = step(read_now())
        done += count
        if count == 0:
            break
        between(read_now())
    note_tick(name, read_now())
    return done


def _stay_for_next(now: datetime) -> None:
    """Set an alarm in this process for a timer that is due within the second.

    An alarm, not a sleep: routing shares the worker and must not wait behind it.
    """
    soon = Timer.objects.filter(due_at__gt=now, due_at__lte=now + STAY)
    next_due = soon.order_by("due_at").values_list("due_at", flat=True).first()
    if next_due is not None:
        ring_in("timers", (next_due - now).total_seconds())
