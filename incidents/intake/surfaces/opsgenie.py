"""Answer writes of Opsgenie's Alert API: create, close, acknowledge, notes and the rest.

All of them are asynchronous there: 202 with a `requestId`, which here is the id of the
stored delivery. What became of it, `GET /v2/alerts/requests/<id>`, Django answers.
"""

import uuid
from typing import Any, Final

from incidents.intake.adapters import marks
from incidents.intake.adapters.opsgenie_api import CREATE, alias_in, problems_of
from incidents.intake.surfaces.base import (
    Asked,
    Reading,
    Reply,
    Surface,
    json_reply,
    key_in,
    read_json,
)

ALERTS: Final = "/v2/alerts"
WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
# What stands behind an alert in an address. All are taken; the adapter says which act.
ACTIONS: Final = frozenset(
    {"acknowledge", "assign", "attachments", "close", "description", "details"}
    | {"escalate", "message", "notes", "priority", "responders", "snooze", "tags"}
    | {"teams", "unacknowledge"}
)
ACCEPTED: Final = "Request will be processed"
NOT_PROCESSABLE: Final = "Request body is not processable. Please check the errors."


def read(asked: Asked) -> Reading | Reply:
    """Return what to store of a write."""
    key = key_in(asked.authorization, "geniekey")
    unknown = problem(401, "Could not authenticate", asked.uid)
    if not key:
        return unknown
    action, name = _action_of(asked)
    if not action:
        return problem(404, f"There is no {asked.method} {asked.path}.", asked.uid)
    told = {
        marks.ACTION: "" if action == CREATE else action,
        marks.ALERT: alias_in(name),
        marks.ALERT_BY: asked.query.get("identifierType", "") if name else "",
        marks.GIVEN_KEY: str(asked.uid) if action == CREATE else "",
    }
    return Reading(
        key=key,
        body=asked.body,
        stored=lambda: _answer(asked, action, name),
        unknown_key=unknown,
        marks=told,
    )


def refuse(status: int, sentence: str) -> Reply:
    """Refuse a request as a whole."""
    return problem(status, sentence, uuid.uuid4())


def problem(
    status: int, message: str, request_id: uuid.UUID, **members: object
) -> Reply:
    """Return a refusal in the form of this API."""
    value = {"message": message, **members, **_ending(request_id)}
    return json_reply(status, value, headers=(("X-Request-Id", str(request_id)),))


def success(request_id: uuid.UUID, *, status: int = 200, **members: object) -> Reply:
    """Return an answer in the form of this API."""
    return json_reply(
        status,
        {**members, **_ending(request_id)},
        headers=(("X-Request-Id", str(request_id)),),
    )


def _ending(request_id: uuid.UUID) -> dict[str, Any]:
    # Clients insist on `took` (seconds) and make no use of it.
    return {"took": 0.0, "requestId": str(request_id)}


def _action_of(asked: Asked) -> tuple[str, str]:
    """Return the action and the alert's name; no action for an unknown address."""
    rest = asked.path.removeprefix(ALERTS).removeprefix("/").rstrip("/")
    if not rest:
        return (CREATE if asked.method == "POST" else ""), ""
    name, _, action = rest.rpartition("/")
    if name and action in ACTIONS:
        is_plain = asked.method == "POST" or action not in ("close", "acknowledge")
        return (action if is_plain else ""), name
    named, _, own_action = name.rpartition("/")
    if named and own_action in ("actions", "attachments"):
        return own_action, named
    return ("delete" if asked.method == "DELETE" else ""), rest


def _answer(asked: Asked, action: str, name: str) -> Reply:
    by = asked.query.get("identifierType", "id")
    if name and by not in ("id", "alias"):
        errors = {"identifierType": "Identifier type must be id or alias here."}
        return problem(422, NOT_PROCESSABLE, asked.uid, errors=errors)
    try:
        request = read_json(asked.body) if asked.body.strip() else {}
    except ValueError:
        request = None
    if not isinstance(request, dict):
        message = "Could not parse the body: send a JSON object in UTF-8."
        return problem(400, message, asked.uid)
    if errors := problems_of(request) if action == CREATE else {}:
        return problem(422, NOT_PROCESSABLE, asked.uid, errors=errors)
    return success(asked.uid, status=202, result=ACCEPTED)


SURFACE: Final = Surface("opsgenie_api", read, refuse)
