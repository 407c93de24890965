"""Put alerts and silences into the words of Alertmanager's API v2."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from incidents.errors import BadInput
from incidents.intake.adapters.alertmanager_api import RESOLVE_AFTER
from incidents.intake.adapters.base import Unreadable, many_lines, one_line
from incidents.intake.adapters.times import parse_instant
from incidents.intake.models import Alert, Source
from incidents.intake.silence_models import Silence
from incidents.intake.silences import SilenceDraft
from incidents.intake.suppression import LABEL_PREFIX
from incidents.intake.surfaces.fingerprint import fingerprint
from incidents.ledger.canonical import format_at

RECEIVER: Final = {"name": "tocsin"}
# What clients read as the version whose API this is.
VERSION: Final = "0.27.0"
CONFIG: Final = "route:\n  receiver: tocsin\nreceivers:\n  - name: tocsin\n"

_OPS: Final[Mapping[tuple[bool, bool], str]] = {
    (True, False): "=",
    (False, False): "!=",
    (True, True): "=~",
    (False, True): "!~",
}


def status_of(source: Source) -> dict[str, Any]:
    """Return what `amtool` asks before every command."""
    version = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion"), "")
    return {
        "cluster": {"name": "", "status": "disabled", "peers": []},
        "versionInfo": {**version, "revision": "tocsin", "version": VERSION},
        "config": {"original": CONFIG},
        "uptime": format_at(source.created_at),
    }


def alert_of(alert: Alert, silences: Mapping[str, Silence]) -> dict[str, Any]:
    """Return an alert; its annotations are the texts that were kept of it."""
    heard_at = alert.last_seen_at or alert.event_at
    silence = silences.get(alert.held_by)
    by = [str(silence.uid)] if silence else []
    annotations = {"summary": alert.title, "description": alert.summary}
    value = {
        "annotations": {n: text for n, text in annotations.items() if text},
        "endsAt": format_at(alert.expires_at or heard_at + RESOLVE_AFTER),
        "fingerprint": fingerprint(alert.labels),
        "receivers": [RECEIVER],
        "startsAt": format_at(alert.started_at or alert.event_at),
        "status": {
            "inhibitedBy": [],
            "mutedBy": [],
            "silencedBy": by,
            "state": "suppressed" if alert.held_by else "active",
        },
        "updatedAt": format_at(heard_at),
        "labels": alert.labels,
    }
    return {**value, "generatorURL": alert.url} if alert.url else value


def groups_of(
    alerts: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return alerts in groups of equal values of these labels."""
    groups: dict[tuple[tuple[str, str], ...], list[Mapping[str, Any]]] = {}
    for alert in alerts:
        labels = alert["labels"]
        key = tuple((name, labels[name]) for name in names if name in labels)
        groups.setdefault(key, []).append(alert)
    return [
        {"labels": dict(key), "receiver": RECEIVER, "alerts": members}
        for key, members in sorted(groups.items())
    ]


def silence_of(silence: Silence, now: datetime) -> dict[str, Any]:
    """Return a silence; a condition that is no label's stands under its own name."""
    state = silence.state_at(now)
    changed_at = silence.ends_at if state == "expired" else silence.made_at
    author = silence.author_name or str(silence.author or "")
    return {
        "id": str(silence.uid),
        "status": {"state": state},
        "updatedAt": format_at(changed_at),
        "comment": silence.reason,
        "createdBy": author,
        "startsAt": format_at(silence.starts_at),
        "endsAt": format_at(silence.ends_at),
        "matchers": [_matcher_of(matcher) for matcher in silence.matchers],
    }


def _matcher_of(matcher: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": matcher["field"].removeprefix(LABEL_PREFIX),
        "value": str(matcher["value"]),
        "isRegex": matcher["op"] in ("=~", "!~"),
        "isEqual": matcher["op"] in ("=", "=~"),
    }


def draft_of(posted: object, source: Source) -> tuple[SilenceDraft, str, str]:
    """Return the silence that was posted, who made it, and the id of one to replace.

    Raises BadInput.
    """
    if not isinstance(posted, dict):
        raise BadInput("body", posted, "Send an object.")
    matchers = posted.get("matchers")
    if not isinstance(matchers, list) or not matchers:
        raise BadInput("matchers", matchers, "Send a list of at least one matcher.")
    draft = SilenceDraft(
        matchers=[_matcher_in(matcher) for matcher in matchers],
        starts_at=_instant(posted, "startsAt"),
        ends_at=_instant(posted, "endsAt"),
        reason=many_lines(str(posted.get("comment") or "")),
        source=source,
    )
    return (
        draft,
        one_line(str(posted.get("createdBy") or "")),
        str(posted.get("id") or ""),
    )


def _matcher_in(matcher: object) -> dict[str, object]:
    if not isinstance(matcher, dict):
        raise BadInput("matchers", matcher, "Send an object with name and value.")
    is_equal = matcher.get("isEqual", True) is not False
    return {
        "field": f"{LABEL_PREFIX}{matcher.get('name', '')}",
        "op": _OPS[is_equal, matcher.get("isRegex") is True],
        "value": matcher.get("value"),
    }


def _instant(posted: Mapping[str, Any], field: str) -> datetime:
    try:
        at = parse_instant(posted.get(field), field=field)
    except Unreadable as error:
        raise BadInput(field, posted.get(field), error.remedy) from None
    if at is None:
        raise BadInput(field, posted.get(field), "Send an RFC 3339 time.")
    return at
