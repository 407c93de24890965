"""Witnesses of the log, who stamps it, and logs that are watched: the platform's, so nobody's content.

Who may change them: tests/incidents/witnessing/test_witnesses_api.py and
tests/escalation/stamps/test_authorities.py.
"""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _row(_: Scene) -> dict[str, Any]:
    return {"uid": "00000000-0000-4000-8000-000000000000"}


# In the formats of C2SP, for logs, witnesses and verifiers; sizes and hashes only.
PUBLIC = {
    "log-cosignatures",
    "log-newest",
    "log-policy",
    "witness-add-checkpoint",
    "witness-checkpoint",
}

API = {
    "GET witnesses-list": Place("account"),
    "POST witnesses-list": Place("account"),
    "GET witnesses-detail": Place("account", _row),
    "PATCH witnesses-detail": Place("account", _row),
    "GET witness-quorum": Place("account"),
    "PUT witness-quorum": Place("account"),
    "POST witness-preview": Place("account"),
    "GET watched-logs-list": Place("account"),
    "POST watched-logs-list": Place("account"),
    "GET watched-logs-detail": Place("account", _row),
    "PATCH watched-logs-detail": Place("account", _row),
    "GET time-stamp-authorities-list": Place("account"),
    "POST time-stamp-authorities-list": Place("account"),
    "GET time-stamp-authorities-detail": Place("account", _row),
    "PATCH time-stamp-authorities-detail": Place("account", _row),
}

PAGES = {
    "GET witness-list": Place("account"),
    "GET witness-new": Place("account"),
    "POST witness-new": Place("account"),
    "GET witness-edit": Place("account", _row),
    "POST witness-edit": Place("account", _row),
    "GET quorum-edit": Place("account"),
    "POST quorum-edit": Place("account"),
    "GET watched-log-new": Place("account"),
    "POST watched-log-new": Place("account"),
    "GET watched-log-edit": Place("account", _row),
    "POST watched-log-edit": Place("account", _row),
    "GET time-stamp-list": Place("account"),
    "GET time-stamp-new": Place("account"),
    "POST time-stamp-new": Place("account"),
    "GET time-stamp-edit": Place("account", _row),
    "POST time-stamp-edit": Place("account", _row),
}

UNREAD = {
    "how the platform does; it holds no content": (
        "api GET witness-quorum",
        "page GET quorum-edit",
        "api GET watched-logs-detail",
        "api GET watched-logs-list",
        "api GET witnesses-detail",
        "api GET witnesses-list",
        "page GET watched-log-edit",
        "page GET watched-log-new",
        "page GET witness-edit",
        "page GET witness-list",
        "page GET witness-new",
        "api GET time-stamp-authorities-detail",
        "api GET time-stamp-authorities-list",
        "page GET time-stamp-edit",
        "page GET time-stamp-list",
        "page GET time-stamp-new",
    ),
}
