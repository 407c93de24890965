"""Read what Prometheus Alertmanager posts to a webhook receiver.

One body holds one group of alerts; its own status is *firing* as long as any alert
fires, so only the status of each alert counts. Without group labels (a group key that
ends in `:{}`) everything of a route would share one group, so each alert then is a
group of its own.

A body shortened at the sender says so in `truncatedAlerts`: the missing alerts may
never be reported as resolved.

>>> body = b'''{"groupKey": "{}:{alertname=Egress}", "status": "firing", "alerts":
...   [{"status": "resolved", "fingerprint": "c0ffee", "endsAt": "2026-11-23T05:00:00Z",
...     "labels": {"alertname": "Egress", "severity": "page"}}]}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity, alert.group_key
('am:c0ffee', 'resolved', 'critical', 'am:group:{}:{alertname=Egress}')
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
from incidents.intake.adapters.times import read_instant

_STATUSES: dict[str, Status] = {"firing": "firing", "resolved": "resolved"}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one notification. Raises Unreadable."""
    return ParsedDelivery(
        alerts=parse_group(group := base.read_object(body)),
        truncated=truncated_count(group),
    )


def parse_group(group: Mapping[str, Any]) -> tuple[ParsedAlert, ...]:
    """Return the alerts of one group. Raises Unreadable."""
    alerts = base.read_alerts(group)
    return tuple(
        _parse_alert(alert, group, field=f"alerts[{index}]")
        for index, alert in enumerate(alerts)
    )


def truncated_count(group: Mapping[str, Any]) -> int:
    """Return how many alerts the sender left out."""
    count = group.get("truncatedAlerts")
    return max(count, 0) if isinstance(count, int) else 0


def _parse_alert(
    alert: Mapping[str, Any], group: Mapping[str, Any], *, field: str
) -> ParsedAlert:
    labels = base.mapping_at(alert, "labels")
    annotations = base.mapping_at(alert, "annotations")
    status = read_status(alert, group, field=field)
    started_at, ended_at, event_at = read_times(alert, status=status)
    dedup_key = base.key_of("am", read_fingerprint(alert, field=field))
    title = base.first_text(
        annotations.get("summary"),
        annotations.get("title"),
        labels.get("alertname"),
        "Alert without a name",
    )
    title = base.one_line(title)
    return ParsedAlert(
        dedup_key=dedup_key,
        status=status,
        title=title,
        summary=read_summary(annotations),
        severity=base.severity_word(labels.get("severity")),
        started_at=started_at,
        ended_at=ended_at,
        event_at=event_at,
        labels=base.clean_labels(labels),
        url=base.safe_url(
            annotations.get("runbook_url"),
            annotations.get("dashboard"),
            annotations.get("dashboard_url"),
            alert.get("generatorURL"),
        ),
        group_key=read_group_key(group, prefix="am") or dedup_key,
        group_title=read_group_title(group) or title,
    )


def read_status(
    alert: Mapping[str, Any], group: Mapping[str, Any], *, field: str
) -> Status:
    """Return the alert's own status, the group's where it has none."""
    value = alert.get("status") or group.get("status") or "firing"
    status = _STATUSES.get(base.as_text(value).strip().lower())
    if status is None:
        raise base.Unreadable(f"{field}.status", value, "send firing or resolved")
    return status


def read_fingerprint(alert: Mapping[str, Any], *, field: str) -> str:
    """Return what identifies the alert; old versions send only its labels."""
    fingerprint = base.first_text(alert.get("fingerprint"))
    if fingerprint:
        return fingerprint
    labels = alert.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise base.Unreadable(f"{field}.labels", labels, "send the alert's labels")
    return base.fingerprint_of(labels)


def read_times(
    alert: Mapping[str, Any], *, status: Status
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Return start, end, and the moment of the change that is reported.

    The end of an alert that still fires is only the sender's own timeout.
    """
    started_at = read_instant(alert.get("startsAt"))
    if status == "firing":
        return started_at, None, started_at
    ended_at = read_instant(alert.get("endsAt"))
    return started_at, ended_at, ended_at


def read_summary(annotations: Mapping[str, Any]) -> str:
    """Return the longer text of an alert."""
    return base.many_lines(
        base.first_text(annotations.get("description"), annotations.get("message"))
    )


def read_group_key(group: Mapping[str, Any], *, prefix: str) -> str:
    """Return the group's key, nothing where alerts are not grouped."""
    key = base.first_text(group.get("groupKey"))
    if not key or key.endswith(":{}"):
        return ""
    return base.key_of(prefix, "group", key)


def read_group_title(group: Mapping[str, Any]) -> str:
    """Return a title from what the alerts of the group have in common."""
    labels = dict(base.mapping_at(group, "groupLabels"))
    if not labels:
        return ""
    common = base.mapping_at(group, "commonLabels")
    name = base.first_text(labels.pop("alertname", None), common.get("alertname"))
    rest = ", ".join(f"{key} {base.as_text(labels[key])}" for key in sorted(labels))
    return base.one_line(f"{name} ({rest})" if name and rest else name or rest)


def trial(now: datetime) -> dict[str, object]:
    """Return a group of one alert, as the test button posts it."""
    labels = {"alertname": TRIAL_TITLE, "severity": "info", "tocsin": "trial"}
    annotations = {"summary": TRIAL_TITLE, "description": TRIAL_SUMMARY}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": now.isoformat(),
        "fingerprint": TRIAL_KEY,
    }
    return {
        "version": "4",
        "status": "firing",
        "groupKey": f'{{}}:{{alertname="{TRIAL_KEY}"}}',
        "groupLabels": {"alertname": TRIAL_TITLE},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "alerts": [alert],
    }


ADAPTER = Adapter(
    "alertmanager",
    "Prometheus Alertmanager",
    parse,
    setup="Add a receiver with webhook_configs, give it the address below as url and "
    "leave send_resolved on.",
    docs_url="https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    snippet="receivers:\n  - name: tocsin\n    webhook_configs:\n"
    "      - url: {url}\n        send_resolved: true",
    trial=trial,
)
