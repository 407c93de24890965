"""Do not take a pause of ours for one of the senders.

An alert ends when nothing is heard of it for too long. While intake did not run, senders
may have been turned away, or what they sent was not read: that time does not count.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction

from incidents.timers.models import Tick

CONSUMER: Final = "intake"
# Less than this senders bridge by themselves: they allow for some messages that are lost.
PAUSE: Final = timedelta(minutes=1)

# Rows are locked in the order in which all take them.
_PUSH: Final = """
WITH expecting AS MATERIALIZED (
    SELECT id FROM tocsin_alert
    WHERE status = 'firing' AND expires_at > %(since)s
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE tocsin_alert AS a SET expires_at = a.expires_at + %(pause)s
FROM expecting WHERE a.id = expecting.id
"""

log = structlog.get_logger(__name__)


def bridge_pause(now: datetime) -> int:
    """Let alerts live longer by the time in which intake did not run; returns how many.

    To be called once what waited has been read, and before alerts are ended.
    """
    with transaction.atomic():
        ticks = Tick.objects.select_for_update().filter(consumer=CONSUMER)
        tick = ticks.first()
        if tick is None or now - tick.ran_at < PAUSE:
            return 0
        pause = now - tick.ran_at
        with connection.cursor() as cursor:
            values: dict[str, Any] = {"since": tick.ran_at, "pause": pause}
            cursor.execute(_PUSH, values)
            count = int(cursor.rowcount)
        # Another worker that has seen the same pause finds it bridged.
        ticks.update(ran_at=now)
    log.warning(
        "intake_pause_bridged", seconds=int(pause.total_seconds()), alerts=count
    )
    return count
