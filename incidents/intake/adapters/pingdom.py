"""Read what Pingdom posts when a check changes its state.

The check's number is the dedup key. *DOWN* fires and *UP* ends; of transaction checks
*FAILING* and *SUCCESS*. States that decide nothing (*UNKNOWN*, *UNCONFIRMED_DOWN*,
*PAUSED*) give no alert. The importance HIGH or LOW of the check is taken as the
severity, which is our choice, unless the check has a tag such as *severity-critical*.
See https://www.pingdom.com/resources/webhooks/

>>> body = b'''{"check_id": 803318, "check_name": "Inference API",
...   "current_state": "DOWN", "importance_level": "HIGH",
...   "state_changed_timestamp": 1795446245}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity, alert.title
('pingdom:803318', 'firing', 'high', 'Inference API is down')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_STATES: dict[str, Status | None] = {
    "down": "firing",
    "failing": "firing",
    "up": "resolved",
    "success": "resolved",
    "unknown": None,
    "unconfirmed_down": None,
    "paused": None,
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one change. Raises Unreadable."""
    message = base.read_object(body)
    state = message.get("current_state")
    status = base.read_state(state, _STATES, field="current_state")
    if status is None:
        return ParsedDelivery((), ignored=f"The state {state} decides nothing.")
    return alone(_alert(message, status))


def _alert(message: Mapping[str, Any], status: Status) -> ParsedAlert:
    key = base.first_text(message.get("check_id"))
    if not key:
        remedy = "send the check's number"
        raise base.Unreadable("check_id", message.get("check_id"), remedy)
    changed_at = read_instant(message.get("state_changed_timestamp"))
    params = base.mapping_at(message, "check_params")
    labels = base.labels_of(
        {
            "check": message.get("check_name"),
            "type": message.get("check_type"),
            "hostname": params.get("hostname"),
            "probe": base.mapping_at(message, "first_probe").get("location"),
        },
        labels_of_tags(message.get("tags")),
    )
    name = base.first_text(message.get("check_name"), f"Check {key}")
    told = base.first_text(labels.get("severity"), message.get("importance_level"))
    return ParsedAlert(
        dedup_key=base.key_of("pingdom", key),
        status=status,
        title=f"{name} is {'down' if status == 'firing' else 'up'}",
        summary=base.first_text(
            message.get("long_description"), message.get("description")
        ),
        severity=base.severity_word(told),
        severity_told=told,
        started_at=changed_at if status == "firing" else None,
        ended_at=changed_at,
        event_at=changed_at,
        labels=labels,
        url=base.safe_url(params.get("full_url")),
    )


def trial(now: datetime) -> dict[str, object]:
    """Return a check that went down, as the test button posts it."""
    return {
        "check_id": TRIAL_KEY,
        "check_name": TRIAL_TITLE,
        "current_state": "DOWN",
        "state_changed_timestamp": int(now.timestamp()),
        "long_description": TRIAL_SUMMARY,
        "tags": ["severity-info"],
    }


ADAPTER = Adapter(
    "pingdom",
    "Pingdom",
    parse,
    setup="Under Settings, Integrations, add a Webhook with the address below as URL, make "
    "it active, and tick it in each check under Connect Integrations.",
    docs_url="https://www.pingdom.com/resources/webhooks/",
    trial=trial,
)
