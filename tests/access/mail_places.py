"""The addresses of e-mail. The lab's administrator decides on it here.

That staff find nothing: tests/incidents/mail/test_views.py.
"""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _mail(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.mail.uid}


def _file(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.mail.uid, "number": 0}


def _by_api(scene: Scene) -> dict[str, Any]:
    return {"mail": scene.lab.mail.uid}


def _file_by_api(scene: Scene) -> dict[str, Any]:
    return {"mail": scene.lab.mail.uid, "number": 0}


def _box(scene: Scene) -> dict[str, Any]:
    return {"organisation": scene.lab.organisation.slug}


_BECAUSE = {"reason": "because"}
_INTO = {"incident": "INC-0000000000"}

API = {
    "GET mail-list": Place("list"),
    "GET mail-detail": Place("lab", _by_api),
    "GET mail-file": Place("lab", _file_by_api),
    "POST mail-attach": Place("lab", _by_api, _INTO),
    "POST mail-discard": Place("lab", _by_api, _BECAUSE),
    "POST mail-report": Place(
        "lab", _by_api, {"title": "x", "category": "WGT", "severity": 1}
    ),
    "GET mailboxes-list": Place("list"),
    "PUT mailboxes-detail": Place("lab", _box, {}, "configure"),
    "POST mailboxes-rotate": Place("lab", _box, {}, "configure"),
}

PAGES = {
    "GET mail-list": Place("list"),
    "GET mail-detail": Place("lab", _mail),
    "GET mail-file": Place("lab", _file),
    "POST mail-accept": Place("lab", _mail),
    "POST mail-attach": Place("lab", _mail, _INTO),
    "POST mail-discard": Place("lab", _mail, _BECAUSE),
    "GET mailbox-edit": Place("account", act="configure"),
    "POST mailbox-edit": Place(
        "account",
        body={
            "is_open": "on",
            "default_category": "WGT",
            "default_severity": "3",
            "default_tlp": "RED",
        },
        act="configure",
    ),
    "POST mailbox-rotate": Place("account", act="configure"),
}

UNREAD = {
    "how things come in, and counts; no body and no word of one": (
        "api GET mailboxes-list",
        "page GET mailbox-edit",
    ),
}
