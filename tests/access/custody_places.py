"""The addresses of custody: readers, holds and erasures; the latter are the lab's."""

from typing import Any
from uuid import uuid4

from django.utils import timezone

from incidents.models import Erasure, Hold, RecipientNotice, RetentionSchedule
from tests import factories as make
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


def _schedule(scene: Scene) -> dict[str, Any]:
    lab = scene.lab.organisation
    row, _ = RetentionSchedule.objects.update_or_create(
        organisation=lab,
        of="reports",
        defaults={
            "asked_days": 90,
            "asked_by": make.person(lab, role="approver"),
            "asked_at": timezone.now(),
        },
    )
    return {"uid": row.uid}


def _recipient(scene: Scene) -> dict[str, Any]:
    row = RecipientNotice.objects.first() or RecipientNotice.objects.create(
        organisation=scene.lab.organisation,
        incident=scene.incident,
        bundle=uuid4(),
        recipient="lab-recipient",
        exported_at=timezone.now(),
        erasure=uuid4(),
        basis="lab-basis",
        value_count=1,
        noted_at=timezone.now(),
    )
    return {"uid": row.uid}


_BECAUSE = {"reason": "because"}
_WHO = {"person": "x@y.example", **_BECAUSE}
_KEEP = {**_WHO, "matter": "Case 7"}
_ERASE = {**_WHO, "basis": "GDPR 17"}
_HOW = {"how": "by letter"}
_KEEP_DAYS = {"of": "alerts", "keep_days": 90}

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
    "GET recipients-list": Place("list"),
    "POST recipients-told": Place("lab", _recipient, _HOW, "approve"),
    "GET retention-list": Place("list"),
    "POST retention-list": Place("make", body=_KEEP_DAYS, act="approve"),
    "POST retention-approve": Place("lab", _schedule, {}, "approve"),
    "POST retention-decline": Place("lab", _schedule, {}, "approve"),
    "GET retention-preview": Place("list"),
    "GET retention-runs-list": Place("list"),
}

PAGES = {
    "GET incident-custody": Place("incident", _ref),
    "GET custody": Place("list"),
    "POST custody-hold": Place("make", body=_KEEP, act="approve"),
    "POST custody-release": Place("lab", _hold, _BECAUSE, "approve"),
    "POST custody-erase": Place("make", body=_ERASE, act="approve"),
    "POST custody-approve": Place("lab", _erasure, {}, "approve"),
    "POST custody-decline": Place("lab", _erasure, _BECAUSE, "approve"),
    "POST recipient-told": Place("lab", _recipient, _HOW, "approve"),
    "GET retention": Place("list"),
    "POST retention": Place("make", body=_KEEP_DAYS, act="approve"),
    "POST retention-approve": Place("lab", _schedule, {}, "approve"),
    "POST retention-decline": Place("lab", _schedule, {}, "approve"),
}

UNREAD = {
    "how long what is kept, and how many values of which incident go when": (
        "api GET retention-list",
        "api GET retention-preview",
        "api GET retention-runs-list",
        "page GET retention",
    ),
}
