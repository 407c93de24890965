"""Holds every head that is kept against the tree, and the lines below it against keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from incidents.audit.binary import read_binary
from incidents.audit.findings import Findings
from incidents.audit.heads import read_head
from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.merkle import HASH_BYTES, Frontier
from incidents.ledger.note import BadNote
from incidents.ledger.vkey import VerificationKey
from incidents.sealing.tree import leaf_hashes

BATCH: Final = 1_000
_LEAVES: Final = 65_536
_REMEDY: Final = "put the row back from a backup"


@dataclass(frozen=True, slots=True)
class _Kept:
    """One kept head: of the sealer (`root` given), or cosigned (`root` None)."""

    size: int
    root: bytes | None
    note: str
    is_complete: bool

    def __str__(self) -> str:
        kind = "cosigned head" if self.root is None else "head"
        return f"the {kind} of {self.size} entries"


@dataclass(slots=True)
class Notes:
    """Checks the kept heads up to `reached`, whose tiles were compared with the entries.

    The tree is held against every one. Signatures take long: each night `most` of them
    are verified, from the size `after` on.
    """

    keys: Sequence[VerificationKey]
    witnesses: Sequence[VerificationKey]
    reached: int
    after: int = 0
    most: int = 5_000
    _tree: Frontier = field(default_factory=Frontier)

    def check(self, findings: Findings) -> int:
        """Note each head that is not one of this tree, or not signed as it says.

        Returns after which size the next night goes on, 0 once all fitted.
        """
        last, left, good = 0, self.most, self.after
        while batch := _read(last, self.reached):
            for kept in batch:
                self._check_tree(kept, findings)
                if kept.note and kept.size > self.after and left:
                    left -= 1
                    self._check_lines(kept, findings)
                    good = good if findings.count else kept.size
            last = batch[-1].size
        for (size,) in read_binary(_BEYOND, [self.reached]):
            findings.add(f"there is a head of {size} entries, more than are sealed")
        return 0 if left and not findings.count else good

    def _check_tree(self, kept: _Kept, findings: Findings) -> None:
        root = self._root(kept.size)
        if kept.root not in (None, root):
            findings.add(f"{kept} has not the root of its entries: {_REMEDY}")
        if kept.note:
            head = read_head(kept.note)
            if head is None or (head.size, head.root) != (kept.size, root):
                findings.add(f"the note of {kept} is not of these entries: {_REMEDY}")

    def _check_lines(self, kept: _Kept, findings: Findings) -> None:
        head = read_head(kept.note)
        keys = [key for key in self.keys if head and key.name == head.origin]
        if head is None or not keys:
            return  # of another name, from before its keys were given up
        try:
            opened = open_checkpoint(
                kept.note,
                origin=head.origin,
                log_keys=keys,
                witness_keys=self.witnesses,
            )
        except BadNote as error:
            findings.add(f"{kept} is not signed as it says ({error}): {_REMEDY}")
            return
        if kept.is_complete and self.witnesses and not opened.seen:
            findings.add(f"{kept} counts as cosigned, and no known witness signed it")

    def _root(self, size: int) -> bytes:
        while self._tree.size < size:
            count = min(_LEAVES, size - self._tree.size)
            for hashed in leaf_hashes(self._tree.size, count):
                # Where a tile is missing, which is noted, nothing fits any more.
                self._tree.append(hashed.ljust(HASH_BYTES, b"\0"))
        return self._tree.root()


_SIGNED: Final = """
SELECT size, root, note FROM tocsin_checkpoint
 WHERE size > %s AND size <= %s ORDER BY size LIMIT %s
"""
_COSIGNED: Final = """
SELECT size, note, quorum_at IS NOT NULL FROM tocsin_cosigned
 WHERE size > %s AND size <= %s ORDER BY size, which
"""
_BEYOND: Final = """
SELECT size FROM tocsin_cosigned WHERE size > %s
   AND size > (SELECT max(size) FROM tocsin_checkpoint) ORDER BY size LIMIT 1
"""


def _read(after: int, end: int) -> list[_Kept]:
    signed = read_binary(_SIGNED, [after, end, BATCH])
    if not signed:
        return []
    last = signed[-1][0]
    rows = [_Kept(size, root, note, False) for size, root, note in signed]
    for size, note, is_complete in read_binary(_COSIGNED, [after, last]):
        rows.append(_Kept(size, None, note, is_complete))
    return sorted(rows, key=lambda kept: (kept.size, kept.root is None))
