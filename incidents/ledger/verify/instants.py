"""Reads and writes instants as the verifier compares them: milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_FORM: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(at: str) -> int:
    """Return an instant of the record. Raises ValueError for another form.

    >>> milliseconds("1970-01-01T00:00:01.500Z")
    1500
    """
    if _FORM.fullmatch(at) is None:
        raise ValueError(f"{at!r} is not an instant of the record")
    return (datetime.fromisoformat(at) - _START) // _MILLISECOND


def written(at_ms: int) -> str:
    """Return an instant for people.

    >>> written(1500)
    '1970-01-01 00:00:01 UTC'
    """
    try:
        moment = _START + at_ms * _MILLISECOND
    except OverflowError:
        return f"{at_ms} ms after 1970"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
