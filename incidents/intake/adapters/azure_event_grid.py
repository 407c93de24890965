"""Read what Azure Event Grid posts: a list of events, in its own schema or CloudEvents.

- *SubscriptionValidationEvent* and *SubscriptionDeletedEvent* are ignored. The first is
  answered with its code when it comes, which confirms the subscription.
- *MachineLearningServices.DatasetDriftDetected* fires, keyed by DataDriftId, and never
  resolves. A drift coefficient from 0.8 is high, from 0.5 medium, from 0.1 low, and
  less is info.
- *MachineLearningServices.RunStatusChanged* fires, keyed by the run, when the run
  failed; other states, models that were registered or deployed and runs that were
  completed change nothing and are ignored.
- *KeyVault…Expired* is high, *…NearExpiry* low, keyed by vault, kind and name; a new
  version of the object resolves both.
- *ResourceNotifications…AvailabilityStatusChanged* is keyed by the resource; Available
  resolves.

Any other event was subscribed to on purpose: it fires, keyed by topic, subject and
type, and never resolves.

>>> body = b'[{"eventType": "Microsoft.MachineLearningServices.DatasetDriftDetected", \
"data": {"DataDriftId": "d1", "DataDriftName": "Prompts", "DriftCoefficient": 0.9}}]'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.title, alert.severity
('azure-drift:d1', 'Dataset drift: Prompts', 'high')
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.times import read_instant

Read = Callable[[Mapping[str, Any]], ParsedAlert | str]

# How much a data set must have drifted to count as so severe; the worst first.
_DRIFTS = ((0.8, "high"), (0.5, "medium"), (0.1, "low"))
VALIDATION_EVENT = "Microsoft.EventGrid.SubscriptionValidationEvent"
VALIDATION_REASON = (
    "Event Grid asked whether this address wants its events, and was told that it does."
)
_ML = "Microsoft.MachineLearningServices."
_CHANGE = "A model or run has changed; nothing is wrong."
_IGNORED = {
    VALIDATION_EVENT: VALIDATION_REASON,
    "Microsoft.EventGrid.SubscriptionDeletedEvent": "The subscription was deleted: no "
    "more events come from it.",
    f"{_ML}ModelRegistered": _CHANGE,
    f"{_ML}ModelDeployed": _CHANGE,
    f"{_ML}RunCompleted": _CHANGE,
}
_VAULT_ENDINGS = ("NearExpiry", "Expired", "NewVersionCreated")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of the events. Raises Unreadable."""
    events = base.read_objects(body)
    readings = [
        _parse_event(_in_grid_schema(event), place=f"body[{index}]")
        for index, event in enumerate(events)
    ]
    alerts = tuple(found for found in readings if isinstance(found, ParsedAlert))
    reasons = [found for found in readings if isinstance(found, str)]
    return ParsedDelivery(alerts=alerts, ignored=reasons[0] if reasons else "")


