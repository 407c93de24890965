"""Take a sign of life, in one round trip; called in front of Django.

While a monitor is late, a sign also makes the timer that brings it back.
"""

from datetime import datetime
from enum import Enum, auto
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from incidents.events.doorbell import ring
from incidents.intake.heartbeats.models import Heartbeat
from incidents.intake.receive import digest_of_key

BACK: Final = "heartbeat.back"

log = structlog.get_logger(__name__)

# Both statements go in one message, which is one transaction. A sign that waits for
# longer than 4 s is told to come again, and frees its thread.
# The row's lock is what makes the order: a sign that waits for whoever finds the monitor
# late sees then that it is.
_PING: Final = """
SET LOCAL statement_timeout = 4000;
WITH pinged AS (
    UPDATE tocsin_heartbeat
    SET last_ping_at = COALESCE(%s, clock_timestamp()), ping_count = ping_count + 1,
        state = CASE WHEN state = 'new' THEN 'up' ELSE state END
    WHERE key_digest = %s AND is_enabled
    RETURNING id, organisation_id, incident_id, state, last_ping_at
), woken AS (
    INSERT INTO tocsin_timer (kind, subject_id, organisation_id, incident_id, due_at,
                              payload, attempts, last_error)
    SELECT %s, id, organisation_id, incident_id, last_ping_at, '{}', 0, ''
    FROM pinged WHERE state = 'late'
)
SELECT state FROM pinged
"""


class Pinged(Enum):
    """What became of a sign."""

    TAKEN = auto()
    UNKNOWN_KEY = auto()
    UNAVAILABLE = auto()


def take_ping(key: str, *, now: datetime | None = None) -> Pinged:
    """Write that a sign came; the database's clock counts where no instant is given."""
    return _take(digest_of_key(key), now)


def take_ping_of(heartbeat: Heartbeat, *, now: datetime | None = None) -> Pinged:
    """Write that a sign came for this monitor, from somebody who may know its name only."""
    return _take(bytes(heartbeat.key_digest), now)


def _take(key_digest: bytes, now: datetime | None) -> Pinged:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_PING, [now, key_digest, BACK])
            cursor.nextset()
            row = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        # The error's own text can quote the row: only its class is logged.
        log.warning("ping_not_taken", error=type(error).__name__)
        return Pinged.UNAVAILABLE
    if row is None:
        return Pinged.UNKNOWN_KEY
    if row[0] == "late":
        ring("timers")
    return Pinged.TAKEN


def take_request(key: str) -> Pinged:
    """Take a sign outside a request of Django, which would look after the connection."""
    close_old_connections()
    try:
        return take_ping(key)
    finally:
        close_old_connections()
