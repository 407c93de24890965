"""Notes when each consumer last came to its end; what watches the loop reads it."""

from datetime import datetime

from incidents.timers.models import Tick


def note_tick(consumer: str, now: datetime) -> None:
    """Note that a consumer has looked at everything that was waiting."""
    Tick.objects.bulk_create(
        [Tick(consumer=consumer, ran_at=now)],
        update_conflicts=True,
        unique_fields=["consumer"],
        update_fields=["ran_at"],
    )
