"""Finds the head that an audit goes by, and holds the computed tree against heads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from incidents.audit.findings import Findings
from incidents.events.feed import read_fields
from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import open_checkpoint, parse_checkpoint
from incidents.ledger.models import Entry
from incidents.ledger.note import BadNote, parse_note
from incidents.ledger.tiles import BadTile
from incidents.ledger.vkey import VerificationKey
from incidents.sealing.models import Checkpoint, EndedLog
from incidents.sealing.names import cosigned_heads, ended_logs, own_heads, present_name
from incidents.sealing.tree import reader

COSIGNED: Final = "cosigned"
SIGNED: Final = "signed"
SEALED: Final = "sealed"


@dataclass(frozen=True, slots=True)
class Against:
    """A head that the log must have. `note` is empty where nobody signed it."""

    whose: str
    size: int
    root: bytes
    note: str = ""


def newest_head() -> Against | None:
    """Return the newest cosigned head, else the newest signed, else the newest there is.

    Nothing in it is verified yet: see `check_head`.
    """
    note = (
        cosigned_heads()
        .order_by("-size", "-which")
        .values_list("note", flat=True)
        .first()
    )
    whose = COSIGNED
    if note is None:
        whose = SIGNED
        signed = own_heads().exclude(note="").order_by("-size")
        note = signed.values_list("note", flat=True).first()
    if note is not None:
        head = read_head(note)
        if head is not None:
            return Against(whose, head.size, head.root, note)
    last = Checkpoint.objects.order_by("-size").first()
    return Against(SEALED, last.size, bytes(last.root)) if last else None


def read_head(note: str) -> Head | None:
    """Read a note without believing it; None for what is no head."""
    try:
        return parse_checkpoint(parse_note(note).text)
    except BadNote:
        return None


def root_of_tiles(size: int) -> bytes:
    """Return the root that the stored tiles had at a size; empty where one is missing."""
    try:
        return reader(size).root()
    except BadTile:
        return b""


def check_head(
    head: Against, keys: Sequence[VerificationKey], findings: Findings
) -> None:
    """Note when the log's keys, which no database holds, did not sign this head."""
    if not head.note or not keys:
        return
    try:
        open_checkpoint(head.note, origin=keys[-1].name, log_keys=keys)
    except BadNote as error:
        findings.add(f"the head of {head.size} entries is not the signer's: {error}")


def check_sealed(root: bytes, *, size: int, findings: Findings) -> None:
    """Note when the sealer's own row of this size has another root."""
    row = Checkpoint.objects.filter(size=size).first()
    if row is not None and bytes(row.root) != root:
        findings.add(f"the entries are not those of the sealed head of {size}")


def check_remembered(note: str, *, reached: int, findings: Findings) -> None:
    """Note when the log does not begin with a head that fitted before.

    Requires that the tiles up to `reached` were compared with the entries.
    """
    head = read_head(note) if note else None
    names = {present_name(), *(one.origin for one in ended_logs())} - {""}
    if head is None or (names and head.origin not in names):
        return
    if head.size > reached:
        findings.add(
            f"the log ends at {reached} entries, and once had {head.size}: was an older"
            " copy of the database put back?"
        )
    elif root_of_tiles(head.size) != head.root:
        findings.add(f"the first {head.size} entries are not those of an earlier audit")


def check_continued(*, reached: int, findings: Findings) -> None:
    """Note when the log does not begin with all of those that it continues.

    Requires that the tiles up to `reached` were compared with the entries.
    """
    for ended in ended_logs():
        head = read_head(ended.note)
        is_begun = (
            head is not None
            and head.size <= reached
            and root_of_tiles(head.size) == head.root
        )
        if not is_begun:
            findings.add(
                f"the log does not begin with {ended.origin}, which it continues"
            )
        elif _is_said_otherwise(ended, head):
            findings.add(f"it says another end of {ended.origin}", ended.entry_id)


def _is_said_otherwise(ended: EndedLog, head: Head | None) -> bool:
    said = read_fields(Entry.objects.filter(pk=ended.entry_id))[ended.entry_id]
    return head is None or {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "note_sha256": hashlib.sha256(ended.note.encode()).hexdigest(),
    } != {name: said.get(name) for name in ("origin", "size", "root", "note_sha256")}


def first_other_head(size: int) -> tuple[int, int] | None:
    """Return between which two sizes the tiles leave the signed heads; None if nowhere.

    Once one leaf is another, no later head fits: so halving finds it.
    """
    heads = Checkpoint.objects.exclude(note="").filter(size__lte=size)
    sizes = list(heads.order_by("size").values_list("size", flat=True))
    good, bad = -1, len(sizes)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _fits(sizes[middle]):
            good = middle
        else:
            bad = middle
    if bad == len(sizes):
        return None
    return (sizes[good] if good >= 0 else 0), sizes[bad]


def _fits(size: int) -> bool:
    head = read_head(Checkpoint.objects.values_list("note", flat=True).get(size=size))
    return head is not None and root_of_tiles(size) == head.root
