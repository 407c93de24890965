"""The addresses of laws. A law that came with the product is everybody's to read.

So what stands here is the lab's own framework, which only the lab may see.
"""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _page(scene: Scene) -> dict[str, Any]:
    return {"regime": scene.regime_id}


def _api(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.regime_id}


def _version(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.regime_id, "number": 1}


_TEXT = {"text": "x", "reason": "because"}
_AWARE = {"stage": "notice", "anchors": {"aware": "2026-11-02T03:00:00Z"}}

API = {
    "GET regimes-list": Place("list"),
    "POST regimes-list": Place("make", body=_TEXT, act="configure"),
    "GET regimes-detail": Place("lab", _api),
    "PUT regimes-detail": Place("lab", _api, _TEXT, "configure"),
    "DELETE regimes-detail": Place("lab", _api, act="configure"),
    "POST regimes-deadline": Place("lab", _api, _AWARE),
    "GET regimes-versions": Place("lab", _api),
    "GET regimes-version": Place("lab", _version),
    "GET legal-profile": Place("account"),
    "PUT legal-profile": Place("account", act="configure"),
}

PAGES = {
    "GET regime-list": Place("list"),
    "GET regime-new": Place("account", act="configure"),
    "POST regime-new": Place("account", body=_TEXT, act="configure"),
    "GET regime-detail": Place("lab", _page),
    "GET regime-diff": Place("lab", _page),
    "GET regime-edit": Place("lab", _page, act="configure"),
    "POST regime-edit": Place("lab", _page, _TEXT, "configure"),
    "POST regime-retire": Place("lab", _page, {"reason": "because"}, "configure"),
    "GET legal-profile": Place("account"),
    "POST legal-profile": Place("account", act="configure"),
}

UNREAD = {
    "texts of law, and which of them an organisation watches": (
        "api GET legal-profile",
        "api GET regimes-detail",
        "api GET regimes-list",
        "api GET regimes-version",
        "api GET regimes-versions",
        "page GET legal-profile",
        "page GET regime-detail",
        "page GET regime-diff",
        "page GET regime-edit",
        "page GET regime-list",
        "page GET regime-new",
    ),
}
