"""Read the moments that tools send, in whatever unit and spelling they chose.

Epoch numbers are told apart by size: seconds, milliseconds, microseconds or
nanoseconds, as numbers or as text. A time without a zone is UTC. The "no time" of
several languages (year 1, 1970-01-01, 0, empty, null) is no time.

>>> parse_instant("2026-11-23T15:04:05.123456789Z", field="startsAt")
datetime.datetime(2026, 11, 23, 15, 4, 5, 123456, tzinfo=datetime.timezone.utc)
>>> parse_instant(1795446245123, field="at")
datetime.datetime(2026, 11, 23, 15, 4, 5, 123000, tzinfo=datetime.timezone.utc)
>>> parse_instant("0001-01-01T00:00:00Z", field="endsAt") is None
True
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from incidents.intake.adapters.base import Unreadable

REMEDY = "send an RFC 3339 time such as 2026-11-23T15:04:05Z, or an epoch number"

_FIRST_YEAR = 1971  # before it lie only the "no time" values
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{9,20}(\.[0-9]{1,9})?")
# Upper bound of the number and how many of it make a microsecond, or the reverse.
_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
_MICROSECONDS_BELOW = 10**17
_NANOSECONDS_BELOW = 10**20
_SMALLEST_EPOCH = 10**8  # less is a date written as digits, or a counter


def parse_instant(value: object, *, field: str) -> datetime | None:
    """Return the moment in UTC, None where the value says that there is none.

    Raises Unreadable.
    """
    if value in (None, "", 0, "0") or isinstance(value, bool):
        return None
    moment = _read(value)
    if moment is None:
        raise Unreadable(field, value, REMEDY)
    return moment if moment.year >= _FIRST_YEAR else None


def read_instant(value: object) -> datetime | None:
    """Return the moment in UTC, None also when the value cannot be read.

    For fields that a tool fills: an alert whose time is garbled must still page.
    """
    try:
        return parse_instant(value, field="")
    except Unreadable:
        return None


def event_time(at: datetime | None, *, received_at: datetime) -> datetime:
    """Return when an alert's change happened, as far as the sender can be believed.

    A time after its receipt would shut out every later change of the alert until then,
    so the time of receipt stands in for it, as it does for a missing one.
    """
    return received_at if at is None else min(at, received_at)


def _read(value: object) -> datetime | None:
    if isinstance(value, int | float):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _from_epoch(float(text) if "." in text else int(text))
    return _from_iso(text) or _from_http_date(text)


def _from_epoch(number: float) -> datetime | None:
    # A comparison with NaN is false, so this also refuses it.
    if not _SMALLEST_EPOCH <= number < _NANOSECONDS_BELOW:
        return None
    if number < _SECONDS_BELOW:
        microseconds = round(number * 1_000_000)
    elif number < _MILLISECONDS_BELOW:
        microseconds = round(number * 1_000)
    elif number < _MICROSECONDS_BELOW:
        microseconds = round(number)
    else:
        microseconds = int(number) // 1_000
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def _from_iso(text: str) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _from_http_date(text: str) -> datetime | None:
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _in_utc(moment: datetime) -> datetime:
    if moment.year < _FIRST_YEAR:
        # Year 1 east of Greenwich lies before the first moment that Python knows.
        return moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
