"""The addresses of incidents, their files, triage, clocks, runs and messages."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _file(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "uid": scene.shared_file.uid}


def _answer(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.question.pk}


def _unshare(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "agency": scene.agency.organisation.slug}


def _clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.clock.pk}


def _api_clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "clock": scene.clock.pk}


_BECAUSE = {"reason": "because"}
_SHARE = {"agency": "bureau", **_BECAUSE}

API = {
    "GET incident-list": Place("list"),
    "POST incident-list": Place(
        "make", body={"title": "x", "category": "WGT", "severity": 1}, act="report"
    ),
    "GET incident-detail": Place("incident", _ref),
    "GET incident-acknowledgements": Place("incident", _ref),
    "POST incident-clock-pause": Place("lab", _api_clock, _BECAUSE, "manage"),
    "POST incident-clock-resume": Place("lab", _api_clock, _BECAUSE, "manage"),
    "GET incident-shares": Place("incident", _ref),
    "GET incident-timeline": Place("incident", _ref),
    "POST incident-action-acknowledge": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-action-comment": Place(
        "incident", _ref, {"text": "x", "is_shared": True}, "comment"
    ),
    "POST incident-action-merge": Place(
        "incident", _ref, {"into": "INC-0000000000", **_BECAUSE}, "manage"
    ),
    "POST incident-action-reopen": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-action-resolve": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-action-severity": Place(
        "incident", _ref, {"severity": 5, **_BECAUSE}, "manage"
    ),
    "POST incident-action-share": Place("incident", _ref, _SHARE, "share"),
    "POST incident-action-unshare": Place(
        "incident", _ref, {"agency": "naisa", **_BECAUSE}, "share"
    ),
    "POST incident-triage-answer": Place("incident", _ref, {"answer": "x"}, "answer"),
    "POST incident-triage-assign": Place("incident", _ref, {"owner": None}, "triage"),
    "GET incident-triage-questions": Place("incident", _ref),
    "POST incident-triage-request-info": Place(
        "incident", _ref, {"question": "x"}, "triage"
    ),
    "POST incident-triage-triage": Place(
        "incident", _ref, {"outcome": "accepted"}, "triage"
    ),
    "GET incident-file-attachments": Place("incident", _ref),
    "POST incident-file-attachments": Place("incident", _ref, {}, "comment"),
    "GET incident-file-download": Place("incident", _file),
    "POST incident-run-escalate": Place("incident", _ref, {}, "escalate"),
    "POST incident-run-reassign": Place(
        "incident", _ref, {"user": "x@y.example", **_BECAUSE}, "acknowledge"
    ),
    "POST incident-run-snooze": Place(
        "incident", _ref, {"until": "2099-01-01T00:00:00Z", **_BECAUSE}, "acknowledge"
    ),
    "POST incident-run-unsnooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-run-pass-on": Place("incident", _ref, {}, "acknowledge"),
    "GET incident-run-runs": Place("incident", _ref),
    "GET incident-notification-notifications": Place("incident", _ref),
    "GET triage-list": Place("list"),
    # Refs in the body: see test_references.py.
    "POST triage-acknowledge": Place("account", body={"refs": ["INC-0000000000"]}),
}

PAGES = {
    "GET incident-list": Place("list"),
    "GET incident-new": Place("list"),
    "GET triage-queue": Place("list"),
    "POST incident-new": Place(
        "account", body={"title": "x", "category": "WGT", "severity": 1}, act="report"
    ),
    "POST triage-acknowledge": Place("account"),
    "GET incident-detail": Place("incident", _ref),
    "GET incident-filed": Place("incident", _ref),
    "GET attachment-download": Place("incident", _file),
    "POST incident-acknowledge": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-attach": Place("incident", _ref, {}, "comment"),
    "POST incident-comment": Place("incident", _ref, {"text": "x"}, "comment"),
    "POST incident-merge": Place(
        "incident", _ref, {"into": "INC-0000000000", **_BECAUSE}, "manage"
    ),
    "POST incident-reopen": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-resolve": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-severity": Place(
        "incident", _ref, {"severity": 5, **_BECAUSE}, "manage"
    ),
    "POST incident-share": Place("incident", _ref, _SHARE, "share"),
    "POST incident-unshare": Place("incident", _unshare, {}, "share"),
    "POST incident-answer": Place("incident", _answer, {"text": "x"}, "answer"),
    "POST incident-escalate": Place("incident", _ref, {}, "escalate"),
    "POST incident-reassign": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-snooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-unsnooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-pass-on": Place("incident", _ref, {}, "acknowledge"),
    "GET triage": Place("incident", _ref, act="triage"),
    "POST triage": Place("incident", _ref, {"outcome": "accepted"}, "triage"),
    "POST triage-assign": Place("incident", _ref, {"owner": ""}, "triage"),
    "POST triage-ask": Place("incident", _ref, {"text": "x"}, "triage"),
    "POST clock-pause": Place("lab", _clock, _BECAUSE, "manage"),
    "POST clock-resume": Place("lab", _clock, _BECAUSE, "manage"),
    "POST draft-save": Place("account", body={"title": "x"}, act="report"),
    "POST draft-discard": Place("account"),
}

UNREAD = {
    "an empty form; a draft is the reader's own": ("page GET incident-new",),
}
