"""List the tools whose webhooks can be read. A new tool is one file and one line."""

from incidents.intake.adapters import alertmanager, generic, grafana
from incidents.intake.adapters.adapter import Adapter

# In the order in which people choose: the usual ones first, the catch-all last.
ADAPTERS: dict[str, Adapter] = {
    adapter.tool: adapter
    for adapter in (
        alertmanager.ADAPTER,
        grafana.ADAPTER,
        generic.ADAPTER,
    )
}

TOOL_CHOICES: list[tuple[str, str]] = [(a.tool, a.name) for a in ADAPTERS.values()]
