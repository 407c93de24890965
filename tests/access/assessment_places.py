"""The addresses of the guided assessment, which is of the owner's people alone."""

from typing import Any

from tests.access.place import Place
from tests.access.scene import Scene

_SAID = {"question": "death", "said": "yes"}


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


API = {
    "GET incident-assessment-assessment": Place("lab", _ref),
    "POST incident-assessment-assessment": Place("lab", _ref, _SAID, "duties"),
}
PAGES = {
    "GET incident-duties-assessment": Place("lab", _ref),
    "POST incident-duties-assessment": Place("lab", _ref, _SAID, "duties"),
}
