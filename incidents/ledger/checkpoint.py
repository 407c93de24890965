"""Reads, signs and opens checkpoints: the log's word for its size and its root.

    origin
    size, decimal
    base64(root)

Exactly these three lines; no time, for a log's own clock proves nothing: the time comes
from the witnesses that cosign. Other software also accepts lines after the third and,
below its note layer, sizes like 05; here both are refused.

Source: C2SP tlog-checkpoint v1.0.0, C2SP tlog-cosignature v1.0.0.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from incidents.ledger.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from incidents.ledger.note import (
    BadNote,
    NoKnownSignature,
    Note,
    Signature,
    parse_note,
    sign_text,
    verify_note,
)
from incidents.ledger.vkey import (
    KeyType,
    SigningKey,
    VerificationKey,
    cosignature_time,
    cosigned_message,
    decode_base64,
    timed_signature,
)

_BODY = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)\n")


class BadCheckpoint(BadNote):
    """The text is not a checkpoint of the three lines."""


class OtherOrigin(BadCheckpoint):
    """The checkpoint is of another log."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root. Raises BadCheckpoint."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise BadCheckpoint("the origin of a log is one line")
        if not 0 <= self.size <= MAX_SIZE:
            raise BadCheckpoint(f"{self.size} is not a size of a log")
        if len(self.root) != HASH_BYTES:
            raise BadCheckpoint(f"a root has {HASH_BYTES} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise BadCheckpoint("an empty log has the root of nothing")

    @property
    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint. Raises BadCheckpoint."""
    lines = _BODY.fullmatch(text)
    if lines is None:
        raise BadCheckpoint("a checkpoint has the lines origin, size, root and no more")
    origin, size, encoded = lines.groups()
    root = decode_base64(encoded)
    if root is None:
        raise BadCheckpoint("the root is not canonical base64")
    return Checkpoint(origin, int(size), root)


def sign_checkpoint(checkpoint: Checkpoint, keys: Iterable[SigningKey]) -> Note:
    """Sign a checkpoint with each of the log's keys: two while one is replaced."""
    signatures = tuple(sign_text(checkpoint.text, key) for key in keys)
    return Note(checkpoint.text, signatures)


def cosign(checkpoint: Checkpoint, key: SigningKey, *, time: int) -> Signature:
    """Sign a checkpoint as a witness that saw it at `time` (seconds since 1970)."""
    if key.public.type is not KeyType.WITNESS:
        raise ValueError(f"{key.public.name} is not a witness's key")
    message = cosigned_message(checkpoint.text, time=time)
    value = timed_signature(key.sign(message), time=time)
    return Signature(key.public.name, key.public.id, value)


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint that its log signed, and when each known witness saw it.

    `seen` gives for a witness's key the seconds since 1970.
    """

    checkpoint: Checkpoint
    note: Note
    seen: dict[VerificationKey, int]


def open_checkpoint(
    data: bytes | str,
    *,
    origin: str,
    log_keys: Iterable[VerificationKey],
    witness_keys: Iterable[VerificationKey] = (),
) -> OpenedCheckpoint:
    """Read a signed checkpoint and verify every line by a known key.

    Whether enough witnesses saw it is the caller's policy. Raises BadNote:
    WrongSignature, NoKnownSignature (not by the log), BadCheckpoint, OtherOrigin.
    """
    note = parse_note(data)
    of_log = [key for key in log_keys if key.type is KeyType.LOG]
    witnesses = [key for key in witness_keys if key.type is KeyType.WITNESS]
    verified = verify_note(note, [*of_log, *witnesses])
    if not any(key in verified for key in of_log):
        raise NoKnownSignature("no known key of the log has signed this checkpoint")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise OtherOrigin(f"this is a checkpoint of {checkpoint.origin!r}")
    seen = {
        key: time
        for key in witnesses
        if key in verified
        and (time := cosignature_time(verified[key].value)) is not None
    }
    return OpenedCheckpoint(checkpoint, note, seen)
