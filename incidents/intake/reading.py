"""Read the deliveries of one batch, each by its tool's adapter.

A storm says the same again and again: equal words of one source are read once for the
batch, unless what they say depends on the instant at which they came.
"""

from typing import Any, Final

from incidents.intake.adapters.base import ParsedDelivery, Unreadable
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.claims import Claimed
from incidents.intake.models import Source

# What an adapter may ask about the delivery; all else it knows from words and source.
OWN: Final = frozenset({"received_at", "uid"})

_Words = tuple[int, bytes, tuple[tuple[str, str], ...]]


class _Options(dict[str, Any]):
    """What an adapter is told beside the body; notes whether it asked for the instant."""

    is_timed = False

    def __getitem__(self, name: str) -> Any:
        self.is_timed |= name in OWN
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.is_timed |= name in OWN
        return super().get(name, default)


class Reader:
    """Reads deliveries and remembers what the same words said."""

    def __init__(self) -> None:
        self._known: dict[_Words, ParsedDelivery] = {}

    def read(self, delivery: Claimed, source: Source) -> ParsedDelivery:
        """Return what a delivery says. Raises Unreadable."""
        headers = tuple(sorted(delivery.headers.items()))
        words = (delivery.source_id, delivery.body, headers)
        known = self._known.get(words)
        if known is not None:
            return known
        adapter = ADAPTERS.get(source.tool)
        if adapter is None:
            raise Unreadable("tool", source.tool, f"use one of {', '.join(ADAPTERS)}")
        options = _Options(
            mapping=source.mapping, received_at=delivery.received_at, uid=delivery.uid
        )
        parsed = adapter.parse(delivery.body, headers=delivery.headers, options=options)
        if not options.is_timed:
            self._known[words] = parsed
        return parsed
