"""List the tools whose webhooks can be read. A new tool is one file and one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from incidents.intake.adapters import alertmanager, generic, grafana
from incidents.intake.adapters.base import ParsedDelivery


class Parse(Protocol):
    """Turn one raw body into alerts. Raises Unreadable and nothing else."""

    def __call__(
        self, body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
    ) -> ParsedDelivery:
        """Return what the delivery says."""
        ...


@dataclass(frozen=True, slots=True)
class Adapter:
    """One tool: its name in addresses, its name for people, how to set it up."""

    tool: str
    name: str
    docs: str
    parse: Parse


ADAPTERS: dict[str, Adapter] = {
    adapter.tool: adapter
    for adapter in (
        Adapter(
            "alertmanager",
            "Prometheus Alertmanager",
            "Add a receiver with `webhook_configs`, give it the address below as `url` "
            "and leave `send_resolved` on.",
            alertmanager.parse,
        ),
        Adapter(
            "grafana",
            "Grafana Alerting",
            "Add a contact point of type Webhook, put the address below as URL, method "
            "POST, and leave *Disable resolved message* off.",
            grafana.parse,
        ),
        Adapter(
            "generic",
            "Any tool that sends JSON",
            "Post a JSON object with at least a `title`; `status`, `dedup_key`, "
            "`severity`, `summary`, `started_at`, `url` and `labels` are read too. "
            "A mapping in the source's settings reads other shapes.",
            generic.parse,
        ),
    )
}

TOOL_CHOICES: list[tuple[str, str]] = [(a.tool, a.name) for a in ADAPTERS.values()]
