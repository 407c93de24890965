"""Reads, writes and verifies proof files: that an entry is in a log, for any verifier.

    c2sp.org/tlog-proof@v1
    extra base64(…)          (may be absent; nothing vouches for it)
    index 73894
    base64(hash)             (one line for each hash, from the leaf up)
    (blank line)
    the signed checkpoint, as it is

Source: C2SP tlog-proof v1.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from incidents.ledger.checkpoint import OpenedCheckpoint, open_checkpoint
from incidents.ledger.merkle import HASH_BYTES, MAX_SIZE, verify_inclusion
from incidents.ledger.vkey import VerificationKey, decode_base64

MAX_PATH = MAX_SIZE.bit_length()

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class BadProof(ValueError):
    """The bytes are not a proof file, or it does not prove this entry."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """Where an entry stands, the hashes beside its way up, the signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""


def write_proof(proof: ProofFile) -> bytes:
    """Return the bytes of a proof file. Raises BadProof when they would not be one."""
    lines = [_HEADER]
    if proof.extra:
        lines.append(f"extra {b64encode(proof.extra).decode()}")
    lines.append(f"index {proof.index}")
    lines += [b64encode(one).decode() for one in proof.path]
    try:
        data = "\n".join([*lines, "", proof.checkpoint]).encode()
    except UnicodeEncodeError:
        raise BadProof("the checkpoint holds half a surrogate pair") from None
    if parse_proof(data) != proof:
        raise BadProof("the proof cannot be written so that it reads the same")
    return data


def parse_proof(data: bytes) -> ProofFile:
    """Read a proof file without believing anything in it. Raises BadProof."""
    try:
        head, blank, checkpoint = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise BadProof("a proof file is UTF-8") from None
    if not blank:
        raise BadProof("a proof file is some lines, a blank line and a checkpoint")
    lines = head.split("\n")
    if lines.pop(0) != _HEADER:
        raise BadProof(f"a proof file begins with {_HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _decode(lines.pop(0).removeprefix("extra "))
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None or int(index[1]) >= MAX_SIZE:
        raise BadProof("the line with the index is missing or wrong")
    return ProofFile(int(index[1]), _read_path(lines), checkpoint, extra)


def _read_path(lines: list[str]) -> tuple[bytes, ...]:
    path = tuple(_decode(line) for line in lines)
    if len(path) > MAX_PATH or any(len(one) != HASH_BYTES for one in path):
        raise BadProof(f"at most {MAX_PATH} hashes of {HASH_BYTES} bytes make a proof")
    return path


def _decode(text: str) -> bytes:
    data = decode_base64(text)
    if not data:
        raise BadProof(f"{text!r} is not canonical base64")
    return data


def verify_proof(
    proof: ProofFile,
    leaf_hash: bytes,
    *,
    origin: str,
    log_keys: Iterable[VerificationKey],
    witness_keys: Iterable[VerificationKey] = (),
) -> OpenedCheckpoint:
    """Return the checkpoint below which the entry of this leaf hash is proved to stand.

    Whether enough witnesses saw it is the caller's policy. Raises BadProof, and BadNote
    when the checkpoint must not be believed.
    """
    opened = open_checkpoint(
        proof.checkpoint, origin=origin, log_keys=log_keys, witness_keys=witness_keys
    )
    size, root = opened.checkpoint.size, opened.checkpoint.root
    if not verify_inclusion(leaf_hash, proof.index, size, proof.path, root):
        raise BadProof(f"this entry is not number {proof.index} of a log of {size}")
    return opened
