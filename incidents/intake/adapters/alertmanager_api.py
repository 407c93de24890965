"""Read alerts posted to Alertmanager's API v2, which is answered at `/am/<key>/api/v2/`.

Prometheus (or `amtool alert add`) posts here as to an Alertmanager: a list of alerts,
all of them again every minute while they fire. An alert is its set of labels. One whose
`endsAt` is past at its receipt is resolved; else it fires until then, five minutes where
none is given, unless it is sent again. So what counts is the order of receipt, not
`startsAt`: an alert that ended here because its Prometheus was away fires again with the
same start.

An Alertmanager groups by its configuration; without one, alerts of the same `alertname`
are one incident.

>>> body = b'[{"labels": {"alertname": "DiskFull", "severity": "critical"}}]'
>>> now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
>>> [alert] = parse(body, headers={}, options={"received_at": now}).alerts
>>> alert.status, alert.title, alert.severity, alert.expires_at.isoformat()
('firing', 'DiskFull', 'critical', '2026-11-23T12:05:00+00:00')
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.times import parse_instant

# Alertmanager's own default of `resolve_timeout`.
RESOLVE_AFTER: Final = timedelta(minutes=5)
MAX_PROBLEMS: Final = 20

_REMEDY: Final = "send alerts as Alertmanager's API v2 describes them"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts that are valid. Raises Unreadable where none is."""
    posted = read_list(body)
    told = options.get("received_at")
    received_at = told if isinstance(told, datetime) else datetime.now(UTC)
    alerts = [_parse_alert(a, received_at) for a in posted if not problem_of(a)]
    problems = problems_of(posted)
    if problems and not alerts:
        raise Unreadable("alerts", listed(problems), _REMEDY)
    if not posted:
        return ParsedDelivery((), ignored="The list of alerts is empty.")
    return ParsedDelivery(tuple(alerts), refused=listed(problems))


def read_list(body: bytes) -> list[Any]:
    """Return the posted list. Raises Unreadable."""
    try:
        posted = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        remedy = f"send a JSON list in UTF-8 ({error})"
        raise Unreadable("body", body[: base.MAX_SHOWN], remedy) from None
    if not isinstance(posted, list):
        raise Unreadable("body", posted, "send a JSON list of alerts")
    return posted


def problems_of(posted: list[Any]) -> list[str]:
    """Return what is wrong with each alert that is not valid, in their order."""
    return [problem for alert in posted if (problem := problem_of(alert))]


def listed(problems: list[str]) -> str:
    """Return the first problems in one text, and how many more there are."""
    rest = len(problems) - MAX_PROBLEMS
    more = [f"and {rest} more"] if rest > 0 else []
    return "; ".join([*problems[:MAX_PROBLEMS], *more])


def problem_of(alert: object) -> str:
    """Return what Alertmanager says is wrong with an alert; nothing if it is valid."""
    if not isinstance(alert, dict):
        return "an alert must be an object"
    if "alerts" in alert:
        return "a group of alerts is no alert"
    for name in ("labels", "annotations"):
        if problem := _problem_of_set(alert.get(name), name):
            return problem
    if not _labels(alert):
        return "at least one label pair required"
    if "" in _labels(alert):
        return 'invalid label set: invalid name ""'
    return _problem_of_times(alert)


def _problem_of_set(pairs: object, name: str) -> str:
    if pairs is None:
        return ""
    if not isinstance(pairs, dict):
        return f"{name} must be an object"
    if not all(isinstance(value, str) for value in pairs.values()):
        return f"{name} must have texts as values"
    return ""


def _problem_of_times(alert: Mapping[str, Any]) -> str:
    try:
        starts_at = parse_instant(alert.get("startsAt"), field="startsAt")
        ends_at = parse_instant(alert.get("endsAt"), field="endsAt")
    except Unreadable as error:
        return f"invalid {error.field} {error.value}"
    if starts_at and ends_at and ends_at < starts_at:
        return "start time must be before end time"
    return ""


def _labels(alert: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels; one with an empty value is none."""
    labels = base.mapping_at(alert, "labels")
    return {name: value for name, value in labels.items() if value}


def _parse_alert(alert: Mapping[str, Any], received_at: datetime) -> ParsedAlert:
    labels = _labels(alert)
    annotations = base.mapping_at(alert, "annotations")
    ends_at = parse_instant(alert.get("endsAt"), field="endsAt")
    started_at = parse_instant(alert.get("startsAt"), field="startsAt")
    is_over = ends_at is not None and ends_at <= received_at
    title = base.one_line(
        base.first_text(
            annotations.get("summary"),
            annotations.get("title"),
            labels.get("alertname"),
            "Alert without a name",
        )
    )
    dedup_key = base.key_of("am", base.fingerprint_of(labels))
    name = base.first_text(labels.get("alertname"))
    return ParsedAlert(
        dedup_key=dedup_key,
        status="resolved" if is_over else "firing",
        title=title or "Alert without a name",
        summary=base.many_lines(
            base.first_text(annotations.get("description"), annotations.get("message"))
        ),
        severity=base.severity_word(labels.get("severity")),
        started_at=started_at or (ends_at if is_over else received_at),
        ended_at=ends_at if is_over else None,
        event_at=received_at,
        labels=base.clean_labels(labels),
        url=base.safe_url(
            annotations.get("runbook_url"),
            annotations.get("dashboard"),
            alert.get("generatorURL"),
        ),
        group_key=base.key_of("am", "name", name) if name else dedup_key,
        group_title=base.one_line(name) or title,
        expires_at=None if is_over else ends_at or received_at + RESOLVE_AFTER,
    )


def trial(now: datetime) -> list[object]:
    """Return one alert, as the test button posts it."""
    labels = {"alertname": TRIAL_TITLE, "severity": "info", "tocsin": TRIAL_KEY}
    annotations = {"summary": TRIAL_TITLE, "description": TRIAL_SUMMARY}
    starts_at = now.isoformat()
    return [{"labels": labels, "annotations": annotations, "startsAt": starts_at}]


ADAPTER = Adapter(
    "alertmanager_api",
    "Prometheus, without an Alertmanager",
    parse,
    setup="Tell Prometheus that an Alertmanager is at the address below, or point "
    "amtool there.",
    docs_url="https://prometheus.io/docs/prometheus/latest/configuration/configuration/"
    "#alertmanager_config",
    snippet="alerting:\n  alertmanagers:\n    - scheme: {scheme}\n"
    "      path_prefix: {path}\n      static_configs:\n        - targets: [{host}]",
    trial=trial,
    address="{base}/am/{key}",
)
