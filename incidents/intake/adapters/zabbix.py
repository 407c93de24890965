"""Read what Zabbix posts with our media type.

Zabbix fixes no body, so the media type on the source's page does: its macros name the
event, the trigger and the severity. The problem's event is the dedup key, as a trigger
may have several at once; those of one trigger share an incident while it is open.
`event_value` decides: 1 (problem) fires, also when it is only updated, and 0 ends.
Events of discovery, registration and of Zabbix itself give no alert. A macro that
Zabbix does not know stays as it is written, or becomes *UNKNOWN*: it counts as empty.

>>> body = b'''{"event_id": "411", "event_value": "1", "event_source": "0",
...   "trigger_id": "77", "name": "Disk is full", "severity": "5", "host": "store-1",
...   "tags": [{"tag": "team", "value": "weights"}], "started_at": "1795446245"}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.group_key, alert.status, alert.severity
('zabbix:411', 'zabbix:trigger:77', 'firing', 'critical')
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

_VALUES: dict[str, Status] = {"1": "firing", "0": "resolved"}
# Zabbix' own word for each number, and ours.
_SEVERITIES = {
    "5": ("Disaster", "critical"),
    "4": ("High", "high"),
    "3": ("Average", "medium"),
    "2": ("Warning", "low"),
    "1": ("Information", "info"),
    "0": ("Not classified", "unknown"),
}
_QUIET_SOURCES = {"1": "discovery", "2": "registration", "3": "Zabbix itself"}
# What is read elsewhere or differs each time: parameters of one's own become labels.
_READ = (
    "event_id",
    "event_value",
    "event_source",
    "trigger_id",
    "name",
    "severity",
    "operational_data",
    "tags",
    "message",
    "started_at",
    "updated_at",
    "ended_at",
    "url",
)
_REMEDY = "import the media type from this source's page and send with it"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one event. Raises Unreadable."""
    message = base.read_object(body)
    quiet = _QUIET_SOURCES.get(_told(message, "event_source"))
    if quiet:
        return ParsedDelivery((), ignored=f"An event of {quiet} gives no alert.")
    key = _told(message, "event_id")
    if not key:
        raise base.Unreadable("event_id", message.get("event_id"), _REMEDY)
    value = message.get("event_value")
    status = base.read_state(value, _VALUES, field="event_value")
    return alone(_alert(message, key, status))


def _told(message: Mapping[str, Any], name: str) -> str:
    """Return the text of a field, nothing where Zabbix left its macro standing."""
    text = base.first_text(message.get(name))
    is_macro = text.startswith("{") and text.endswith("}")
    return "" if is_macro or text == "*UNKNOWN*" else text


def _alert(message: Mapping[str, Any], key: str, status: Status) -> ParsedAlert:
    trigger = _told(message, "trigger_id")
    told, severity = _SEVERITIES.get(_told(message, "severity"), ("", "unknown"))
    started_at = read_instant(_told(message, "started_at"))
    ended_at = read_instant(_told(message, "ended_at"))
    updated_at = read_instant(_told(message, "updated_at")) or started_at
    return ParsedAlert(
        dedup_key=base.key_of("zabbix", key),
        status=status,
        title=_title(message),
        summary=_told(message, "message") or _told(message, "operational_data"),
        severity=severity,
        severity_told=told,
        started_at=started_at,
        ended_at=ended_at,
        event_at=updated_at if status == "firing" else ended_at,
        labels=base.labels_of(
            {
                "host": _told(message, "host"),
                "host_ip": _told(message, "host_ip"),
                "trigger": trigger,
                "data": _told(message, "operational_data"),
            },
            {name: _told(message, name) for name in base.without(message, *_READ)}
            | labels_of_tags(message.get("tags")),
        ),
        url=base.safe_url(message.get("url")),
        group_key=base.key_of("zabbix", "trigger", trigger) if trigger else "",
    )


def _title(message: Mapping[str, Any]) -> str:
    name, host = _told(message, "name"), _told(message, "host")
    return f"{name} on {host}" if name and host and host not in name else name or host


def trial(now: datetime) -> dict[str, object]:
    """Return a problem of severity Information, as the test button posts it."""
    return {
        "event_id": TRIAL_KEY,
        "event_value": "1",
        "event_source": "0",
        "name": TRIAL_TITLE,
        "message": TRIAL_SUMMARY,
        "severity": "1",
        "started_at": str(int(now.timestamp())),
    }


ADAPTER = Adapter(
    "zabbix",
    "Zabbix",
    parse,
    setup="Import this file under Alerts, Media types, give the media type to a user (Send "
    "to: any text), and use it in a trigger action for the operations, the recovery "
    "operations and the update operations.",
    docs_url="https://www.zabbix.com/documentation/current/en/manual/config/"
    "notifications/media/webhook",
    snippet="""zabbix_export:
  version: '6.0'
  media_types:
    - name: Tocsin
      type: WEBHOOK
      parameters:
        - {name: address, value: '{url}'}
        - {name: event_id, value: '{EVENT.ID}'}
        - {name: event_value, value: '{EVENT.VALUE}'}
        - {name: event_source, value: '{EVENT.SOURCE}'}
        - {name: trigger_id, value: '{TRIGGER.ID}'}
        - {name: name, value: '{EVENT.NAME}'}
        - {name: severity, value: '{EVENT.NSEVERITY}'}
        - {name: host, value: '{HOST.NAME}'}
        - {name: host_ip, value: '{HOST.IP}'}
        - {name: operational_data, value: '{EVENT.OPDATA}'}
        - {name: tags, value: '{EVENT.TAGSJSON}'}
        - {name: message, value: '{ALERT.MESSAGE}'}
        - {name: started_at, value: '{EVENT.TIMESTAMP}'}
        - {name: updated_at, value: '{EVENT.UPDATE.TIMESTAMP}'}
        - {name: ended_at, value: '{EVENT.RECOVERY.TIMESTAMP}'}
      script: |
        var body = JSON.parse(value), request = new HttpRequest();
        var address = body.address;
        delete body.address;
        try { body.tags = JSON.parse(body.tags); } catch (error) { delete body.tags; }
        request.addHeader('Content-Type: application/json');
        request.post(address, JSON.stringify(body));
        if (request.getStatus() !== 202) {
          throw 'Tocsin answered ' + request.getStatus();
        }
        return 'OK';
      message_templates:
        - event_source: TRIGGERS
          operation_mode: PROBLEM
        - event_source: TRIGGERS
          operation_mode: RECOVERY
        - event_source: TRIGGERS
          operation_mode: UPDATE""",
    trial=trial,
)
