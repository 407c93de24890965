"""The addresses of signing keys and of signatures; the key is the lab administrator's."""

from typing import Any

from django.utils import timezone

from incidents.models import PartyKey
from tests.access.place import Place
from tests.access.scene import Scene
from tests.incidents.signatures.signing import public_key


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _key(scene: Scene) -> dict[str, Any]:
    key, _ = PartyKey.objects.get_or_create(
        organisation=scene.lab.organisation,
        fingerprint="f" * 64,
        defaults={
            "user": scene.lab.admin,
            "label": "lab-key",
            "public": public_key(),
            "added_at": timezone.now(),
        },
    )
    return {"uid": key.uid}


API = {
    "GET party-keys-list": Place("list"),
    "POST party-keys-list": Place("account", body={"envelope": {}}),
    "GET party-keys-detail": Place("lab", _key),
    "POST party-keys-retire": Place("lab", _key),
    "GET incident-signature-signature": Place("incident", _ref),
    "POST incident-signature-signature": Place(
        "incident", _ref, {"envelopes": []}, act="acknowledge"
    ),
}

PAGES = {
    "GET party-keys": Place("list"),
    "POST party-keys": Place("account", body={"envelope": "x"}),
    "POST party-key-retire": Place("lab", _key),
    "GET incident-sign": Place("incident", _ref),
    "POST incident-sign": Place(
        "incident", _ref, {"envelopes": "x"}, act="acknowledge"
    ),
}

UNREAD = {
    "public keys, and whose they are": (
        "api GET party-keys-detail",
        "api GET party-keys-list",
        "page GET party-keys",
    ),
}
