"""Answer `POST /api/v2/alerts` as Alertmanager does: 200 without a body.

The key is the path's (`/am/<key>/api/v2/alerts`), for Prometheus' `path_prefix`, or at
`/api/v2/alerts` a Bearer token or the password of Basic. Of a list with bad alerts the
good ones are stored and the answer is 400 with what is wrong, as from the original.
"""

import re
from http import HTTPStatus
from typing import Final

from incidents.intake.adapters.alertmanager_api import (
    listed,
    problems_of,
    read_list,
)
from incidents.intake.adapters.base import Unreadable
from incidents.intake.surfaces.base import (
    Asked,
    Reading,
    Reply,
    Surface,
    json_reply,
    key_in,
)

ALERTS: Final = re.compile(r"(?:/am/([A-Za-z0-9_-]{1,200}))?/api/v2/alerts/?")
BAD_KEY: Final = "No enabled source has this key."


def read(asked: Asked) -> Reading | Reply:
    """Return what to store of a list of alerts."""
    match = ALERTS.fullmatch(asked.path)
    key_in_path = match[1] if match else None
    key = key_in_path or key_in(asked.authorization, "bearer", "basic")
    unknown = refuse(404 if key_in_path else 401, BAD_KEY)
    if not key:
        return unknown
    return Reading(
        key=key,
        body=asked.body,
        stored=lambda: _answer(asked.body),
        unknown_key=unknown,
    )


def refuse(status: int, sentence: str) -> Reply:
    """Refuse a request as a whole."""
    headers = (
        (("WWW-Authenticate", "Bearer"),) if status == HTTPStatus.UNAUTHORIZED else ()
    )
    return json_reply(status, {"code": status, "message": sentence}, headers=headers)


def _answer(body: bytes) -> Reply:
    try:
        posted = read_list(body)
    except Unreadable as error:
        message = f'parsing alerts body from "" failed, because {error}'
        return json_reply(400, {"code": 400, "message": message})
    if problems := problems_of(posted):
        return json_reply(400, listed(problems))
    return Reply(200, b"")


SURFACE: Final = Surface("alertmanager_api", read, refuse)
