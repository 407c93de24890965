"""Hold back what is over the limit of its address or its provider.

Only claims that hold messages of limited channels come to the database for it, with
three statements whatever their number.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection

from escalation.notifications import retry
from escalation.notifications.digests import severity_of
from escalation.notifications.limit_rules import Limit, Purse, Wish, hold_back
from escalation.notifications.models import Notification

_URGENT_FROM: Final = 4
_ALWAYS_URGENT: Final = frozenset({retry.FALLBACK, retry.VERIFY})
_URGENT_IF_SEVERE: Final = frozenset({retry.PAGE, retry.DIGEST})
# Of a provider's minute this part may go at once.
_PART_AT_ONCE: Final = 10

# Locks each purse, made if need be, in one order for all.
_TAKE: Final = """
    INSERT INTO tocsin_purse AS purse (name, paid_until, booked_until)
    SELECT name, %s, %s FROM unnest(%s::text[]) AS name ORDER BY name
        ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
    RETURNING name, paid_until, booked_until
"""
_PUT_BACK: Final = """
    UPDATE tocsin_purse p
       SET paid_until = v.paid_until, booked_until = v.booked_until
      FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[])
           AS v(name, paid_until, booked_until)
     WHERE p.name = v.name
"""
_HOLD: Final = """
    UPDATE tocsin_notification n
       SET next_attempt_at = v.at, last_error = %s
      FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at)
     WHERE n.id = v.id
"""
HELD_BACK: Final = "waits for its turn: so many go here in a minute and no more"


def hold_over_limit(
    rows: Sequence[Notification], *, now: datetime
) -> list[Notification]:
    """Return the messages that may go; the others are due again at an instant of theirs.

    Requires the rows locked.
    """
    limits: dict[str, Limit] = {}
    limited = [row for row in rows if row.channel in _limited()]
    wishes = [_wish(row, limits) for row in sorted(limited, key=lambda row: row.pk)]
    if not limits:
        return list(rows)
    purses = _take(limits, now=now)
    later = hold_back(wishes, purses, now=now)
    _put_back(purses)
    if later:
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [HELD_BACK, list(later), list(later.values())])
    return [row for row in rows if row.pk not in later]


def _limited() -> dict[str, tuple[int, int]]:
    """Return {channel: (a minute to an address, a minute to the provider)}; 0 is none."""
    return {
        name: (one, all_) for name, one, all_ in settings.SEND_LIMITS if one or all_
    }


def _wish(row: Notification, limits: dict[str, Limit]) -> Wish[int]:
    """Return what a message needs, and note the limits of its purses."""
    to_one, to_all = _limited()[row.channel]
    names = []
    if to_one and row.method_id is not None:
        names.append(f"method:{row.method_id}")
        limits[names[-1]] = Limit(to_one, to_one)
    if to_all:
        names.append(f"provider:{row.organisation_id}:{row.destination}")
        limits[names[-1]] = Limit(to_all, max(to_all // _PART_AT_ONCE, 1))
        if shared := _shared(names[-1]):
            limits[shared] = limits[names[-1]]
    severity = severity_of(row)
    is_severe = row.purpose in _URGENT_IF_SEVERE and severity >= _URGENT_FROM
    is_urgent = row.is_urgent or is_severe or row.purpose in _ALWAYS_URGENT
    return Wish(row.pk, tuple(names), is_urgent, severity)


def _shared(name: str) -> str:
    """Return the purse of which this is an organisation's share; empty for any other."""
    match name.split(":"):
        case ["provider", _, destination]:
            return f"provider:{destination}"
    return ""


def _take(limits: dict[str, Limit], *, now: datetime) -> dict[str, Purse]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [now, now, sorted(limits)])
        found: Iterable[tuple[str, datetime, datetime]] = cursor.fetchall()
    purses = {
        name: Purse(limits[name], paid_until, booked_until)
        for name, paid_until, booked_until in found
    }
    for name, purse in purses.items():
        purse.of = purses.get(_shared(name))
    return purses


def _put_back(purses: dict[str, Purse]) -> None:
    columns = (
        list(purses),
        [purse.paid_until for purse in purses.values()],
        [purse.booked_until for purse in purses.values()],
    )
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, columns)
