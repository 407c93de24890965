"""Tell how far the reading of deliveries has come, for whatever time does to alerts.

What a source said before an instant may still wait to be read. Until it is, time must
not be taken to have passed for its alerts: their end may lie in what waits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connection

# `+ 0` keeps the planner from walking through all that the source ever sent, in place
# of the few rows of the partial index delivery_pending.
_WAITING: Final = """
SELECT s.source_id, d.received_at
FROM unnest(%s::bigint[], %s::bigint[]) AS s (source_id, organisation_id)
CROSS JOIN LATERAL (
    SELECT received_at FROM tocsin_delivery
    WHERE organisation_id = s.organisation_id AND state = 'pending'
      AND source_id + 0 = s.source_id
    ORDER BY id LIMIT 1
) AS d
"""


def waiting_since(owners: Mapping[int, int]) -> dict[int, datetime]:
    """Return when the oldest delivery of each source came that still waits.

    `owners` is {source id: organisation id}. A source of which nothing waits is not in
    the result. One statement.
    """
    if not owners:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [list(owners), list(owners.values())])
        return dict(cursor.fetchall())
