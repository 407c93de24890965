"""The addresses of notices of delay and of extensions; clock and extension are the lab's.

What an agency may do about one that it was asked for: tests/escalation/duties/delays.
"""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.duty_clock.pk}


def _extension(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.extension.pk}


def _api_clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "clock": scene.duty_clock.pk}


def _api_extension(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "extension": scene.extension.pk}


_AT = "2030-11-02T03:00:00Z"
_BECAUSE = {"reason": "because"}
_NOTICE = {"agency": "agency", "reasons": "because", "expected_at": _AT}
_ASK = {"agency": "agency", "until": _AT, **_BECAUSE}
_GRANT = {"until": _AT, "text": "because"}
_REFUSE = {"text": "because"}

API = {
    "GET delay-notices-list": Place("list"),
    "GET extensions-list": Place("list"),
    "GET incident-delay-notices": Place("incident", _ref),
    "GET incident-delay-extensions": Place("incident", _ref),
    "POST incident-delay-notify": Place("lab", _api_clock, _NOTICE, "duties"),
    "POST incident-delay-ask": Place("lab", _api_clock, _ASK, "duties"),
    "POST incident-delay-word-record": Place("lab", _api_clock, {}, "duties"),
    "POST incident-delay-confirm": Place("lab", _api_extension, {}, "approve"),
    "POST incident-delay-withdraw": Place("lab", _api_extension, _BECAUSE, "duties"),
    "POST incident-delay-grant": Place("lab", _api_extension, _GRANT, "approve"),
    "POST incident-delay-refuse": Place("lab", _api_extension, _REFUSE, "approve"),
}

PAGES = {
    "POST duties-delay-notice": Place("lab", _clock, _NOTICE, "duties"),
    "POST duties-extension-ask": Place("lab", _clock, _ASK, "duties"),
    "POST duties-extension-record": Place("lab", _clock, _BECAUSE, "duties"),
    "POST duties-extension-confirm": Place("lab", _extension, {}, "approve"),
    "POST duties-extension-withdraw": Place("lab", _extension, _BECAUSE, "duties"),
    "POST duties-extension-grant": Place("lab", _extension, _GRANT, "approve"),
    "POST duties-extension-refuse": Place("lab", _extension, _REFUSE, "approve"),
}
