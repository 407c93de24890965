"""What a person signs who acknowledged: that this very entry of the log is theirs.

    {"ack_of": leaf hash of the acknowledgement, "at": its time, "by": who, "stream": its stream}

The log proves that an acknowledgement was recorded; whoever runs it could have recorded
one that nobody gave. This signature only its signer can make.

`by` is whom the entry names to the readers of its stream: a person on their own side,
organisation and role on the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from incidents.ledger.canonical import NotCanonical, canonical_json, parse_canonical
from incidents.ledger.merkle import HASH_BYTES

ACK_TYPE: Final = "application/vnd.incident-ack.v1+json"

_MEMBERS: Final = frozenset({"ack_of", "at", "by", "stream"})


class BadAck(ValueError):
    """The payload is not the statement of somebody who acknowledged."""


@dataclass(frozen=True, slots=True)
class PartyAck:
    """Which entry is acknowledged, of which stream, when and by whom."""

    ack_of: bytes
    at: str
    by: str
    stream: UUID

    def write(self) -> bytes:
        """Return the exact payload."""
        members = {
            "ack_of": self.ack_of.hex(),
            "at": self.at,
            "by": self.by,
            "stream": str(self.stream),
        }
        return canonical_json(members)


def parse_ack(payload: bytes) -> PartyAck:
    """Read a payload; what is written otherwise than `write` does is refused.

    Raises BadAck.
    """
    try:
        members = parse_canonical(payload)
    except NotCanonical as error:
        raise BadAck(f"it is not canonical JSON: {error}") from None
    texts = {name: one for name, one in members.items() if isinstance(one, str)}
    if texts.keys() != _MEMBERS or len(members) != len(_MEMBERS):
        wanted = ", ".join(sorted(_MEMBERS))
        raise BadAck(f"it has to have the texts {wanted} and nothing else")
    try:
        ack_of, stream = bytes.fromhex(texts["ack_of"]), UUID(texts["stream"])
    except ValueError as error:
        raise BadAck(f"{error}") from None
    ack = PartyAck(ack_of, texts["at"], texts["by"], stream)
    if len(ack_of) != HASH_BYTES or ack.write() != payload:
        raise BadAck("ack_of has to be 64 hexadecimal digits, stream a UUID")
    return ack


def signer_of(actor: Mapping[str, Any]) -> str:
    """Return whom an entry's actor names to the readers of its stream.

    >>> signer_of({"kind": "user", "organisation": "NAISA", "role": "officer"})
    'NAISA, officer'
    """
    if name := actor.get("name"):
        return f"{name}"
    known = (actor.get("organisation"), actor.get("role"))
    return ", ".join(f"{one}" for one in known if one)
