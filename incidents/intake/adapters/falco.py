"""Read the events of Falco, as Falcosidekick's webhook output posts them.

An event is a moment, not a state: it fires and nothing ever ends it. The dedup key is
the rule with the place where it matched: namespace and pod, else the container, else
the host. So the same rule in the same pod counts up while its incident is open. The
test of Falcosidekick is shown and opens nothing.

>>> body = b'''{"rule": "Terminal shell in container", "priority": "Warning",
...   "output": "A shell was spawned", "hostname": "gpu-7", "output_fields":
...   {"k8s.ns.name": "evals", "k8s.pod.name": "runner-0"}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.severity
('falco:Terminal shell in container:evals/runner-0', 'medium')
>>> alert.title
'Terminal shell in container in evals/runner-0'
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import TRIAL_SUMMARY, TRIAL_TITLE, Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_PRIORITIES = {
    "emergency": "critical",
    "alert": "critical",
    "critical": "critical",
    "error": "high",
    "warning": "medium",
    "notice": "low",
    "informational": "info",
    "info": "info",
    "debug": "info",
}
_TEST_OUTPUT = "This is a test from falcosidekick"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one event. Raises Unreadable."""
    message = base.read_object(body)
    rule = base.first_text(message.get("rule"))
    if not rule:
        remedy = "send Falco's JSON with the name of the rule"
        raise base.Unreadable("rule", message.get("rule"), remedy)
    priority = base.as_text(message.get("priority")).strip().lower()
    happened_at = read_instant(message.get("time"))
    place = _place(message)
    alert = ParsedAlert(
        dedup_key=base.key_of("falco", rule, place),
        status="firing",
        title=f"{rule} in {place}" if place else rule,
        summary=base.first_text(message.get("output")),
        severity=_PRIORITIES.get(priority, "unknown"),
        severity_told=priority,
        started_at=happened_at,
        event_at=happened_at,
        labels=_labels(message),
    )
    return alone(alert, is_test=message.get("output") == _TEST_OUTPUT)


def _place(message: Mapping[str, Any]) -> str:
    fields = base.mapping_at(message, "output_fields")
    name = base.first_text(fields.get("k8s.pod.name"), fields.get("ka.target.name"))
    namespace = base.first_text(
        fields.get("k8s.ns.name"), fields.get("ka.target.namespace")
    )
    if name:
        return f"{namespace}/{name}"
    return base.first_text(fields.get("container.id"), message.get("hostname"))


def _labels(message: Mapping[str, Any]) -> dict[str, str]:
    fields = base.mapping_at(message, "output_fields")
    return base.labels_of(
        {
            "hostname": message.get("hostname"),
            "priority": message.get("priority"),
            "source": message.get("source"),
        },
        # The time differs in each event: it would make labels that none share.
        labels_of_tags(message.get("tags")) | base.without(fields, "evt.time"),
    )


def trial(now: datetime) -> dict[str, object]:
    """Return an event of priority Debug, as the test button posts it."""
    return {
        "rule": TRIAL_TITLE,
        "output": TRIAL_SUMMARY,
        "priority": "Debug",
        "time": now.isoformat(),
    }


ADAPTER = Adapter(
    "falco",
    "Falco",
    parse,
    setup="Run Falcosidekick beside Falco, with json_output on, and give it in its "
    "config.yaml, or as values of its Helm chart, what stands below.",
    docs_url="https://github.com/falcosecurity/falcosidekick/blob/master/docs/outputs/"
    "webhook.md",
    snippet="webhook:\n  address: {url}\n  minimumpriority: warning",
    trial=trial,
    sends_resolved=False,
)
