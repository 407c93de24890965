"""Hold back a flood without knowing who sends it: token buckets for all together.

Taking is one statement and commits by itself; two that take at once both count.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection

from incidents.anonymous.models import TokenBucket
from incidents.errors import Unavailable

_HOUR_SECONDS: Final = 3600
# Look-ups of one of the 1,024 beginnings of a code: 20 at once, then one in 10 s.
_TRIES_AT_ONCE: Final = 20
_SECONDS_A_TRY: Final = 10


class Busy(Unavailable):
    """Too many at this moment; what was typed is still in the form."""

    code = "busy"

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"Too much comes in at this moment. Send it again in {retry_after_seconds} s; "
            "it has not been stored yet."
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: how much it holds, and how fast it fills."""

    name: str
    capacity: int
    seconds_each: float


def take_report(organisation_id: int, *, now: datetime) -> None:
    """Count one report, or one message of a reporter. Raises Busy."""
    for limit in (
        # Its own first: what it is refused takes nothing from the others.
        _per_hour(f"reports:{organisation_id}", settings.REPORTS_PER_HOUR_EACH),
        _per_hour("reports", settings.REPORTS_PER_HOUR),
    ):
        take(limit, now=now)


def take_try(code: str, *, now: datetime) -> None:
    """Count a look-up of a code as failed until `give_back_try`. Raises Busy."""
    take(_tries(code), now=now)


def give_back_try(code: str) -> None:
    """Forget a look-up: the code was right."""
    limit = _tries(code)
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [limit.capacity, limit.name])


def _per_hour(name: str, number: int) -> Limit:
    return Limit(name, number, _HOUR_SECONDS / number)


def _tries(code: str) -> Limit:
    # By its beginning, which nobody can aim at: guesses of one do not shut out others.
    return Limit(f"tries:{code[:2]}", _TRIES_AT_ONCE, _SECONDS_A_TRY)


_FILLED: Final = """
LEAST(%(capacity)s, tocsin_token_bucket.tokens + GREATEST(0, EXTRACT(EPOCH FROM
      %(now)s - tocsin_token_bucket.filled_at)) / %(seconds)s)
"""
_TAKE: Final = f"""
INSERT INTO tocsin_token_bucket (name, tokens, filled_at)
VALUES (%(name)s, %(capacity)s - 1, %(now)s)
ON CONFLICT (name) DO UPDATE
   SET tokens = {_FILLED} - 1,
       filled_at = GREATEST(tocsin_token_bucket.filled_at, %(now)s)
 WHERE {_FILLED} >= 1
RETURNING tokens
"""  # noqa: S608  (our own text)
_GIVE_BACK: Final = """
UPDATE tocsin_token_bucket SET tokens = LEAST(%s, tokens + 1) WHERE name = %s
"""


def take(limit: Limit, *, now: datetime) -> None:
    """Count one of what the limit holds back. Raises Busy."""
    values: dict[str, str | float | datetime] = {
        "name": limit.name,
        "capacity": float(limit.capacity),
        "seconds": float(limit.seconds_each),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.fetchone() is not None:
            return
    raise Busy(_wait_seconds(limit, now))


def _wait_seconds(limit: Limit, now: datetime) -> int:
    row = TokenBucket.objects.get(name=limit.name)
    since = max(0.0, (now - row.filled_at).total_seconds())
    missing = 1 - row.tokens - since / limit.seconds_each
    return max(1, math.ceil(missing * limit.seconds_each))
