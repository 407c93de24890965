"""The addresses of sources, what they sent, silences and maintenance."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _source(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.source.uid}


def _delivery(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.delivery.uid}


def _sent(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.source.uid, "delivery": scene.lab.delivery.uid}


def _silence(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.silence.uid}


def _maintenance(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.maintenance.uid}


_SILENCE = {
    "matchers": [{"field": "title", "op": "=", "value": "x"}],
    "ends_at": "2027-11-02T03:00:00Z",
    "reason": "x",
}
_WINDOW = {"cron": "0 22 * * 1", "minutes": 60, "reason": "x"}

API = {
    "GET silences-list": Place("list"),
    "POST silences-list": Place("make", body=_SILENCE, act="manage"),
    "GET silences-detail": Place("lab", _silence),
    "POST silences-extend": Place("lab", _silence, {"minutes": 5}, "manage"),
    "DELETE silences-detail": Place("lab", _silence, act="manage"),
    "GET maintenance-list": Place("list"),
    "POST maintenance-list": Place("make", body=_WINDOW, act="configure"),
    "GET maintenance-detail": Place("lab", _maintenance),
    "PATCH maintenance-detail": Place(
        "lab", _maintenance, {"reason": "x"}, "configure"
    ),
    "DELETE maintenance-detail": Place("lab", _maintenance, act="configure"),
    "GET sources-list": Place("list"),
    "POST sources-list": Place(
        "make", body={"tool": "generic", "slug": "x", "name": "x"}, act="configure"
    ),
    "GET sources-detail": Place("lab", _source),
    "PATCH sources-detail": Place("lab", _source, {"name": "x"}, "configure"),
    "GET sources-counts": Place("lab", _source),
    "GET sources-health": Place("lab", _source),
    "GET sources-deliveries": Place("lab", _source),
    "GET sources-delivery": Place("lab", _sent),
    "POST sources-replay": Place("lab", _sent, act="configure"),
    "POST sources-replay-many": Place(
        "lab", _source, {"states": ["unreadable"]}, "configure"
    ),
    "POST sources-rotate-key": Place("lab", _source, act="configure"),
    "POST sources-end-old-key": Place("lab", _source, act="configure"),
    "GET sources-trust": Place("lab", _source),
    "PATCH sources-trust": Place("lab", _source, {"verification": "none"}, "configure"),
    "POST sources-try-mapping": Place("lab", _source, {"body": "{}"}, "configure"),
    "POST sources-test": Place("lab", _source, act="configure"),
}

PAGES = {
    "GET source-list": Place("list"),
    "GET source-detail": Place("lab", _source),
    "GET silence-list": Place("list"),
    "GET silence-new": Place("account", act="manage"),
    "POST silence-new": Place("account", body={"reason": "x"}, act="manage"),
    "POST silence-extend": Place("lab", _silence, act="manage"),
    "POST silence-end": Place("lab", _silence, act="manage"),
    "GET maintenance-new": Place("account", act="configure"),
    "POST maintenance-new": Place("account", body={"reason": "x"}, act="configure"),
    "GET maintenance-edit": Place("lab", _maintenance, act="configure"),
    "POST maintenance-edit": Place("lab", _maintenance, {"reason": "x"}, "configure"),
    "POST maintenance-end": Place("lab", _maintenance, act="configure"),
    "GET source-edit": Place("lab", _source, act="configure"),
    "POST source-edit": Place("lab", _source, act="configure"),
    "POST source-replay": Place("lab", _source, act="configure"),
    "GET source-handling": Place("lab", _source, act="configure"),
    "POST source-handling": Place("lab", _source, act="configure"),
    "GET source-mapping": Place("lab", _source, act="configure"),
    "POST source-mapping": Place("lab", _source, act="configure"),
    "GET source-trust": Place("lab", _source, act="configure"),
    "POST source-trust": Place("lab", _source, act="configure"),
    "POST source-rotate": Place("lab", _source, act="configure"),
    "POST source-end-old-key": Place("lab", _source, act="configure"),
    "POST source-test": Place("lab", _source, act="configure"),
    "GET delivery-body": Place("lab", _delivery),
    "POST delivery-replay": Place("lab", _delivery, act="configure"),
    "GET source-new": Place("account", act="configure"),
    "POST source-new": Place("account", act="configure"),
}

UNREAD = {
    "how things come in, and counts; no body and no word of one": (
        "api GET maintenance-detail",
        "api GET maintenance-list",
        "api GET silences-detail",
        "api GET silences-list",
        "api GET sources-counts",
        "api GET sources-detail",
        "api GET sources-list",
        "api GET sources-trust",
        "page GET maintenance-edit",
        "page GET maintenance-new",
        "page GET silence-list",
        "page GET silence-new",
        "page GET source-edit",
        "page GET source-handling",
        "page GET source-new",
        "page GET source-trust",
    ),
}
