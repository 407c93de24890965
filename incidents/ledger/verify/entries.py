"""Checks the entries: each in the log, in its place, with what it discloses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from incidents.ledger.bundle_parts import (
    CONTINUES,
    ENTRIES,
    ERASED,
    ERASED_FIELD,
    ERASURES,
    BadPart,
    Entry,
    HiddenEntry,
    Line,
    read_line,
)
from incidents.ledger.canonical import GENESIS, Leaf, NotCanonical, parse_leaf
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.leaf import WrongDisclosure, open_field
from incidents.ledger.merkle import leaf_hash, verify_inclusion
from incidents.ledger.proof_file import BadProof, parse_proof
from incidents.ledger.verify.completeness import Counted
from incidents.ledger.verify.instants import milliseconds
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Rejected

ERASURE_KIND: Final = "disclosure.erased"

_HEADER: Final = b"c2sp.org/tlog-proof@v1\n"
# A field of an entry: the stream, the entry's number in it, the field's name.
Field = tuple[UUID, int, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that is proved: what it says, and the fields that it discloses."""

    index: int
    stream: UUID
    seq: int
    kind: str
    hash: bytes
    prev: bytes
    at_ms: int
    fields: Mapping[str, Any]
    withheld: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hidden:
    """An entry of which only its place is proved."""

    index: int
    hash: bytes
    seq: int
    authority: str


@dataclass(slots=True)
class Erasures:
    """Which fields are called erased, by entries' indexes, and which the log says are."""

    claimed: dict[Field, int] = field(default_factory=dict)
    logged: dict[Field, int] = field(default_factory=dict)

    def see(self, seen: Seen) -> None:
        """Note what an entry logs, or calls erased."""
        for name, reason in seen.withheld.items():
            if reason == ERASED:
                self.claimed[seen.stream, seen.seq, name] = seen.index
        if seen.kind == ERASURE_KIND:
            # Only what was called erased before counts; so few are kept of very many.
            for one in _erased_by(seen):
                if one in self.claimed:
                    self.logged[one] = seen.index

    def check(self) -> None:
        """Raise Rejected when a field is called erased and nothing logged it since."""
        for one, index in self.claimed.items():
            if self.logged.get(one, -1) <= index:
                _, seq, name = one
                raise Rejected(Code.ERASED_UNLOGGED, f"entry {seq}: {name}")


def _erased_by(seen: Seen) -> Iterator[Field]:
    """Yield the fields that an entry says are erased, in a field or in its body."""
    body = seen.fields.get("body")
    said = body.get(ERASED_FIELD) if isinstance(body, dict) else None
    erased = seen.fields.get(ERASED_FIELD, said)
    for one in erased if isinstance(erased, list) else ():
        if not isinstance(one, dict):
            continue
        stream, seq, name = (one.get(key) for key in ("stream", "seq", "field"))
        try:
            yield UUID(str(stream)), int(str(seq)), str(name)
        except ValueError:
            continue


