"""The addresses of statutory clocks: each side sees its own; the clock here is the lab's."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _page(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.duty_clock.pk}


def _api(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "clock": scene.duty_clock.pk}


API = {
    "GET incident-clocks-clocks": Place("incident", _ref),
    "POST incident-clocks-take-text": Place("lab", _api, {}, "duties"),
    "GET statutory-clocks-list": Place("list"),
}

PAGES = {
    "GET duty-list": Place("list"),
    "POST duty-clock-renew": Place("lab", _page, {}, "duties"),
}
