"""The addresses of what must give a sign of life."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _heartbeat(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.heartbeat.uid}


API = {
    "GET heartbeats-list": Place("list"),
    "POST heartbeats-list": Place(
        "make",
        body={"slug": "x", "name": "x", "period_minutes": 5},
        act="configure",
    ),
    "GET heartbeats-detail": Place("lab", _heartbeat),
    "PATCH heartbeats-detail": Place("lab", _heartbeat, {"name": "x"}, "configure"),
    "POST heartbeats-rotate-key": Place("lab", _heartbeat, act="configure"),
}

PAGES = {
    "GET heartbeat-list": Place("list"),
    "GET heartbeat-new": Place("account", act="configure"),
    "POST heartbeat-new": Place("account", body={"name": "x"}, act="configure"),
    "GET heartbeat-edit": Place("lab", _heartbeat, act="configure"),
    "POST heartbeat-edit": Place("lab", _heartbeat, {"name": "x"}, "configure"),
    "POST heartbeat-rotate": Place("lab", _heartbeat, act="configure"),
}

UNREAD = {
    "how things come in, and counts; no body and no word of one": (
        "api GET heartbeats-detail",
        "api GET heartbeats-list",
        "page GET heartbeat-edit",
        "page GET heartbeat-list",
        "page GET heartbeat-new",
    ),
}