def _in_grid_schema(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event with the names of Event Grid's own schema."""
    if "specversion" not in event:
        return event
    names = {"eventType": "type", "topic": "source", "eventTime": "time"}
    return {**event, **{ours: event.get(theirs) for ours, theirs in names.items()}}


def _parse_event(event: Mapping[str, Any], *, place: str) -> ParsedAlert | str:
    """Return the alert, or why there is none."""
    kind = base.first_text(event.get("eventType"))
    if not kind:
        remedy = "send events of Event Grid, each with its type"
        raise Unreadable(f"{place}.eventType", event.get("eventType"), remedy)
    if kind in _IGNORED:
        return _IGNORED[kind]
    if kind.startswith("Microsoft.KeyVault.") and kind.endswith(_VAULT_ENDINGS):
        found: ParsedAlert | str = _vault(event)
    elif kind.startswith("Microsoft.ResourceNotifications."):
        found = _health(event)
    else:
        found = _READERS.get(kind, _other)(event)
    if isinstance(found, str):
        return found
    at = read_instant(event.get("eventTime"))
    return base.tidied(base.timed(found, at))


def _drift(event: Mapping[str, Any]) -> ParsedAlert:
    data = base.mapping_at(event, "data")
    name = base.first_text(data.get("DataDriftName"), event.get("subject"))
    identity = base.first_text(data.get("DataDriftId"), name)
    coefficient = data.get("DriftCoefficient")
    return ParsedAlert(
        dedup_key=base.key_of("azure-drift", identity),
        status="firing",
        title=f"Dataset drift: {name}",
        summary=f"The drift coefficient is {base.as_text(coefficient)}."
        if base.as_text(coefficient)
        else "",
        severity=_drift_severity(coefficient),
        labels=_labels(event),
    )


def _drift_severity(coefficient: object) -> str:
    if isinstance(coefficient, bool) or not isinstance(coefficient, int | float):
        return "unknown"
    return next((word for least, word in _DRIFTS if coefficient >= least), "info")


def _run(event: Mapping[str, Any]) -> ParsedAlert | str:
    data = {k.lower(): v for k, v in base.mapping_at(event, "data").items()}
    state = base.first_text(data.get("runstatus"))
    if state.lower() != "failed":
        return f"The run's state {base.one_line(state)} is no trouble."
    name = base.first_text(data.get("experimentname"), event.get("subject"))
    run_id = base.first_text(data.get("runid"), event.get("subject"))
    return ParsedAlert(
        dedup_key=base.key_of("azure-run", run_id),
        status="firing",
        title=f"Run failed: {name}",
        labels=_labels(event),
    )


def _vault(event: Mapping[str, Any]) -> ParsedAlert:
    data = {k.lower(): v for k, v in base.mapping_at(event, "data").items()}
    kind = base.first_text(data.get("objecttype"), "Object")
    name = base.first_text(data.get("objectname"), event.get("subject"))
    vault = base.first_text(data.get("vaultname"), event.get("topic"))
    event_type = base.as_text(event.get("eventType"))
    is_new = event_type.endswith("NewVersionCreated")
    is_near = event_type.endswith("NearExpiry")
    ending = "expires soon" if is_near else "has expired"
    return ParsedAlert(
        dedup_key=base.key_of("azure-vault", vault, kind, name),
        status="resolved" if is_new else "firing",
        title=f"{kind} {name} of {vault} {'is renewed' if is_new else ending}",
        severity="unknown" if is_new else "low" if is_near else "high",
        labels=_labels(event),
    )


def _health(event: Mapping[str, Any]) -> ParsedAlert:
    data = base.mapping_at(event, "data")
    info = base.mapping_at(data, "resourceInfo")
    resource = base.first_text(info.get("id"), event.get("subject"))
    properties = base.mapping_at(info, "properties")
    state = base.first_text(properties.get("availabilityState"), "changed")
    status: Status = "resolved" if state.lower() == "available" else "firing"
    return ParsedAlert(
        dedup_key=base.key_of("azure-health", resource.lower()),
        status=status,
        title=f"{base.first_text(info.get('name'), resource)}: {state}",
        summary=base.first_text(properties.get("summary"), properties.get("title")),
        labels=_labels(event),
    )


def _other(event: Mapping[str, Any]) -> ParsedAlert:
    names = ("topic", "subject", "eventType")
    topic, subject, kind = (base.first_text(event.get(name)) for name in names)
    return ParsedAlert(
        dedup_key=base.key_of("azure-grid", topic, subject, kind),
        status="firing",
        title=f"{kind}: {subject}" if subject else kind,
        labels=_labels(event),
    )


def _labels(event: Mapping[str, Any]) -> dict[str, str]:
    known = {name: event.get(name) for name in ("topic", "subject", "eventType")}
    return base.labels_of(known, base.mapping_at(event, "data"))


_READERS: dict[str, Read] = {
    f"{_ML}DatasetDriftDetected": _drift,
    f"{_ML}RunStatusChanged": _run,
}


def trial(now: datetime) -> list[dict[str, object]]:
    """Return one event about a data set that drifted little, as the test button posts it."""
    return [
        {
            "id": TRIAL_KEY,
            "subject": TRIAL_KEY,
            "eventType": f"{_ML}DatasetDriftDetected",
            "eventTime": now.isoformat(),
            "dataVersion": "1",
            "data": {
                "DataDriftId": TRIAL_KEY,
                "DataDriftName": TRIAL_TITLE,
                "DriftCoefficient": 0.0,
                "Note": TRIAL_SUMMARY,
            },
        }
    ]


ADAPTER = Adapter(
    "azure_event_grid",
    "Azure Event Grid",
    parse,
    setup="Add an event subscription with endpoint type Webhook and the address below, "
    "and choose the event types that mean trouble. The validation that Azure then asks "
    "for is answered by itself.",
    docs_url="https://learn.microsoft.com/azure/event-grid/handler-webhooks",
    snippet="az eventgrid event-subscription create --name tocsin \\\n"
    "  --source-resource-id RESOURCE_ID --endpoint '{url}' \\\n"
    "  --included-event-types "
    "Microsoft.MachineLearningServices.DatasetDriftDetected \\\n"
    "    Microsoft.MachineLearningServices.RunStatusChanged",
    trial=trial,
    headers=("aeg-event-type", "aeg-subscription-name"),
)
