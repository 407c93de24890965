"""Finds the head that an audit goes by, and holds the computed tree against heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from incidents.audit.findings import Findings
from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import open_checkpoint, parse_checkpoint
from incidents.ledger.note import BadNote, parse_note
from incidents.ledger.vkey import VerificationKey
from incidents.sealing.models import Checkpoint, Cosigned
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
    cosigned = Cosigned.objects.filter(quorum_at__isnull=False)
    note = cosigned.order_by("-size", "-which").values_list("note", flat=True).first()
    whose = COSIGNED
    if note is None:
        whose = SIGNED
        signed = Checkpoint.objects.exclude(note="").order_by("-size")
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


def check_remembered(note: str, *, reached: int, findings: Findings) -> None:
    """Note when the log does not begin with a head that fitted before.

    Requires that the tiles up to `reached` were compared with the entries.
    """
    head = read_head(note) if note else None
    newest = newest_head()
    here = read_head(newest.note) if newest else None
    if head is None or (here is not None and here.origin != head.origin):
        return
    if head.size > reached:
        findings.add(
            f"the log ends at {reached} entries, and once had {head.size}: was an older"
            " copy of the database put back?"
        )
    elif reader(head.size).root() != head.root:
        findings.add(f"the first {head.size} entries are not those of an earlier audit")


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
    return head is not None and reader(size).root() == head.root
