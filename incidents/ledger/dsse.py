"""Reads, writes and verifies signed statements: DSSE envelopes with one Ed25519 signature.

What is signed is not the payload but its pre-authentication encoding, which names the
payload's type, so that no signature over one kind of statement fits another:

    DSSEv1 SP len(type) SP type SP len(payload) SP payload

    {"payload": base64, "payloadType": type, "signatures": [{"keyid": …, "sig": base64}]}

`keyid` is the key's fingerprint. Narrower than DSSE, so that no two programs read an
envelope apart: one signature, these members and no others, base64 in its one spelling.

Source: secure-systems-lab/dsse v1.0.2 protocol.md and envelope.md.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from incidents.ledger import ed25519
from incidents.ledger.party_key import fingerprint
from incidents.ledger.vkey import decode_base64

MAX_PAYLOAD_BYTES: Final = 8192

_MEMBERS: Final = frozenset({"payload", "payloadType", "signatures"})
_OF_SIGNATURE: Final = frozenset({"keyid", "sig"})


class BadEnvelope(ValueError):
    """The text or the value is not an envelope of the one narrow form."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and who says to have signed it."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes

    def value(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        signature = {"keyid": self.key_id, "sig": _encoded(self.signature)}
        return {
            "payload": _encoded(self.payload),
            "payloadType": self.payload_type,
            "signatures": [signature],
        }

    def is_by(self, public: bytes) -> bool:
        """Tell whether this key signed it. Requires a public key that was checked."""
        message = pae(self.payload_type, self.payload)
        is_named = self.key_id == fingerprint(public)
        return is_named and ed25519.verifies(public, message, self.signature)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed.

    >>> pae("a/b", "é".encode()).decode()
    'DSSEv1 3 a/b 2 é'
    """
    named = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(named), named, len(payload), payload)


def sign(
    payload_type: str, payload: bytes, *, public: bytes, by: Callable[[bytes], bytes]
) -> Envelope:
    """Return the payload signed; `by` makes a signature with the public key's other half."""
    signature = by(pae(payload_type, payload))
    return Envelope(payload_type, payload, fingerprint(public), signature)


def read_envelope(text: str | bytes) -> Envelope:
    """Read an envelope from JSON, however it is spaced. Raises BadEnvelope."""
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise BadEnvelope(f"it is not JSON: {error}") from None
    return envelope_of(value)


def envelope_of(value: object) -> Envelope:
    """Return the envelope in a value of JSON. Raises BadEnvelope."""
    members = _object(value, _MEMBERS, "the envelope")
    signatures = members["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise BadEnvelope("signatures has to be a list of one")
    signature = _object(signatures[0], _OF_SIGNATURE, "the signature")
    payload = _decoded(members["payload"], "payload")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise BadEnvelope(f"payload has more than {MAX_PAYLOAD_BYTES} bytes")
    signed = _decoded(signature["sig"], "sig")
    if len(signed) != ed25519.SIGNATURE_BYTES:
        raise BadEnvelope(f"sig has to have {ed25519.SIGNATURE_BYTES} bytes")
    return Envelope(
        _text(members["payloadType"], "payloadType"),
        payload,
        _text(signature["keyid"], "keyid"),
        signed,
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _object(value: object, names: frozenset[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        wanted = ", ".join(sorted(names))
        raise BadEnvelope(f"{what} has to have {wanted} and nothing else")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise BadEnvelope(f"{name} has to be a text of ASCII")
    return value


def _decoded(value: object, name: str) -> bytes:
    data = decode_base64(value) if isinstance(value, str) else None
    if data is None:
        raise BadEnvelope(f"{name} has to be padded base64")
    return data


def _encoded(data: bytes) -> str:
    return b64encode(data).decode()
