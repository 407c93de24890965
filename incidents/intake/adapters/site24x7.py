"""Read what Site24x7's webhooks post, as JSON or as a form.

*DOWN*, *CRITICAL* and *TROUBLE* fire, *UP* ends; a monitor that is suspended, in
maintenance or not yet discovered gives no alert. The dedup key is the monitor's number
(from a field of ours or from the link to its dashboard), else its name.

CRITICAL counts as high and TROUBLE as medium; DOWN has the source's default. A tag
such as *severity:critical* sets any severity.

>>> body = b'''{"STATUS": "TROUBLE", "MONITORNAME": "Inference API", "REASON": "slow",
...   "MONITOR_DASHBOARD_LINK": "https://www.site24x7.com/app/home/monitors/77/Summary"}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity, alert.title
('site24x7:77', 'firing', 'medium', 'Inference API: TROUBLE')
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
    "down": "firing",
    "critical": "firing",
    "trouble": "firing",
    "up": "resolved",
    "suspended": None,
    "maintenance": None,
    "discovery in progress": None,
    "configuration error": None,
}
# What is read elsewhere or differs each time: the rest become labels.
_READ = (
    "STATUS",
    "MONITORNAME",
    "MONITORTYPE",
    "MONITOR_ID",
    "MONITOR_GROUPNAME",
    "MONITOR_DASHBOARD_LINK",
    "FAILED_LOCATIONS",
    "INCIDENT_REASON",
    "INCIDENT_TIME",
    "INCIDENT_TIME_ISO",
    "OUTAGE_TIME_UNIX_FORMAT",
    "REASON",
    "RCA_LINK",
    "TAGS",
    "ct",
)
_SEVERITIES = {"critical": "high", "trouble": "medium"}
_MONITOR = re.compile(r"/monitors/([^/?#\s]{1,100})")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one change. Raises Unreadable."""
    message = read_body(body, headers=headers)
    state = base.first_text(message.get("STATUS"))
    status = base.read_state(message.get("STATUS"), _STATES, field="STATUS")
    if status is None:
        return ParsedDelivery((), ignored=f"The state {state} decides nothing.")
    return alone(_alert(message, state, status))


def _alert(message: Mapping[str, Any], state: str, status: Status) -> ParsedAlert:
    name = base.first_text(message.get("MONITORNAME"))
    key = _number(message) or name
    if not key:
        remedy = "send the parameters MONITOR_ID or MONITORNAME"
        raise base.Unreadable("MONITORNAME", message.get("MONITORNAME"), remedy)
    labels = base.labels_of(
        {
            "monitor": name,
            "type": message.get("MONITORTYPE"),
            "group": message.get("MONITOR_GROUPNAME"),
            "locations": message.get("FAILED_LOCATIONS"),
        },
        base.without(message, *_READ) | labels_of_tags(message.get("TAGS")),
    )
    told = base.severity_word(labels.get("severity"))
    alert = ParsedAlert(
        dedup_key=base.key_of("site24x7", key),
        status=status,
        title=f"{name or key}: {state}",
        summary=base.first_text(message.get("INCIDENT_REASON"), message.get("REASON")),
        severity=_SEVERITIES.get(state.lower(), told) if told == "unknown" else told,
        severity_told="" if "severity" in labels else state,
        labels=labels,
        url=base.safe_url(
            message.get("RCA_LINK"),
            message.get("MONITOR_DASHBOARD_LINK"),
            message.get("MONITORURL"),
        ),
    )
    changed_at = base.first_text(message.get("INCIDENT_TIME_ISO"), message.get("ct"))
    return base.timed(alert, read_instant(changed_at))


def _number(message: Mapping[str, Any]) -> str:
    link = _MONITOR.search(base.as_text(message.get("MONITOR_DASHBOARD_LINK")))
    return base.first_text(message.get("MONITOR_ID"), link[1] if link else "")


def trial(now: datetime) -> dict[str, object]:
    """Return a monitor that went down, as the test button posts it."""
    return {
        "STATUS": "DOWN",
        "MONITORNAME": TRIAL_TITLE,
        "MONITOR_ID": TRIAL_KEY,
        "INCIDENT_REASON": TRIAL_SUMMARY,
        "INCIDENT_TIME_ISO": now.isoformat(),
        "TAGS": "severity:info",
    }


ADAPTER = Adapter(
    "site24x7",
    "Site24x7",
    parse,
    setup="Under Admin, Third-Party Integrations, add Webhooks: the address below as Hook "
    "URL, method POST, Post as JSON, and Send Incident Parameters on. Add the custom "
    "parameters below, so that a renamed monitor stays the same one.",
    docs_url="https://www.site24x7.com/help/admin/third-party-integration/webhooks.html",
    snippet='{"MONITOR_ID": "$MONITOR_ID", "TAGS": "$TAGS"}',
    trial=trial,
)
