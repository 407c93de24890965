"""Lets what can wait give way to timers and messages: reading webhooks, and storing them.

A batch of reading takes a third of a second in a storm. Reading pauses while something
is late, and begins none when a crowd of timers comes due before it would end. Storing
works in pieces of milliseconds, and pauses between them while a crowd is due.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from django.db import connection

# Timers and messages that go later than this have the machine to themselves for a while.
HIGH_MS: Final = 150
# A batch that was late says nothing of now after this.
_FRESH: Final = timedelta(seconds=3)
# While things are late, whoever gives way works a quarter of the time, and so goes on.
_PAUSE_FOR_EACH_SECOND: Final = 3.0
_LONGEST_PAUSE_SECONDS: Final = 2.0
_LOOK_AGAIN_SECONDS: Final = 0.003

_WORST: Final = """
SELECT greatest(
    (SELECT max(late_ms) FROM tocsin_tick WHERE late_at > %(fresh)s),
    (SELECT extract(epoch FROM %(now)s - min(due_at)) * 1000
       FROM tocsin_timer WHERE due_at <= %(now)s)
)
"""

# So many timers take long enough for what runs beside them to be felt.
CROWD: Final = 20
# What has been due for longer waits for something else than a processor.
_HOPE: Final = timedelta(seconds=5)
_CROWD: Final[LiteralString] = """
SELECT count(*) FROM (
    SELECT FROM tocsin_timer WHERE due_at BETWEEN %s AND %s LIMIT %s
) AS due
"""
_CROWD_NOW: Final[LiteralString] = """
SELECT count(*) FROM (
    SELECT FROM tocsin_timer
     WHERE due_at BETWEEN clock_timestamp() - %s AND clock_timestamp() LIMIT %s
) AS due
"""

# Storing earns so much pause at most, so that nobody waits longer for an answer.
_MOST_EARNED_SECONDS: Final = 0.08


def give_way(read_now: Callable[[], datetime], *, worked_seconds: float) -> None:
    """Pause after a batch that took so long, before one that will take as long."""
    time.sleep(pause_seconds(read_now(), worked_seconds=worked_seconds))
    ends_at = time.monotonic() + worked_seconds
    while time.monotonic() < ends_at and is_crowd_near(
        read_now(), within_seconds=worked_seconds
    ):
        time.sleep(_LOOK_AGAIN_SECONDS)


def pause_seconds(now: datetime, *, worked_seconds: float) -> float:
    """Return how long to pause after having worked so long; 0 while nothing is late."""
    with connection.cursor() as cursor:
        cursor.execute(_WORST, {"now": now, "fresh": now - _FRESH})
        [worst_ms] = cursor.fetchone()
    if worst_ms is None or worst_ms < HIGH_MS:
        return 0.0
    return min(worked_seconds * _PAUSE_FOR_EACH_SECOND, _LONGEST_PAUSE_SECONDS)


def is_crowd_near(now: datetime, *, within_seconds: float) -> bool:
    """Whether many timers are due, or will be within so many seconds."""
    until = now + timedelta(seconds=within_seconds)
    with connection.cursor() as cursor:
        cursor.execute(_CROWD, [now - _HOPE, until, CROWD])
        [count] = cursor.fetchone()
    return bool(count == CROWD)


def is_crowd_due(writer: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Whether many timers are due, asked on a connection of psycopg's.

    By the real clock: what is shared out is the processors' time.
    """
    [(count,)] = writer.execute(_CROWD_NOW, [_HOPE, CROWD])
    return bool(count == CROWD)


class Turns:
    """Whoever works in small pieces, and pauses between them while a crowd is due.

    A piece earns a pause of thrice its time. So work goes on, at a quarter of its speed
    at least, and a short crowd is through before it does.
    """

    def __init__(self, is_crowd_due: Callable[[], bool]) -> None:
        self._is_crowd_due = is_crowd_due
        self._earned_seconds = 0.0

    def end_piece(self, worked_seconds: float) -> None:
        """Count a piece of work, then pause as long as is needed and earned."""
        earned = self._earned_seconds + worked_seconds * _PAUSE_FOR_EACH_SECOND
        earned = min(earned, _MOST_EARNED_SECONDS)
        began = time.monotonic()
        while time.monotonic() - began < earned and self._is_crowd_due():
            time.sleep(_LOOK_AGAIN_SECONDS)
        self._earned_seconds = max(0.0, earned - (time.monotonic() - began))
