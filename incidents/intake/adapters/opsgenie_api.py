"""Read requests to Opsgenie's Alert API, which is answered at `/v2/alerts`.

*Create* fires the alert of its `alias`; *close* and *delete* resolve it; *acknowledge*
and *notes* are noted. All other actions are known and change nothing. What an address
says of the alert is kept with the body. A request counts by its receipt.

>>> body = b'{"message": "Disk is full", "alias": "disk-7", "priority": "P2"}'
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.status, alert.title, alert.severity, alert.dedup_key
('firing', 'Disk is full', 'high', 'og:disk-7')
>>> close = {":action": "close", ":alert": "disk-7", ":alert-by": "alias"}
>>> [alert] = parse(b"", headers=close, options={}).alerts
>>> alert.status, alert.dedup_key
('resolved', 'og:disk-7')
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incidents.intake.adapters import base, marks
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

CREATE: Final = "create"
MAX_ALIAS: Final = 512
PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
STATUSES: Final[Mapping[str, Status]] = {
    "close": "resolved",
    "delete": "resolved",
    "acknowledge": "acknowledged",
    "notes": "noted",
}

# An alert's id is the digest under which it is stored.
_ID: Final = re.compile(r"[0-9a-f]{64}")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one request. Raises Unreadable."""
    action = headers.get(marks.ACTION, CREATE)
    request = base.read_object(body) if body.strip() else {}
    if action == CREATE:
        return ParsedDelivery((_created(request, headers, options),))
    status = STATUSES.get(action)
    if status is None:
        said = base.one_line(action)
        return ParsedDelivery((), ignored=f"The action {said} changes nothing here.")
    return ParsedDelivery((_changed(request, headers, status),))


def problems_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return {field: what is wrong} of a request to create an alert."""
    problems = {}
    if not base.first_text(request.get("message")):
        problems["message"] = "Message can not be empty."
    if len(base.as_text(request.get("alias"))) > MAX_ALIAS:
        problems["alias"] = f"Alias can not be longer than {MAX_ALIAS} characters."
    if request.get("priority") not in (None, "", *PRIORITIES):
        problems["priority"] = "Priority must be one of P1, P2, P3, P4, P5."
    return problems


def alias_in(value: object) -> str:
    """Return an alias in one spelling, whether a body or an address names it."""
    return base.one_line(base.as_text(value), limit=MAX_ALIAS)


def dedup_key_of(alias: str) -> str:
    """Return the dedup key of the alert with this alias."""
    return base.key_of("og", alias_in(alias))


def is_alert_id(text: str) -> bool:
    """Whether the text has the form of an alert's id."""
    return bool(_ID.fullmatch(text))


def given_alias(headers: Mapping[str, str], options: Mapping[str, object]) -> str:
    """Return the id of the request, which a client without an alias takes for one."""
    if marks.GIVEN_KEY not in headers:
        return ""
    uid = options.get("uid")
    return str(uid) if isinstance(uid, UUID) else headers[marks.GIVEN_KEY]


def _created(
    request: Mapping[str, Any],
    headers: Mapping[str, str],
    options: Mapping[str, object],
) -> ParsedAlert:
    for field, sentence in problems_of(request).items():
        raise Unreadable(field, request.get(field), sentence)
    title = base.one_line(base.as_text(request["message"])) or "Alert without a message"
    alias = alias_in(request.get("alias")) or given_alias(headers, options) or title
    dedup_key = dedup_key_of(alias)
    details = base.mapping_at(request, "details")
    named = {name: request.get(name) for name in ("entity", "source", "user")}
    tags = request.get("tags")
    told = {**details, **named, "tags": _joined(tags)}
    return ParsedAlert(
        dedup_key=dedup_key,
        status="firing",
        title=title,
        summary=base.many_lines(base.as_text(request.get("description"))),
        severity=base.severity_word(request.get("priority") or "P3"),
        labels=base.clean_labels({n: v for n, v in told.items() if base.as_text(v)}),
        group_key=dedup_key,
        group_title=title,
    )


def _joined(tags: object) -> str:
    words = tags if isinstance(tags, list) else []
    return ", ".join(text for word in words if (text := base.as_text(word)))


def _changed(
    request: Mapping[str, Any], headers: Mapping[str, str], status: Status
) -> ParsedAlert:
    name, by = headers.get(marks.ALERT, ""), headers.get(marks.ALERT_BY, "id")
    if not name or by == "tiny":
        remedy = "name the alert by its id or its alias"
        raise Unreadable("identifierType", by if name else None, remedy)
    # A client that gave no alias takes the id of its request for the alert's: so was
    # the alias that it got.
    is_id = by == "id" and is_alert_id(name)
    note = base.many_lines(base.as_text(request.get("note")))
    who = base.one_line(base.first_text(request.get("user")))
    return ParsedAlert(
        dedup_key=dedup_key_of(name),
        group_key=dedup_key_of(name),
        dedup_digest=name if is_id else "",
        status=status,
        title=base.one_line(f"{name} {status}"),
        summary=f"{who}: {note}" if who and note else who or note,
        is_bare=True,
    )


def trial(now: datetime) -> dict[str, object]:
    """Return one request to create an alert, as the test button posts it."""
    return {
        "message": TRIAL_TITLE,
        "description": TRIAL_SUMMARY,
        "alias": TRIAL_KEY,
        "priority": "P5",
    }


ADAPTER = Adapter(
    "opsgenie_api",
    "Clients of Opsgenie's Alert API",
    parse,
    setup="Set the client's API address (api_url) to the one below, and its API key to "
    "the key below.",
    docs_url="https://docs.opsgenie.com/docs/alert-api",
    snippet="receivers:\n  - name: tocsin\n    opsgenie_configs:\n"
    "      - api_url: {url}\n        api_key: {key}",
    trial=trial,
    address="{base}/",
)
