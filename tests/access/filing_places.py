"""The addresses of filings, with a draft: that is the lab's alone.

What an agency may do with one that it got: tests/escalation/filings/test_access.py.
"""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _filing(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.filing.ref}


def _file(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.filing.ref, "key": "naisa", "form": "csv"}


_TO = {"recipients": [{"regime": "eu-nis2-23", "stage": "final", "agency": "naisa"}]}
_READ = {"version": 1}
_BECAUSE = {"reason": "because"}

API = {
    "GET incident-filing-filings": Place("incident", _ref),
    "POST incident-filing-filings": Place("incident", _ref, _TO, "manage"),
    "GET filings-list": Place("list"),
    "GET filings-punctuality": Place("account"),
    "GET filings-detail": Place("lab", _filing),
    "PUT filings-detail": Place(
        "lab", _filing, {"based_on": 1, "sections": []}, "manage"
    ),
    "POST filings-review": Place("lab", _filing, {}, "manage"),
    "POST filings-approve": Place("lab", _filing, _READ, "approve"),
    "POST filings-refuse": Place("lab", _filing, {**_READ, **_BECAUSE}, "approve"),
    "POST filings-revise": Place("lab", _filing, {}, "manage"),
    "POST filings-submit": Place("lab", _filing, {}, "share"),
    "POST filing-work-answer": Place(
        "lab", _filing, {"number": 1, "text": "x"}, "answer"
    ),
    "POST filing-work-receive": Place("lab", _filing, {}, "triage"),
    "POST filing-work-give-back": Place("lab", _filing, {"text": "x"}, "triage"),
    "POST filing-work-accept": Place("lab", _filing, {}, "triage"),
    "POST filing-work-ask": Place("lab", _filing, {"text": "x"}, "triage"),
    "POST filing-work-move-request": Place(
        "lab",
        _filing,
        {"number": 1, "text": "x", "due_at": "2030-01-01T00:00:00Z"},
        "triage",
    ),
    "POST filing-work-withdraw-request": Place(
        "lab", _filing, {"number": 1, "text": "x"}, "triage"
    ),
    "POST filing-work-transfer": Place(
        "lab", _filing, {"name": "x", "legal_basis": "x", **_BECAUSE}, "triage"
    ),
    "POST filing-by-hand-by-hand": Place("lab", _filing, {}, "share"),
    "GET filing-file-files": Place("lab", _filing),
    "GET filing-file-download": Place("lab", _file),
    "POST filings-withdraw": Place("lab", _filing, _BECAUSE, "manage"),
}

# What each act sends, and the role that may do it; the state may still refuse.
_ACTS: dict[str, tuple[dict[str, Any], str]] = {
    "review": ({}, "manage"),
    "approve": (_READ, "approve"),
    "refuse": ({**_READ, **_BECAUSE}, "approve"),
    "submit": ({}, "share"),
    "by-hand": ({}, "share"),
    "answer": ({"text": "x"}, "answer"),
    "revise": ({}, "manage"),
    "withdraw": (_BECAUSE, "manage"),
    "receive": ({}, "triage"),
    "accept": ({}, "triage"),
    "return": ({"text": "x"}, "triage"),
    "ask": ({"text": "x"}, "triage"),
    "move-request": ({"text": "x"}, "triage"),
    "withdraw-request": ({"text": "x"}, "triage"),
    "transfer": ({"name": "x", "legal_basis": "x", **_BECAUSE}, "triage"),
}
PAGES = {
    "GET filing-list": Place("list"),
    "GET filing-new": Place("lab", _ref, act="manage"),
    "POST filing-new": Place("lab", _ref, {}, "manage"),
    "GET filing-detail": Place("lab", _filing),
    "GET filing-file": Place("lab", _file),
    "GET filing-edit": Place("lab", _filing, act="manage"),
    "POST filing-edit": Place("lab", _filing, {}, "manage"),
    **{
        f"POST filing-{name}": Place("lab", _filing, body, act)
        for name, (body, act) in _ACTS.items()
    },
}

UNREAD = {
    "which forms there are of a filing, and where; each records when it is fetched": (
        "api GET filing-file-files",
    ),
    "shares and counts of what came, by quarter": ("api GET filings-punctuality",),
}
