"""Lets what can wait give way to timers and messages that are late."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

# Timers and messages that go later than this have the machine to themselves for a while.
HIGH_MS: Final = 150
# A batch that was late says nothing of now after this.
_FRESH: Final = timedelta(seconds=3)
# While things are late, whoever gives way works a quarter of the time, and so goes on.
_PAUSE_FOR_EACH_SECOND: Final = 3.0
_LONGEST_PAUSE_SECONDS: Final = 2.0

_WORST: Final = """
SELECT greatest(
    (SELECT max(late_ms) FROM tocsin_tick WHERE late_at > %(fresh)s),
    (SELECT extract(epoch FROM %(now)s - min(due_at)) * 1000
       FROM tocsin_timer WHERE due_at <= %(now)s)
)
"""


def pause_seconds(now: datetime, *, worked_seconds: float) -> float:
    """Return how long to pause after having worked so long; 0 while nothing is late."""
    with connection.cursor() as cursor:
        cursor.execute(_WORST, {"now": now, "fresh": now - _FRESH})
        [worst_ms] = cursor.fetchone()
    if worst_ms is None or worst_ms < HIGH_MS:
        return 0.0
    return min(worked_seconds * _PAUSE_FOR_EACH_SECOND, _LONGEST_PAUSE_SECONDS)
