"""Kinds of events of signed acknowledgements and of the keys that sign them."""

from typing import Final

from incidents.events.kind import Kind
from incidents.events.kind import make_kind as _kind
from incidents.events.models import Purpose

SIGNATURE_KINDS: Final[tuple[Kind, ...]] = (
    # Each stream has an envelope of its own, over its own entry; names stand in one.
    _kind(
        "acknowledgement.signed",
        "Acknowledgement signed, key {key_id}",
        shared="key key_id envelope",
        personal="envelope",
    ),
    _kind(
        "party_key.added",
        "Signing key {key_id} of {who} added: {label}",
        "key key_id label who proof",
        purpose=Purpose.CONFIG,
        personal="label who proof",
    ),
    _kind(
        "party_key.retired",
        "Signing key {key_id} of {who} retired: {label}",
        "key key_id label who",
        purpose=Purpose.CONFIG,
        personal="label who",
    ),
)
