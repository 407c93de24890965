"""Checks who signed the acknowledgements: with keys that the verifying party holds itself.

A signature names the leaf of the entry that it acknowledges. One that does not fit is
false, whoever recorded it. That a key is whose it says only the verifier's own file of
keys can tell, never the bundle.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from incidents.ledger.dsse import BadEnvelope, Envelope, envelope_of
from incidents.ledger.party_ack import ACK_TYPE, BadAck, PartyAck, parse_ack, signer_of
from incidents.ledger.party_key import parse_public, short
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.instants import milliseconds
from incidents.ledger.verify.verdict import Code, Doubt, Finding, Rejected
from incidents.ledger.vkey import BadKey

ACKNOWLEDGED: Final = "incident.acknowledged"
SIGNED: Final = "acknowledgement.signed"
ENVELOPE: Final = "envelope"

Pins = Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class Given:
    """An acknowledgement, who signed it, and under which name the key is pinned."""

    seq: int
    at_ms: int
    by: str
    key: str = ""
    pinned_as: str = ""

    def words(self) -> str:
        """Say whose word it is."""
        if not self.key:
            return "not signed"
        if self.pinned_as:
            return f"signed by {self.pinned_as}, key {self.key}"
        return f"signed by key {self.key}, which you have not pinned"


@dataclass(slots=True)
class Acknowledgements:
    """The acknowledgements of a bundle. `pins` is None where the verifier holds none."""

    pins: Pins | None = None
    from_seq: int = 1
    _given: dict[bytes, Given] = field(default_factory=dict)
    _hidden: set[bytes] = field(default_factory=set)

    def see(self, entry: Seen | Hidden) -> None:
        """Note an acknowledgement, or check what signs one. Raises Rejected."""
        if isinstance(entry, Hidden):
            self._hidden.add(entry.hash)
        elif entry.kind == ACKNOWLEDGED:
            by = signer_of(_actor(entry))
            self._given[entry.hash] = Given(entry.seq, entry.at_ms, by)
        elif entry.kind == SIGNED and ENVELOPE in entry.fields:
            self._check(entry)

    def given(self) -> list[Given]:
        """Return the acknowledgements in their order."""
        return list(self._given.values())

    def findings(self) -> Iterator[Finding]:
        """Yield those that no pinned key signed, for whoever has pinned keys."""
        for one in self._given.values() if self.pins is not None else ():
            if not one.pinned_as:
                detail = f"{one.by or 'somebody'}: {one.words()}"
                yield Finding(Doubt.ACK_UNSIGNED, one.seq, detail)

    def _check(self, entry: Seen) -> None:
        public, envelope, ack = _opened(entry)
        if not envelope.is_by(public):
            raise _false(entry, "the key of the entry did not make the signature")
        if ack.stream != entry.stream:
            raise _false(entry, "it signs an entry of another record")
        given = self._given.get(ack.ack_of)
        if given is not None:
            _compare(entry, ack, given)
            self._given[ack.ack_of] = self._signed(given, public, envelope)
        elif ack.ack_of not in self._hidden and self.from_seq == 1:
            raise _false(entry, "it signs no acknowledgement that stands before it")

    def _signed(self, given: Given, public: bytes, envelope: Envelope) -> Given:
        if given.pinned_as:
            return given
        name = (self.pins or {}).get(public, "")
        return replace(given, key=short(envelope.key_id), pinned_as=name)


def _opened(entry: Seen) -> tuple[bytes, Envelope, PartyAck]:
    """Return the key, the envelope and the statement in it. Raises Rejected."""
    body = entry.fields.get("body")
    key = body.get("key") if isinstance(body, dict) else None
    try:
        envelope = envelope_of(entry.fields[ENVELOPE])
        ack = parse_ack(envelope.payload)
        public = parse_public(str(key))
    except (BadEnvelope, BadAck, BadKey) as error:
        raise _false(entry, f"{error}") from None
    if envelope.payload_type != ACK_TYPE:
        raise _false(entry, f"it signs something else, {envelope.payload_type}")
    return public, envelope, ack


def _compare(entry: Seen, ack: PartyAck, given: Given) -> None:
    """Require that who signed saw what the acknowledgement says."""
    try:
        at_ms = milliseconds(ack.at)
    except ValueError as error:
        raise _false(entry, f"{error}") from None
    if at_ms != given.at_ms:
        raise _false(entry, f"it signs another time than entry {given.seq} says")
    if given.by and ack.by != given.by:
        raise _false(entry, f"it signs for {ack.by}, entry {given.seq} is {given.by}'s")


def _actor(entry: Seen) -> Mapping[str, Any]:
    actor = entry.fields.get("actor")
    return actor if isinstance(actor, dict) else {}


def _false(entry: Seen, why: str) -> Rejected:
    return Rejected(Code.ACK_SIGNATURE, f"entry {entry.seq}: {why}")
