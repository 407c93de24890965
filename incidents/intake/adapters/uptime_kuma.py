"""Read what Uptime Kuma's webhook notification posts, as JSON or as a form.

The monitor's number is the dedup key. Its status decides: 0 (down) fires, 1 (up) ends;
2 (pending) and 3 (maintenance) give no alert. Times without a zone are UTC. Uptime Kuma
has no severities: a tag of the monitor named *severity* sets one.

The test button and the warning of a certificate's end carry no monitor, only a text.
The first ends in *Testing*: it is shown and opens nothing. The second fires, keyed by
its text without the days that are left, and nothing ever ends it.

Of the monitor only its name, kind, address and tags are kept: old versions send its
password too.

>>> body = b'''{"heartbeat": {"monitorID": 4, "status": 0, "msg": "timeout"},
...   "monitor": {"id": 4, "name": "Inference API"}, "msg": "[Inference API] Down"}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.title
('kuma:4', 'firing', 'Inference API is down')
"""

import re
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
from incidents.intake.adapters.forms import read_body
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_STATES: dict[str, Status | None] = {
    "0": "firing",
    "1": "resolved",
    "2": None,
    "3": None,
}
_DIGITS = re.compile(r"[0-9]+")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one notification. Raises Unreadable."""
    message = read_body(body, headers=headers, field="data")
    heartbeat = base.mapping_at(message, "heartbeat")
    if not heartbeat:
        return _text_only(base.first_text(message.get("msg")))
    value = heartbeat.get("status")
    status = base.read_state(value, _STATES, field="heartbeat.status")
    if status is None:
        reason = "A monitor that is pending or in maintenance gives no alert."
        return ParsedDelivery((), ignored=reason)
    return alone(_alert(heartbeat, base.mapping_at(message, "monitor"), status))


def _text_only(text: str) -> ParsedDelivery:
    if not text:
        remedy = "send heartbeat and monitor, with the body JSON or form-data"
        raise base.Unreadable("heartbeat", None, remedy)
    if text.endswith("Testing"):
        reason = "This is Uptime Kuma's test button."
        return ParsedDelivery((), is_test=True, ignored=reason)
    key = base.key_of("kuma", "message", _DIGITS.sub("", text))
    return alone(ParsedAlert(key, "firing", text))


def _alert(
    heartbeat: Mapping[str, Any], monitor: Mapping[str, Any], status: Status
) -> ParsedAlert:
    key = base.first_text(monitor.get("id"), heartbeat.get("monitorID"))
    if not key:
        raise base.Unreadable(
            "monitor.id", monitor.get("id"), "send the monitor's number"
        )
    name = base.first_text(
        monitor.get("pathName"), monitor.get("name"), f"Monitor {key}"
    )
    labels = base.labels_of(
        {
            "monitor": name,
            "type": monitor.get("type"),
            "hostname": monitor.get("hostname"),
        },
        labels_of_tags(monitor.get("tags")),
    )
    changed_at = read_instant(heartbeat.get("time"))
    return ParsedAlert(
        dedup_key=base.key_of("kuma", key),
        status=status,
        title=f"{name} is {'down' if status == 'firing' else 'up'}",
        summary=base.first_text(heartbeat.get("msg")),
        severity=base.severity_word(labels.get("severity")),
        started_at=changed_at if status == "firing" else None,
        ended_at=changed_at,
        event_at=changed_at,
        labels=labels,
        url=base.safe_url(monitor.get("url")),
    )


def trial(now: datetime) -> dict[str, object]:
    """Return a monitor that is down, as the test button posts it."""
    heartbeat = {
        "status": 0,
        "time": now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "msg": TRIAL_SUMMARY,
    }
    monitor = {
        "id": TRIAL_KEY,
        "name": TRIAL_TITLE,
        "tags": [{"name": "severity", "value": "info"}],
    }
    return {"heartbeat": heartbeat, "monitor": monitor, "msg": TRIAL_TITLE}


ADAPTER = Adapter(
    "uptime_kuma",
    "Uptime Kuma",
    parse,
    setup="Under Settings, Notifications, set up one of type Webhook with the address below "
    "as Post URL and the request body application/json, and apply it to the monitors. A "
    "tag severity with a value such as critical on a monitor sets its severity.",
    docs_url="https://github.com/louislam/uptime-kuma/wiki/Notification-Methods",
    trial=trial,
)
