"""The addresses of legal duties: the page is each side's own, its rows are the lab's here."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _anchor(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.anchor.pk}


def _decision(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.decision.pk}


def _api_anchor(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "anchor": scene.anchor.pk}


def _api_decision(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "decision": scene.decision.pk}


_BECAUSE = {"reason": "because"}
_NOTE = {"name": "aware", "at": "2026-11-02T03:00:00Z", "source": "x"}
_CHOOSE = {"regime": "eu-dora-19", **_BECAUSE}
_DECIDE = {"regime": "eu-dora-19", "verdict": "undecided", **_BECAUSE}

API = {
    "GET incident-anchor-anchors": Place("incident", _ref),
    "POST incident-anchor-anchors": Place("incident", _ref, _NOTE, "duties"),
    "POST incident-anchor-choose": Place("lab", _api_anchor, _CHOOSE, "duties"),
    "POST incident-anchor-withdraw": Place("lab", _api_anchor, _BECAUSE, "duties"),
    "GET incident-decision-decisions": Place("incident", _ref),
    "POST incident-decision-decisions": Place("incident", _ref, _DECIDE, "duties"),
    "POST incident-decision-confirm": Place("lab", _api_decision, {}, "approve"),
}

PAGES = {
    "GET incident-duties": Place("incident", _ref),
    "POST duties-note": Place("incident", _ref, {**_NOTE, "zone": "UTC"}, "duties"),
    "POST duties-choose": Place("lab", _anchor, _CHOOSE, "duties"),
    "POST duties-withdraw": Place("lab", _anchor, _BECAUSE, "duties"),
    "POST duties-decide": Place("incident", _ref, _DECIDE, "duties"),
    "POST duties-confirm": Place("lab", _decision, {}, "approve"),
}
