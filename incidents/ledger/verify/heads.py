"""Checks the signed heads: by whom, in line with each other, and what times they bound."""

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from incidents.ledger.bundle_parts import CHECKPOINT, CHECKPOINTS, BadPart, read_head
from incidents.ledger.checkpoint import Checkpoint, parse_checkpoint
from incidents.ledger.merkle import verify_consistency
from incidents.ledger.note import (
    BadNote,
    NoKnownSignature,
    Note,
    parse_note,
    verify_note,
)
from incidents.ledger.policy import Policy
from incidents.ledger.verify.continued import Former
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Rejected
from incidents.ledger.vkey import VerificationKey, cosignature_time


@dataclass(frozen=True, slots=True)
class Head:
    """A head that its log signed, and when each witness of the policy saw it."""

    checkpoint: Checkpoint
    seen: dict[VerificationKey, int]


def open_head(data: bytes | str, policy: Policy, *, where: str) -> Head:
    """Read a head and verify every line by a key of the policy. Raises Rejected."""
    try:
        note = parse_note(data)
        checkpoint = parse_checkpoint(note.text)
    except BadNote as error:
        raise Rejected(Code.CP_FORMAT, f"{where}: {error}") from None
    if checkpoint.origin not in policy.origins:
        raise Rejected(Code.CP_ORIGIN, f"{where} is of the log {checkpoint.origin}")
    try:
        verify_note(note, policy.keys_of(checkpoint.origin))
    except BadNote as error:
        raise Rejected(Code.CP_LOGSIG, f"{where}: {error}") from None
    return Head(checkpoint, _seen(note, policy, where))


def _seen(note: Note, policy: Policy, where: str) -> dict[VerificationKey, int]:
    try:
        verified = verify_note(note, policy.witness_keys)
    except NoKnownSignature:
        return {}
    except BadNote as error:
        raise Rejected(Code.CP_WITNESS, f"{where}: {error}") from None
    times = {key: cosignature_time(one.value) for key, one in verified.items()}
    return {key: time for key, time in times.items() if time is not None}


def open_newest(parts: Parts, policy: Policy) -> tuple[Head, str]:
    """Return the bundle's head, which enough witnesses saw, and its note."""
    data = parts.read(CHECKPOINT)
    head = open_head(data, policy, where=CHECKPOINT)
    if not policy.is_met(head.seen.keys()):
        names = ", ".join(sorted(key.name for key in head.seen)) or "nobody"
        raise Rejected(Code.CP_QUORUM, f"seen by {names} of those in your policy")
    if parts.manifest.origin != head.checkpoint.origin:
        raise Rejected(Code.MANIFEST, "the manifest names another log than the head")
    return head, data.decode()


def check_pinned(
    pinned: Checkpoint, newest: Checkpoint, proof: tuple[bytes, ...] | None
) -> None:
    """Compare the head with what was seen before. Requires the same log."""
    if newest.size < pinned.size:
        raise Rejected(
            Code.ROLLBACK, f"{newest.size} entries; you have seen {pinned.size}"
        )
    if newest.size == pinned.size:
        proof = ()
    if proof is None:
        raise Rejected(
            Code.UNCONNECTED,
            f"ask for a consistency proof from {pinned.size} to {newest.size}",
        )
    _check_continues(pinned, newest, proof)


def open_former(note: str, policy: Policy, *, where: str) -> Head:
    """Read a head under a name that was given up. Raises Rejected.

    Its key may be in wrong hands, so the policy need not name it: the witnesses are whom
    its holder believes.
    """
    if _origin_of(note) in policy.origins:
        return open_head(note, policy, where=where)
    try:
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
    except BadNote as error:
        raise Rejected(Code.CP_FORMAT, f"{where}: {error}") from None
    return Head(checkpoint, _seen(parsed, policy, where))


def _origin_of(note: str) -> str:
    return note.partition("\n")[0]


