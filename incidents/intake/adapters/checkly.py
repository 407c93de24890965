"""Read what Checkly's webhook channel posts with our template.

Checkly's body is a template; `alert_type` and `check_id` must stay in it. Types that
end in *RECOVERY* end the alert, failures and degradations fire. The check is the dedup
key; a certificate that runs out is an alert of its own, which nothing ever ends. A
degraded check counts as low; a tag such as *severity:critical* sets any severity.

>>> body = b'''{"alert_type": "ALERT_FAILURE", "check_id": "927a-2982",
...   "event": "Refusal canary has failed", "tags": "severity:critical,canary"}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('checkly:927a-2982', 'firing', 'critical')
"""

from collections.abc import Mapping
from datetime import datetime
from html import unescape
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

_CERTIFICATE = "alert_ssl"
_TYPES: dict[str, Status | None] = {
    "alert_failure": "firing",
    "alert_fail": "firing",
    "alert_failure_remain": "firing",
    "alert_failure_degraded": "firing",
    "alert_degraded": "firing",
    "alert_degraded_remain": "firing",
    "alert_degraded_failure": "firing",
    "alert_recovery": "resolved",
    "alert_degraded_recovery": "resolved",
    _CERTIFICATE: "firing",
    "no_alert": None,
}
# What is read elsewhere or differs in each run: the rest become labels.
_READ = (
    "event",
    "alert_type",
    "check_id",
    "check_name",
    "check_type",
    "group_name",
    "run_location",
    "api_check_response_status_code",
    "check_error_message",
    "check_result_id",
    "response_time",
    "started_at",
    "tags",
    "link",
    "uuid",
)
_DEGRADED = {"alert_degraded", "alert_degraded_remain", "alert_failure_degraded"}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one check. Raises Unreadable."""
    message = {
        # The template's engine writes texts for a page: quotes come as &quot;.
        name: unescape(value) if isinstance(value, str) else value
        for name, value in base.read_object(body).items()
    }
    kind = base.as_text(message.get("alert_type")).strip().lower()
    status = base.read_state(message.get("alert_type"), _TYPES, field="alert_type")
    if status is None:
        return ParsedDelivery((), ignored="Checkly says that this is no alert.")
    return alone(_alert(message, kind, status))


def _alert(message: Mapping[str, Any], kind: str, status: Status) -> ParsedAlert:
    key = base.first_text(message.get("check_id"))
    if not key:
        remedy = "leave check_id in the template of the webhook"
        raise base.Unreadable("check_id", message.get("check_id"), remedy)
    labels = base.labels_of(
        {
            "check": message.get("check_name"),
            "type": message.get("check_type"),
            "group": message.get("group_name"),
            "location": message.get("run_location"),
            "status_code": message.get("api_check_response_status_code"),
        },
        base.without(message, *_READ) | labels_of_tags(message.get("tags")),
    )
    alert = ParsedAlert(
        dedup_key=base.key_of("checkly", key, *_part(kind)),
        status=status,
        title=base.first_text(message.get("event"), message.get("check_name")),
        summary=base.first_text(message.get("check_error_message")),
        severity=_severity(labels, kind),
        severity_told="" if "severity" in labels else kind,
        labels=labels,
        url=base.safe_url(message.get("link")),
    )
    return base.timed(alert, read_instant(message.get("started_at")))


def _part(kind: str) -> list[str]:
    return ["certificate"] if kind == _CERTIFICATE else []


def _severity(labels: Mapping[str, str], kind: str) -> str:
    word = base.severity_word(labels.get("severity"))
    return "low" if word == "unknown" and kind in _DEGRADED else word


def trial(now: datetime) -> dict[str, object]:
    """Return a check that failed, as the test button posts it."""
    return {
        "event": TRIAL_TITLE,
        "alert_type": "ALERT_FAILURE",
        "check_id": TRIAL_KEY,
        "check_error_message": TRIAL_SUMMARY,
        "tags": "severity:info",
        "started_at": now.isoformat(),
    }


ADAPTER = Adapter(
    "checkly",
    "Checkly",
    parse,
    setup="Under Alerts, add a Webhook channel: method POST, the address below as URL, and "
    "this template as body. Leave Recovery on and subscribe the checks to it.",
    docs_url="https://www.checklyhq.com/docs/integrations/alerts/webhooks/",
    snippet="""{
  "event": "{{ALERT_TITLE}}",
  "alert_type": "{{ALERT_TYPE}}",
  "check_name": "{{CHECK_NAME}}",
  "group_name": "{{GROUP_NAME}}",
  "check_id": "{{CHECK_ID}}",
  "check_type": "{{CHECK_TYPE}}",
  "check_error_message": "{{CHECK_ERROR_MESSAGE}}",
  "api_check_response_status_code": "{{API_CHECK_RESPONSE_STATUS_CODE}}",
  "run_location": "{{RUN_LOCATION}}",
  "started_at": "{{STARTED_AT}}",
  "tags": "{{TAGS}}",
  "link": "{{RESULT_LINK}}"
}""",
    trial=trial,
)