class Walk:
    """Goes through the entries and their proofs once, in step. Raises Rejected."""

    def __init__(self, parts: Parts, newest: Checkpoint, note: str) -> None:
        self._parts = parts
        self._newest = newest
        self._note = note
        self._proofs = parts.proofs(_HEADER)

    def entries(self, counted: Counted) -> Iterator[Seen | Hidden]:
        """Yield the stream's entries, checked to be those that the log counted."""
        manifest = self._parts.manifest
        seq, index = manifest.from_seq - 1, -1
        before = None if seq else GENESIS  # nothing shows what stands before the first
        for line in self._lines(ENTRIES):
            seq += 1
            seen = self._check(line, seq)
            if isinstance(seen, Seen):
                _check_place(seen, seq, manifest.stream, before)
            if line.index <= index:
                raise Rejected(Code.ORDER, f"entry {seq} stands before entry {seq - 1}")
            _check_counted(counted, seq, seen)
            index, before = line.index, seen.hash
            yield seen
        if seq < counted.seq:
            raise Rejected(
                Code.INCOMPLETE, f"the log counts {counted.seq}, the last here is {seq}"
            )

    def erasures(self) -> Iterator[Seen]:
        """Yield the entries of other streams that log erasures, behind the others."""
        for line in self._lines(ERASURES) if self._parts.has(ERASURES) else ():
            seen = self._check(line, 0)
            if not isinstance(seen, Seen) or seen.kind != ERASURE_KIND:
                raise Rejected(Code.FORM, f"{ERASURES} holds something else")
            yield seen

    def finish(self) -> None:
        """Check the entries behind these, which others have read, and that no more come."""
        for line in self._lines(CONTINUES) if self._parts.has(CONTINUES) else ():
            self._check(line, 0)
        if next(self._proofs, None) is not None:
            raise Rejected(Code.PROOF, "there is a proof of no entry")

    def _lines(self, path: str) -> Iterator[Line]:
        for number, data in enumerate(self._parts.lines(path), start=1):
            try:
                yield read_line(data)
            except BadPart as error:
                raise Rejected(Code.FORM, f"{path}, line {number}: {error}") from None

    def _check(self, line: Line, seq: int) -> Seen | Hidden:
        if isinstance(line, HiddenEntry):
            self._check_proof(line, line.leaf_hash)
            return Hidden(line.index, line.leaf_hash, seq, line.authority)
        hashed = leaf_hash(line.leaf)
        self._check_proof(line, hashed)
        return open_entry(line, hashed)

    def _check_proof(self, line: Line, hashed: bytes) -> None:
        try:
            proof = parse_proof(next(self._proofs, b""))
        except BadProof as error:
            raise Rejected(
                Code.PROOF, f"entry {line.index} of the log: {error}"
            ) from None
        if proof.index != line.index or proof.checkpoint != self._note or proof.extra:
            raise Rejected(
                Code.PROOF, f"it is not of entry {line.index} of the log and this head"
            )
        size, root = self._newest.size, self._newest.root
        if not verify_inclusion(hashed, line.index, size, proof.path, root):
            raise Rejected(Code.INCLUSION, f"entry {line.index} of the log")


def open_entry(line: Entry, hashed: bytes) -> Seen:
    """Return what a line of this leaf hash says, its fields opened. Raises Rejected."""
    try:
        leaf = parse_leaf(line.leaf)
    except NotCanonical as error:
        raise Rejected(
            Code.LEAF_NOT_CANONICAL, f"entry {line.index} of the log: {error}"
        ) from None
    _check_all_named(line, leaf)
    try:
        fields = {
            name: open_field(leaf, name, text) for name, text in line.disclosed.items()
        }
    except WrongDisclosure as error:
        raise Rejected(Code.DISCLOSURE, f"entry {leaf.seq}: {error}") from None
    return Seen(
        line.index,
        leaf.stream,
        leaf.seq,
        leaf.type,
        hashed,
        leaf.prev,
        milliseconds(leaf.at),
        fields,
        line.withheld,
    )


def _check_all_named(line: Entry, leaf: Leaf) -> None:
    """Compare the fields with those that the leaf commits to: each is there, and once."""
    given = line.disclosed.keys() | line.withheld.keys()
    odd = sorted(given ^ leaf.commit.keys())
    odd += sorted(line.disclosed.keys() & line.withheld.keys())
    if odd:
        raise Rejected(Code.DISCLOSURE, f"entry {leaf.seq}: {odd[0]}")


def _check_place(seen: Seen, seq: int, stream: UUID, before: bytes | None) -> None:
    """Compare what an entry says of its place with that; `before` is the hash there."""
    if seen.stream != stream:
        raise Rejected(Code.STREAM, f"entry {seen.index} of the log")
    if seen.seq != seq:
        raise Rejected(Code.SEQ_GAP, f"entry {seen.seq} stands where {seq} should")
    if before is not None and seen.prev != before:
        raise Rejected(Code.PREV, f"entry {seq} does not follow entry {seq - 1}")


def _check_counted(counted: Counted, seq: int, seen: Seen | Hidden) -> None:
    if seq == counted.seq and seen.hash != counted.hash:
        raise Rejected(Code.FORK, f"the log counted another entry {seq}")
    if (seq <= counted.seq) != (seen.index < counted.upto):
        raise Rejected(Code.INCOMPLETE, "the log counted wrongly")
