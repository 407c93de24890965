"""The addresses of receipts and of evidence; the bundle is the lab's."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from incidents.evidence.audiences import chosen_audience
from incidents.incident.new_file import NewFile
from incidents.models import BundleState, EvidenceBundle
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.access.place import Place
from tests.access.scene import Scene
from tests.incidents.sealing.log import LocalSigner


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _entry(scene: Scene) -> dict[str, Any]:
    """Name the first entry of everybody's timeline, once it is sealed and signed."""
    if newest_note() is None:
        seal_batch(timezone.now())
        sign_heads(LocalSigner().as_signer(), timezone.now())
    return {"ref": scene.incident.ref, "seq": 1}


def _filed(scene: Scene) -> dict[str, Any]:
    return {"ref": _entry(scene)["ref"], "act": "filed"}


def _bundle(scene: Scene) -> dict[str, Any]:
    row = EvidenceBundle.objects.first() or _make_bundle(scene)
    return {"ref": scene.incident.ref, "uid": row.uid}


def _make_bundle(scene: Scene) -> EvidenceBundle:
    owner, now = scene.lab.organisation, timezone.now()
    file = NewFile(folder="evidence")
    file.write(b"lab-evidence")
    file.keep()
    return EvidenceBundle.objects.create(
        incident=scene.incident,
        audience=chosen_audience(scene.incident, owner, "own").stream,
        organisation=owner,
        requested_at=now,
        look_at=now,
        recipient="lab-evidence",
        wanted_seq=1,
        state=BundleState.READY,
        stored_as=file.stored_as,
        size_bytes=file.size_bytes,
        expires_at=now + timedelta(days=1),
    )


_ASK = {"recipient": "A court"}

API = {
    "GET receipt-receipt": Place("incident", _entry),
    "GET receipt-act": Place("lab", _filed),
    "GET evidence-evidence": Place("incident", _ref),
    "POST evidence-evidence": Place("incident", _ref, _ASK, "export"),
    "GET evidence-bundle": Place("lab", _bundle),
    "GET evidence-fetch": Place("lab", _bundle),
}

PAGES = {
    "GET evidence": Place("incident", _ref),
    "POST evidence": Place("incident", _ref, {}, "export"),
    "GET evidence-file": Place("lab", _bundle),
    "GET entry-receipt": Place("incident", _entry),
    "GET act-receipt": Place("lab", _filed),
}
