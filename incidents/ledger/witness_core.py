"""Decides what a witness answers to a log that wants its head cosigned.

    old <size>
    base64 of a hash of the consistency proof, none or more of these lines
    (blank line)
    checkpoint

A witness remembers one thing of a log, the newest head that it cosigned, and cosigns
only what extends it. The caller keeps that memory: it locks the head, decides, makes
`Answer.head` durable, and only then answers. The other half, what a log asks a witness
and makes of the answer, stands below.

Source: C2SP tlog-witness v1, C2SP tlog-cosignature v1.0.0.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from incidents.ledger.checkpoint import Checkpoint, cosign, parse_checkpoint
from incidents.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    verify_consistency,
)
from incidents.ledger.note import (
    BadNote,
    Note,
    Signature,
    parse_note,
    verify_note,
    write_note,
)
from incidents.ledger.vkey import (
    KeyType,
    SigningKey,
    VerificationKey,
    cosignature_time,
    decode_base64,
)

MAX_PROOF_HASHES = 63
MAX_REQUEST_BYTES = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n?")


class BadRequest(ValueError):
    """The body is not a request of this protocol."""


class BadAnswer(ValueError):
    """What a witness answered is not its cosignature."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log had come. Without one, nothing was cosigned yet."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class AddRequest:
    """What a log wants cosigned, nothing of it verified."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. `head` and `note` are to be kept first; None when nothing changes."""

    status: HTTPStatus
    body: str
    content_type: str = TEXT_TYPE
    head: Head | None = None
    note: str = ""


def read_request(body: bytes) -> AddRequest:
    """Read the body of add-checkpoint. Raises BadRequest."""
    if len(body) > MAX_REQUEST_BYTES:
        raise BadRequest(f"a request has at most {MAX_REQUEST_BYTES} bytes")
    try:
        first, *rest = body.decode().split("\n")
    except UnicodeDecodeError:
        raise BadRequest("a request is UTF-8") from None
    old = _OLD.fullmatch(first)
    if old is None or int(old[1]) > MAX_SIZE:
        raise BadRequest("the first line is not: old SIZE")
    if "" not in rest:
        raise BadRequest("no blank line stands before the checkpoint")
    blank = rest.index("")
    proof = _read_proof(rest[:blank])
    try:
        note = parse_note("\n".join(rest[blank + 1 :]))
        checkpoint = parse_checkpoint(note.text)
    except BadNote as error:
        raise BadRequest(str(error)) from None
    if int(old[1]) > checkpoint.size:
        raise BadRequest(f"the old size is above the new one, {checkpoint.size}")
    return AddRequest(int(old[1]), proof, note, checkpoint)


def _read_proof(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_PROOF_HASHES:
        raise BadRequest(f"a proof has at most {MAX_PROOF_HASHES} hashes")
    hashes = [decode_base64(line) for line in lines]
    proof = tuple(one for one in hashes if one is not None and len(one) == HASH_BYTES)
    if len(proof) != len(lines):
        raise BadRequest(f"a line of the proof is not base64 of {HASH_BYTES} bytes")
    return proof


def refuse_unknown(origin: str) -> Answer:
    """Answer a log that this witness does not watch."""
    return Answer(HTTPStatus.NOT_FOUND, f"{origin} is not watched here\n")


def refuse_bad(error: BadRequest) -> Answer:
    """Answer what is no request of this protocol."""
    return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")


def decide(
    request: AddRequest,
    *,
    log_keys: Iterable[VerificationKey],
    last: Head,
    key: SigningKey,
    time: int,
) -> Answer:
    """Cosign the head, or say why not. `time` is in seconds since 1970.

    `last` is what this witness last cosigned of this log, locked until the answer is
    kept.
    """
    new = Head(request.checkpoint.size, request.checkpoint.root)
    of_log = [one for one in log_keys if one.type is KeyType.LOG]
    try:
        verified = verify_note(request.note, of_log)
    except BadNote as error:
        return Answer(HTTPStatus.FORBIDDEN, f"{error}\n")
    if request.old_size != last.size:
        return Answer(HTTPStatus.CONFLICT, f"{last.size}\n", SIZE_TYPE)
    proves = verify_consistency(last.size, new.size, last.root, new.root, request.proof)
    if not proves:
        reason = f"the new head is not shown to extend the one of size {last.size}\n"
        return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, reason)
    mine = cosign(request.checkpoint, key, time=time)
    kept = write_note(Note(request.note.text, (*verified.values(), mine)))
    return Answer(HTTPStatus.OK, mine.line(), head=new, note=kept)


def origin_hash(origin: str) -> str:
    """Return how a log stands in the addresses of a witness: SHA-256, hexadecimal."""
    return hashlib.sha256(origin.encode()).hexdigest()


def write_request(old_size: int, proof: Iterable[bytes], note: str) -> bytes:
    """Return the body with which a log asks for a cosignature."""
    hashes = "".join(f"{b64encode(one).decode()}\n" for one in proof)
    return f"old {old_size}\n{hashes}\n{note}".encode()


def read_cosignature(answer: bytes, *, text: str, key: VerificationKey) -> Signature:
    """Return the line of this witness over the text of a head, verified.

    Raises BadAnswer.
    """
    try:
        note = parse_note(f"{text}\n".encode() + answer)
        verified = verify_note(note, [key])
    except BadNote as error:
        raise BadAnswer(str(error)) from None
    if note.text != text:
        raise BadAnswer("the answer is not signature lines alone")
    line = verified[key]
    if not cosignature_time(line.value):
        raise BadAnswer("the cosignature has no time")
    return line


def read_size(answer: bytes) -> int | None:
    """Return which size the witness says to have cosigned last; None for no such."""
    size = _SIZE.fullmatch(answer.decode("ascii", "replace"))
    return int(size[1]) if size and int(size[1]) <= MAX_SIZE else None
