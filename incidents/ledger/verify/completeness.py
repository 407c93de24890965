"""Checks how far the stream goes: that the log itself counted its entries, and when."""

from dataclasses import dataclass
from typing import Final

from incidents.ledger.bundle_parts import (
    COMPLETENESS,
    HEADS_FIELD,
    BadPart,
    Completeness,
    read_completeness,
)
from incidents.ledger.canonical import NotCanonical, parse_leaf
from incidents.ledger.checkpoint import Checkpoint
from incidents.ledger.heads import (
    SYSTEM_STREAM,
    BadHeads,
    HeadsRoot,
    parse_head,
    parse_heads_root,
    verify_head,
)
from incidents.ledger.leaf import WrongDisclosure, open_field
from incidents.ledger.merkle import leaf_hash, verify_inclusion
from incidents.ledger.verify.instants import milliseconds
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Rejected

HEADS_KIND: Final = "log.heads"


@dataclass(frozen=True, slots=True)
class Counted:
    """The stream had `seq` entries, the last of this hash, in the log of size `upto`.

    The list that says so is entry `index` of the log and claims to be of `at_ms`.
    """

    seq: int
    hash: bytes
    upto: int
    index: int
    at_ms: int


def check_completeness(parts: Parts, newest: Checkpoint) -> Counted:
    """Return what the log counted of the stream. Raises Rejected."""
    if not parts.has(COMPLETENESS):
        raise Rejected(Code.INCOMPLETE, f"there is no {COMPLETENESS}")
    try:
        part = read_completeness(parts.read(COMPLETENESS))
        leaf = parse_leaf(part.leaf)
        heads = parse_heads_root(open_field(leaf, HEADS_FIELD, part.disclosure))
        head = parse_head(part.line)
    except (BadPart, NotCanonical, WrongDisclosure, BadHeads) as error:
        raise Rejected(Code.INCOMPLETE, f"{COMPLETENESS}: {error}") from None
    if leaf.stream != SYSTEM_STREAM or leaf.type != HEADS_KIND:
        raise Rejected(Code.INCOMPLETE, "what counts the entries is not the log's own")
    _check_inclusion(part, newest, heads)
    if not verify_head(head, part.line_index, part.line_path, heads):
        raise Rejected(Code.INCOMPLETE, "the line is not in the log's list of heads")
    if head.stream != parts.manifest.stream:
        raise Rejected(Code.INCOMPLETE, "the line is of another stream")
    return Counted(head.seq, head.hash, heads.upto, part.index, milliseconds(leaf.at))


def _check_inclusion(part: Completeness, newest: Checkpoint, heads: HeadsRoot) -> None:
    hashed = leaf_hash(part.leaf)
    sizes = part.index, newest.size
    if not verify_inclusion(hashed, *sizes, part.path, newest.root):
        raise Rejected(Code.INCLUSION, "the list of heads is not in the log")
    if heads.upto > part.index:
        raise Rejected(Code.INCOMPLETE, "the list counts what was not there yet")
