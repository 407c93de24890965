"""Say what each published body means: which adapter reads it, and to which alerts.

The bodies are kept beside the checkout, in a folder for each tool, as their makers
publish them. Each row here is {folder/name: Meaning}.
"""

from dataclasses import dataclass, field

Alerts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Meaning:
    """The alerts as (status, severity), or the start of why a body gives none.

    `ignored` is a known event that changes nothing, `unreadable` a body that is not the
    tool's (such as the answer of an API). `guessed` says what no document settles.
    """

    tool: str
    alerts: Alerts = ()
    ignored: str = ""
    unreadable: str = ""
    is_test: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    guessed: str = ""


FIRING_CRITICAL: Alerts = (("firing", "critical"),)
FIRING_UNKNOWN: Alerts = (("firing", "unknown"),)
RESOLVED_UNKNOWN: Alerts = (("resolved", "unknown"),)

MEANINGS = {
    "alertmanager/firing-failed-connect-v3-numeric-groupkey": Meaning(
        "alertmanager", FIRING_CRITICAL
    ),
    "alertmanager/firing-thing-dead-v4": Meaning("alertmanager", FIRING_CRITICAL),
    "alertmanager/resolved-instance-down": Meaning(
        "alertmanager", (("resolved", "critical"),)
    ),
    "grafana/legacy-alerting-cpu": Meaning("grafana", FIRING_UNKNOWN),
    "grafana/legacy-ok-cpu": Meaning("grafana", RESOLVED_UNKNOWN),
    "grafana/unified-resolved-load-avg": Meaning("grafana", RESOLVED_UNKNOWN),
}