def _check_continues(
    old: Checkpoint, newest: Checkpoint, proof: tuple[bytes, ...]
) -> None:
    sizes, roots = (old.size, newest.size), (old.root, newest.root)
    if not verify_consistency(*sizes, *roots, proof):
        raise Rejected(
            Code.FORK,
            f"the log of {newest.size} does not continue the log of {old.size}",
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the earlier heads give: time bounds, and proofs by the size they are from.

    `clocks` is what each witness says for itself, `heads` what was signed of each size,
    `seen_formers` the former logs whose last head enough witnesses saw.
    """

    bounds: "Bounds"
    proofs: dict[int, tuple[bytes, ...]]
    count: int
    clocks: "list[Reading]"
    heads: dict[int, Checkpoint]
    seen_formers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """When one clock, by its own word, saw the log have a size: between two instants."""

    size: int
    name: str
    since: int
    by: int


def readings(head: Head) -> list[Reading]:
    """Return what each witness says of a head."""
    size = head.checkpoint.size
    return [Reading(size, key.name, at, at) for key, at in head.seen.items()]


def check_earlier(
    parts: Parts, policy: Policy, newest: Head, formers: Mapping[str, Former]
) -> Earlier:
    """Check each earlier head: signed by the log, and continued by the newest.

    Those of `formers` are of the same log under other names.

    One that too few witnesses of this policy saw bounds no times, and is no fault: the
    policy may be younger than it. Raises Rejected.
    """
    proofs: dict[int, tuple[bytes, ...]] = {}
    seen = [times_of(newest, policy)]
    clocks, heads = readings(newest), {newest.checkpoint.size: newest.checkpoint}
    count, unnamed, seen_formers = 0, set(formers), set()
    known = {newest.checkpoint.origin, *formers}
    for data in parts.lines(CHECKPOINTS):
        try:
            part = read_head(data)
        except BadPart as error:
            raise Rejected(Code.FORM, f"{CHECKPOINTS}: {error}") from None
        if part.size in proofs:
            raise Rejected(Code.FORM, f"{CHECKPOINTS}: {part.size} is there twice")
        proofs[part.size] = part.proof
        for note in filter(None, (part.first, part.last)):
            head = _open_earlier(note, policy, formers, part.size)
            _check_earlier(head.checkpoint, part.size, newest.checkpoint, known)
            _check_continues(head.checkpoint, newest.checkpoint, part.proof)
            if _is_last_of_a_former(formers, head.checkpoint, note):
                unnamed.discard(head.checkpoint.origin)
                if policy.is_met(head.seen.keys()):
                    seen_formers.add(head.checkpoint.origin)
            seen.append(times_of(head, policy))
            clocks += readings(head)
            heads[part.size] = head.checkpoint
            count += 1
    for origin in sorted(unnamed):
        raise Rejected(Code.CONTINUED, f"the last head of {origin} is not here")
    bounds = Bounds(one for one in seen if one)
    return Earlier(bounds, proofs, count, clocks, heads, frozenset(seen_formers))


def _open_earlier(
    note: str, policy: Policy, formers: Mapping[str, Former], size: int
) -> Head:
    former = formers.get(_origin_of(note))
    if former is None:
        return open_head(note, policy, where=f"the head at {size}")
    head = open_former(note, policy, where=f"the head at {size}")
    # Behind that entry the old name has signed nothing that is part of this log.
    if head.checkpoint.size > former.index:
        raise Rejected(Code.CONTINUED, f"the head at {size} is behind the log's end")
    return head


def _is_last_of_a_former(
    formers: Mapping[str, Former], checkpoint: Checkpoint, note: str
) -> bool:
    """Tell whether an entry names this note as the last of its log."""
    former = formers.get(checkpoint.origin)
    if former is None or former.head.size != checkpoint.size:
        return False
    if former.head != checkpoint:
        raise Rejected(
            Code.CONTINUED, f"{checkpoint.origin} ended in another head of this size"
        )
    return hashlib.sha256(note.encode()).hexdigest() == former.note_sha256


def _check_earlier(
    checkpoint: Checkpoint, size: int, newest: Checkpoint, known: Collection[str]
) -> None:
    if checkpoint.origin not in known:
        raise Rejected(Code.CP_ORIGIN, f"the head at {size} is of another log")
    if checkpoint.size != size or size > newest.size:
        raise Rejected(Code.FORM, f"the head at {size} is of size {checkpoint.size}")


def times_of(head: Head, policy: Policy) -> tuple[int, int, int] | None:
    """Return the size, since when and by when enough witnesses saw the log so."""
    since, by = policy.met_since(head.seen), policy.met_at(head.seen)
    if since is None or by is None:
        return None
    return head.checkpoint.size, since, by


class Bounds:
    """Between which instants each entry got its place, by the clocks of others alone.

    Not before a head without it was seen, not after a head with it was. Instants are
    seconds since 1970.
    """

    def __init__(self, seen: Iterable[tuple[int, int, int]]) -> None:
        self._seen = ordered = sorted(seen)
        self._sizes = [size for size, _, _ in ordered]
        self._lower = list(accumulate((one[1] for one in ordered), max))
        upper = accumulate((one[2] for one in reversed(ordered)), min)
        self._upper = list(upper)[::-1]

    def narrowed(self, more: Iterable[Reading]) -> "Bounds":
        """Return these bounds with those that other clocks add."""
        return Bounds([*self._seen, *((one.size, one.since, one.by) for one in more)])

    def of(self, index: int) -> tuple[int | None, int | None]:
        """Return the earliest and the latest instant; None where nothing bounds it."""
        place = bisect_right(self._sizes, index)
        lower = self._lower[place - 1] if place else None
        upper = self._upper[place] if place < len(self._upper) else None
        return lower, upper
