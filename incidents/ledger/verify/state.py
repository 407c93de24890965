"""Keeps the last head that was verified, so that a shorter or other log is noticed.

The file holds the three lines of a checkpoint. It is written beside itself and then put
in place at once: whoever is interrupted keeps the old one.
"""

import os
from pathlib import Path

from incidents.ledger.checkpoint import BadCheckpoint, Checkpoint, parse_checkpoint
from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.vkey import decode_base64


class BadState(ValueError):
    """The file is not one that this program wrote."""


def read_state(path: Path) -> Checkpoint | None:
    """Return the head that was seen last; None when there is no file yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse_checkpoint(data.decode())
    except (UnicodeDecodeError, BadCheckpoint) as error:
        raise BadState(f"{path} does not hold a head of a log: {error}") from None


def write_state(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file by one that holds this head."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(checkpoint.text.encode())
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
