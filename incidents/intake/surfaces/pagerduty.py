"""Answer as PagerDuty's Events API v2 does: `POST /v2/enqueue`, `/v2/change/enqueue`.

Clients look for exactly 202. The key stands in the body as `routing_key` and is taken
out of what is kept. An event that is not valid is refused as there, and kept all the
same if its key is known: its source then shows what the client gets wrong.
"""

import json
import re
from typing import Any, Final

from incidents.intake.adapters import marks
from incidents.intake.adapters.pagerduty_events import CHANGE, key_in, problems_of
from incidents.intake.surfaces.base import (
    Asked,
    Reading,
    Reply,
    Surface,
    json_reply,
    read_json,
)

ENQUEUE: Final = "/v2/enqueue"
CHANGE_ENQUEUE: Final = "/v2/change/enqueue"
KEY_LENGTH: Final = 32
KEPT_INSTEAD: Final = "(the key)"

_KEY_IN_BODY: Final = re.compile(rb'"routing_key"\s*:\s*"([0-9A-Za-z]{32})"')


def read(asked: Asked) -> Reading | Reply:
    """Return what to store of an event, or the refusal of one that names no key."""
    try:
        event = read_json(asked.body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return _unrecognized(asked)
    key = event.get("routing_key") or asked.routing_key
    if problem := _problem_of_key(key):
        return _invalid([problem, *_problems(asked, event)])
    is_change = asked.path == CHANGE_ENQUEUE
    given = {} if key_in(event) else {marks.GIVEN_KEY: asked.uid.hex}
    return Reading(
        key=key,
        body=_without(key, asked.body, event),
        stored=lambda: _answer(asked, event),
        unknown_key=_invalid(["Invalid routing key"]),
        marks={marks.ACTION: CHANGE} if is_change else given,
    )


def refuse(status: int, sentence: str) -> Reply:
    """Refuse a request as a whole."""
    words = {413: "payload too large", 429: "throttle exceeded"}
    value = {"status": words.get(status, "error"), "message": sentence}
    return json_reply(status, {**value, "errors": [sentence]})


def _unrecognized(asked: Asked) -> Reading | Reply:
    """Refuse what is no JSON object; it is kept if a key can be found in it."""
    refusal = json_reply(
        400,
        {
            "status": "Unrecognized object",
            "message": "Event object format is unrecognized",
            "errors": ["JSON parse error"],
        },
    )
    found = _KEY_IN_BODY.search(asked.body)
    if found is None:
        return refusal
    key = found[1].decode("ascii")
    body = asked.body.replace(found[1], KEPT_INSTEAD.encode())
    return Reading(key=key, body=body, stored=lambda: refusal, unknown_key=refusal)


def _problem_of_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        return "'routing_key' is missing or blank"
    if len(key) != KEY_LENGTH:
        return "Length of 'routing_key' is incorrect (should be 32 characters)"
    return ""


def _problems(asked: Asked, event: dict[str, Any]) -> list[str]:
    if asked.path != CHANGE_ENQUEUE:
        return problems_of(event)
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    has_summary = isinstance(payload.get("summary"), str) and payload["summary"]
    return [] if has_summary else ["'payload.summary' is missing or blank"]


def _answer(asked: Asked, event: dict[str, Any]) -> Reply:
    if problems := _problems(asked, event):
        return _invalid(problems)
    if asked.path == CHANGE_ENQUEUE:
        value = {"status": "success", "message": "Change event processed"}
        return json_reply(202, value)
    key = key_in(event) or asked.uid.hex
    value = {"status": "success", "message": "Event processed", "dedup_key": key}
    return json_reply(202, value)


def _invalid(problems: list[str]) -> Reply:
    value = {"status": "invalid event", "message": "Event object is invalid"}
    return json_reply(400, {**value, "errors": problems})


def _without(key: str, body: bytes, event: dict[str, Any]) -> bytes:
    """Return the body without its key; rewritten only where the key is spelled oddly."""
    if event.get("routing_key") != key:
        return body
    plain = key.encode("utf-8", "backslashreplace")
    if plain in body:
        return body.replace(plain, KEPT_INSTEAD.encode())
    return json.dumps({**event, "routing_key": KEPT_INSTEAD}).encode()


SURFACE: Final = Surface("pagerduty_events", read, refuse)
