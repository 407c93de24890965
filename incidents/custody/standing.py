"""Looks whether values stand that the record says are erased: a backup brought them back.

Looked at when a worker starts, which a restore ends in, and every hour; what was found
is kept, since a probe asks every few seconds and the question reads every erasure.
"""

from datetime import datetime
from typing import Final

from django.db import connection

from incidents.custody.models import StandingCheck

_STANDING: Final = """
SELECT count(*) FROM tocsin_erased AS x
  JOIN tocsin_disclosure AS d ON d.entry_id = x.entry_id AND d.name = x.name
"""


def check_standing(now: datetime) -> int:
    """Count the values that stand, and keep the count."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        count = int(cursor.fetchone()[0])
    StandingCheck.objects.update_or_create(
        pk=1, defaults={"checked_at": now, "value_count": count}
    )
    return count


def standing_values() -> int:
    """Return how many stood at the last look, 0 before the first."""
    count = StandingCheck.objects.values_list("value_count", flat=True).first()
    return count or 0
