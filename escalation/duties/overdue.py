"""Say whether a statutory report is late: the one place that does.

Exactly at the due instant is on time.

>>> from datetime import UTC
>>> due = datetime(2026, 12, 25, 2, 10, tzinfo=UTC)
>>> is_overdue(due, at=due), is_overdue(due, at=due + sla.AFTER_DUE)
(False, True)
>>> late_by(due, at=due + timedelta(minutes=5))
datetime.timedelta(seconds=300)
"""

from datetime import datetime, timedelta
from typing import Final

from escalation.clocks import sla

_NOTHING: Final = timedelta(0)


def is_overdue(due: datetime | None, *, at: datetime) -> bool:
    """Tell whether what is done, or not done yet, at an instant is late."""
    return sla.is_overdue(due, at)


def late_by(due: datetime | None, *, at: datetime) -> timedelta:
    """Return by how much something is late at an instant, nothing when it is on time."""
    return at - due if due is not None and is_overdue(due, at=at) else _NOTHING


def overdue_since(due: datetime) -> datetime:
    """Return the first instant that is late."""
    return due + sla.AFTER_DUE
