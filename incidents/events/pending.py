"""What waits for a consumer: rows made with the entry, deleted with the effect.

A consumer works by membership (whatever row it can claim), never by "id greater than
the last one seen": ids commit out of order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from incidents.events.models import Pending

SEALER = "sealer"


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who looks at entries of some kinds, through which task on which queue."""

    name: str
    kinds: frozenset[str]


_consumers: dict[str, Consumer] = {}


def register_consumer(name: str, *, kinds: Iterable[str]) -> None:
    """Have a pending row made for each entry of these kinds; call it in ready()."""
    _consumers[name] = Consumer(name, frozenset(kinds))


def consumers_of(kind: str) -> list[str]:
    """Return the names of those who wait for this kind, the sealer left out."""
    return [consumer.name for consumer in _consumers.values() if kind in consumer.kinds]


def claim(consumer: str, *, limit: int, only: int | None = None) -> list[Pending]:
    """Lock the oldest rows that nobody else holds. Requires an open transaction.

    `only` claims that row alone, if it still waits.
    """
    rows = Pending.objects.filter(consumer=consumer)
    if only is not None:
        rows = rows.filter(pk=only)
    return list(rows.order_by("id").select_for_update(skip_locked=True)[:limit])


def drop(rows: Sequence[Pending]) -> None:
    """Delete claimed rows, in the transaction of their effect."""
    Pending.objects.filter(pk__in=[row.pk for row in rows]).delete()
