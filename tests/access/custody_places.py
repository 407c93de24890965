"""The addresses of custody: readers, holds and erasures; the latter are the lab's."""

from typing import Any

from django.utils import timezone

from incidents.models import Erasure, Hold
from tests.access.place import Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _hold(scene: Scene) -> dict[str, Any]:
    return {"uid": Hold.objects.get(organisation=scene.lab.organisation).uid}


def _erasure(scene: Scene) -> dict[str, Any]:
    row = Erasure.objects.first() or Erasure.objects.create(
        organisation=scene.lab.organisation,
        incident=scene.incident,
        basis="lab-erasure",
        reason="lab-erasure",
        asked_by=scene.lab.admin,
        asked_at=timezone.now(),
    )
    return {"uid": row.uid}


_BECAUSE = {"reason": "because"}
_WHO = {"person": "x@y.example", **_BECAUSE}
_KEEP = {**_WHO, "matter": "Case 7"}
_ERASE = {**_WHO, "basis": "GDPR 17"}

API = {
    "GET incident-readers-readers": Place("incident", _ref),
    "GET incident-readers-other-readers": Place("incident", _ref),
    "GET incident-readers-erasable": Place("incident", _ref),
    "GET holds-list": Place("list"),
    "POST holds-list": Place("make", body=_KEEP, act="approve"),
    "POST holds-release": Place("lab", _hold, _BECAUSE, "approve"),
    "GET erasures-list": Place("list"),
    "POST erasures-list": Place("make", body=_ERASE, act="approve"),
    "POST erasures-approve": Place("lab", _erasure, {}, "approve"),
    "POST erasures-decline": Place("lab", _erasure, _BECAUSE, "approve"),
    "POST erasures-carry-out": Place("lab", _erasure, {}, "approve"),
}

PAGES = {
    "GET incident-custody": Place("incident", _ref),
    "GET custody": Place("list"),
    "POST custody-hold": Place("make", body=_KEEP, act="approve"),
    "POST custody-release": Place("lab", _hold, _BECAUSE, "approve"),
    "POST custody-erase": Place("make", body=_ERASE, act="approve"),
    "POST custody-approve": Place("lab", _erasure, {}, "approve"),
    "POST custody-decline": Place("lab", _erasure, _BECAUSE, "approve"),
}
