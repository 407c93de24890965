"""Keeps the last head that was verified, so that a shorter or other log is noticed.

The file holds the three lines of a checkpoint; behind a blank line those of each name
under which the same log was signed before, with the word `ended`. It is written beside
itself and then put in place at once: whoever is interrupted keeps the old one.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from incidents.ledger.checkpoint import BadCheckpoint, parse_checkpoint
from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.verify.continued import Pinned
from incidents.ledger.vkey import decode_base64


class BadState(ValueError):
    """The file is not one that this program wrote."""


_ENDED: Final = "ended\n"


def read_state(path: Path) -> list[Pinned]:
    """Return the heads that were seen last, of each log; none when there is no file yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    try:
        blocks = data.decode().removesuffix("\n").split("\n\n")
        return [_read_block(f"{block}\n") for block in blocks]
    except (UnicodeDecodeError, BadCheckpoint) as error:
        raise BadState(f"{path} does not hold a head of a log: {error}") from None


def _read_block(text: str) -> Pinned:
    is_ended = text.endswith(_ENDED)
    return Pinned(parse_checkpoint(text.removesuffix(_ENDED)), is_ended=is_ended)


def state_text(heads: Sequence[Pinned]) -> str:
    """Return what the file says of these heads."""
    return "\n".join(one.checkpoint.text + _ENDED * one.is_ended for one in heads)


def write_state(path: Path, heads: Sequence[Pinned]) -> None:
    """Replace the file by one that holds these heads."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(state_text(heads).encode())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_consistency(path: Path) -> tuple[bytes, ...]:
    """Return the proof in a file as the log's address for such proofs hands it out."""
    lines = path.read_text("ascii", errors="replace").split()
    proof = tuple(decode_base64(line) or b"" for line in lines)
    if any(len(one) != HASH_BYTES for one in proof):
        raise BadState(f"{path} does not hold a consistency proof: a hash in each line")
    return proof
