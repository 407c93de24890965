"""The addresses of policies, working calendars and routes."""

from typing import Any

from tests.access.place import Arguments, Place
from tests.access.scene import Scene


def _of(name: str) -> Arguments:
    return lambda scene: {"pk": getattr(scene.lab, name).pk}


def _version(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.policy.pk, "number": 1}


_BECAUSE = {"reason": "because"}
_STEPS = {"steps": [{"kind": "wait", "minutes": 5}]}
_CALENDAR = {"name": "x", "zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}

API = {
    "GET policies-list": Place("list"),
    "POST policies-list": Place(
        "make", body={"slug": "x", "name": "x", **_STEPS}, act="configure"
    ),
    "GET policies-detail": Place("lab", _of("policy")),
    "PUT policies-detail": Place(
        "lab", _of("policy"), {"name": "x", **_BECAUSE, **_STEPS}, "configure"
    ),
    "DELETE policies-detail": Place("lab", _of("policy"), act="configure"),
    "GET calendars-list": Place("list"),
    "POST calendars-list": Place(
        "make", body={"slug": "x", **_CALENDAR}, act="configure"
    ),
    "GET calendars-detail": Place("lab", _of("calendar")),
    "PUT calendars-detail": Place("lab", _of("calendar"), _CALENDAR, "configure"),
    "DELETE calendars-detail": Place("lab", _of("calendar"), act="configure"),
    "POST policies-validate": Place("make", body=_STEPS, act="configure"),
    "POST policy-run-hand-over": Place(
        "lab", _of("policy"), {"to_version": 1, **_BECAUSE}, "configure"
    ),
    "GET policy-versions": Place("lab", _of("policy")),
    "GET policy-version": Place("lab", _version),
    "GET policy-diff": Place("lab", _of("policy")),
    "POST simulation-simulate": Place("lab", _of("policy"), {}),
    "GET simulation-coverage": Place("lab", _of("policy")),
    "POST policy-approve": Place("lab", _version, {}, "approve"),
    "POST policy-reject": Place("lab", _version, _BECAUSE, "approve"),
    "POST policy-withdraw": Place("lab", _version, {}, "configure"),
    "GET policy-second-person": Place("lab", _of("policy")),
    "PUT policy-second-person": Place(
        "lab", _of("policy"), {"second_person": True}, "configure"
    ),
    "GET policy-second-person-of-all": Place("list"),
    "PUT policy-second-person-of-all": Place(
        "make", body={"second_person": True}, act="configure"
    ),
    "GET routes-list": Place("list"),
    "POST routes-list": Place(
        "make", body={"name": "x", "matchers": []}, act="configure"
    ),
    "GET routes-detail": Place("lab", _of("route")),
    "PUT routes-detail": Place("lab", _of("route"), {"name": "x"}, "configure"),
    "DELETE routes-detail": Place("lab", _of("route"), act="configure"),
}

PAGES = {
    "GET policy-list": Place("list"),
    "GET calendar-list": Place("list"),
    "GET calendar-new": Place("account", act="configure"),
    "POST calendar-new": Place("account", body={"name": "x"}, act="configure"),
    "GET calendar-edit": Place("lab", _of("calendar"), act="configure"),
    "POST calendar-edit": Place("lab", _of("calendar"), {"name": "x"}, "configure"),
    "POST calendar-archive": Place("lab", _of("calendar"), act="configure"),
    "GET policy-detail": Place("lab", _of("policy")),
    "GET route-new": Place("account", act="configure"),
    "POST route-new": Place("account", act="configure"),
    "GET route-edit": Place("lab", _of("route"), act="configure"),
    "POST route-edit": Place("lab", _of("route"), {}, "configure"),
    "POST route-remove": Place("lab", _of("route"), {}, "configure"),
    "GET policy-edit": Place("lab", _of("policy"), act="configure"),
    "POST policy-edit": Place("lab", _of("policy"), {}, "configure"),
    "GET policy-new": Place("account", act="configure"),
    "POST policy-new": Place("account", act="configure"),
    "GET policy-simulate": Place("lab", _of("policy")),
    "GET policy-hand-over": Place("lab", _of("policy"), act="configure"),
    "POST policy-hand-over": Place("lab", _of("policy"), {}, "configure"),
    "GET policy-diff": Place("lab", _of("policy")),
    "POST policy-approve": Place("lab", _version, {}, "approve"),
    "POST policy-reject": Place("lab", _version, _BECAUSE, "approve"),
    "POST policy-withdraw": Place("lab", _version, {}, "configure"),
    "POST policy-second-person": Place(
        "lab", _of("policy"), {"second_person": "on"}, "configure"
    ),
    "POST policies-second-person": Place(
        "account", body={"second_person": "on"}, act="configure"
    ),
}

UNREAD = {
    "who is on call, and when": (
        "api GET calendars-detail",
        "api GET calendars-list",
        "page GET calendar-edit",
        "page GET calendar-list",
        "page GET calendar-new",
    ),
    "rules of escalation; what they match is not an incident": (
        "api GET policies-detail",
        "api GET policies-list",
        "api GET policy-diff",
        "api GET policy-second-person",
        "api GET policy-second-person-of-all",
        "api GET policy-version",
        "api GET policy-versions",
        "api GET routes-detail",
        "api GET routes-list",
        "api GET simulation-coverage",
        "page GET policy-detail",
        "page GET policy-diff",
        "page GET policy-edit",
        "page GET policy-hand-over",
        "page GET policy-list",
        "page GET policy-new",
        "page GET policy-simulate",
        "page GET route-edit",
        "page GET route-new",
    ),
}
