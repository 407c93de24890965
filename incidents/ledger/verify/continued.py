"""Reads which logs the bundle's log continues, and compares what was seen before.

A log whose key was stolen goes on under another name in the same tree. It says so by an
entry of its own, which names the last head under the old name; that head is among the
earlier ones, and must be a beginning of the newest.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from incidents.ledger.bundle_parts import CONTINUES, BadPart, Entry, read_line
from incidents.ledger.canonical import MAX_INTEGER
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.heads import SYSTEM_STREAM
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.verify.entries import Seen, open_entry
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Rejected

CONTINUES_KIND: Final = "log.continues"

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Former:
    """A name that was given up at this head. `index` is the place of the entry that says so.

    `is_cosigned` is what the entry says of that head; who saw it, its lines say.
    """

    head: Checkpoint
    note_sha256: str
    is_cosigned: bool
    reason: str
    at_ms: int
    index: int


@dataclass(frozen=True, slots=True)
class Pinned:
    """A head that was seen before, and a proof from it if the bundle may lack one.

    `is_ended` tells that its log was found to go on under another name from there.
    """

    checkpoint: Checkpoint
    proof: tuple[bytes, ...] | None = None
    is_ended: bool = False


def read_formers(parts: Parts, newest: Checkpoint) -> dict[str, Former]:
    """Return the logs that this one says it continues, by their names, oldest first.

    That the entries are in the log is checked with the others' proofs, and that the heads
    are beginnings of it with the earlier heads. Raises Rejected.
    """
    formers: dict[str, Former] = {}
    index = size = -1
    for data in parts.lines(CONTINUES) if parts.has(CONTINUES) else ():
        former = _read_former(data)
        if former.index <= index or former.head.size <= size or len(formers) == _MOST:
            raise Rejected(Code.CONTINUED, "the logs before it are not in their order")
        if former.head.origin in {newest.origin, *formers}:
            raise Rejected(Code.CONTINUED, f"{former.head.origin} stands there twice")
        index, size = former.index, former.head.size
        formers[former.head.origin] = former
    return formers


def _read_former(data: bytes) -> Former:
    try:
        line = read_line(data)
    except BadPart as error:
        raise Rejected(Code.FORM, f"{CONTINUES}: {error}") from None
    if not isinstance(line, Entry):
        raise Rejected(Code.CONTINUED, "the entry that says so is withheld")
    seen = open_entry(line, leaf_hash(line.leaf))
    if seen.stream != SYSTEM_STREAM or seen.kind != CONTINUES_KIND:
        raise Rejected(Code.FORM, f"{CONTINUES} holds something else")
    if not _has_form(seen.fields, seen):
        raise Rejected(Code.CONTINUED, f"entry {seen.index} of the log names no head")
    said = seen.fields
    return Former(
        Checkpoint(said["origin"], said["size"], bytes.fromhex(said["root"])),
        said["note_sha256"],
        said["cosigned"],
        str(said.get("reason", "")),
        seen.at_ms,
        seen.index,
    )


def _has_form(said: Mapping[str, Any], seen: Seen) -> bool:
    origin, size = said.get("origin"), said.get("size")
    hashes = [said.get(name) for name in ("root", "note_sha256")]
    return (
        isinstance(origin, str)
        and bool(origin)
        and "\n" not in origin
        and isinstance(size, int)
        and not isinstance(size, bool)
        and 1 <= size <= min(seen.index, MAX_INTEGER)
        and all(isinstance(one, str) and _HASH.fullmatch(one) for one in hashes)
        and isinstance(said.get("cosigned"), bool)
    )


def related_pins(
    pins: Sequence[Pinned], newest: Checkpoint, formers: Mapping[str, Former]
) -> Iterator[Pinned]:
    """Yield what was seen before of this log, under whatever name.

    Raises Rejected when all that was seen is of other logs, and for a head beyond the end
    of a log that is known to have been given up.
    """
    known = {newest.origin, *formers}
    found = [one for one in pins if one.checkpoint.origin in known]
    if pins and not found:
        names = ", ".join(one.checkpoint.origin for one in pins)
        raise Rejected(Code.CP_ORIGIN, f"you have seen heads of {names} before")
    for one in found:
        is_own = one.checkpoint.origin == newest.origin
        if is_own and one.is_ended and newest.size > one.checkpoint.size:
            raise Rejected(
                Code.ENDED,
                f"it ended at {one.checkpoint.size}; this head is {newest.size}",
            )
        yield one


def remembered(
    pins: Sequence[Pinned], newest: Checkpoint, formers: Mapping[str, Former]
) -> list[Pinned]:
    """Return what is to be remembered after a success: the newest head first.

    Where a log ended is never forgotten for an older head of it.
    """
    before = {one.checkpoint.origin: one for one in pins}
    own = before.pop(newest.origin, None)
    first = own if own is not None and own.is_ended else Pinned(newest)
    for name, former in formers.items():
        known = before.get(name)
        if known is None or not known.is_ended:
            before[name] = Pinned(former.head, is_ended=True)
    return [first, *(replace(one, proof=None) for one in before.values())]
