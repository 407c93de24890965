"""Asks the witnesses of our log to cosign its newest head, all of them at once.

A witness that has cosigned the newest head is asked again each minute, while nothing
waits to be sealed: so quiet hours have witnesses too. One that fails is asked again
after 2, 4, 8 … seconds, at most a minute.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

import structlog

from escalation.witnesses.guarded_text import NotAnswered, post
from incidents.ledger.note import parse_note
from incidents.ledger.witness_core import (
    SIZE_TYPE,
    BadAnswer,
    read_cosignature,
    read_size,
    write_request,
)
from incidents.models import Checkpoint, Witness
from incidents.sealing.heartbeats import beat
from incidents.sealing.tree import consistency_path
from incidents.witnessing.cosigning import (
    Line,
    active_witnesses,
    head_to_cosign,
    is_from_the_future,
    keep_lines,
    key_of,
)

log = structlog.get_logger(__name__)

MAX_WAIT_SECONDS: Final = 60

# (address, body) -> (status, media type, body). Raises NotAnswered.
Post = Callable[[str, bytes], tuple[int, str, bytes]]


@dataclass(frozen=True, slots=True)
class Question:
    """What one witness is asked."""

    witness: Witness
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it: a line, or why there is none."""

    witness: Witness
    line: Line | None = None
    why: str = ""
    # It said to have cosigned this size; asked once more, from there.
    other_size: int | None = None


def ask_witnesses(now: datetime, *, send: Post = post) -> int:
    """Ask those whose turn it is and keep their lines; returns how many cosigned."""
    witnesses = [one for one in active_witnesses() if one.address]
    head = head_to_cosign(now) if witnesses else None
    if head is None:
        return 0
    is_beat = beat(now) == head.size
    asked = [one for one in witnesses if _is_due(one, head, now, is_beat=is_beat)]
    if not asked:
        return 0
    heard = _ask(head, {one: one.size for one in asked}, now, send)
    again = {one.witness: one.other_size for one in heard if one.other_size is not None}
    heard = [one for one in heard if one.other_size is None]
    heard += _ask(head, again, now, send)
    return _settle(head, heard, now)


def _is_due(
    witness: Witness, head: Checkpoint, now: datetime, *, is_beat: bool
) -> bool:
    if witness.next_at and witness.next_at > now:
        return False
    return is_beat or witness.size < head.size


def _ask(
    head: Checkpoint, sizes: dict[Witness, int], now: datetime, send: Post
) -> list[Heard]:
    if not sizes:
        return []
    questions = [
        Question(witness, _body(head, min(size, head.size)))
        for witness, size in sizes.items()
    ]
    with ThreadPoolExecutor(max_workers=len(questions)) as threads:
        return list(threads.map(partial(_hear, head, now, send), questions))


def _body(head: Checkpoint, old_size: int) -> bytes:
    return write_request(old_size, consistency_path(old_size, head.size), head.note)


def _hear(head: Checkpoint, now: datetime, send: Post, question: Question) -> Heard:
    """Ask one witness. Runs in a thread of its own, without a database."""
    witness = question.witness
    address = f"{witness.address.rstrip('/')}/add-checkpoint"
    try:
        status, media_type, answer = send(address, question.body)
    except NotAnswered as error:
        return Heard(witness, why=str(error))
    if status == HTTPStatus.OK:
        return _read_line(head, now, witness, answer)
    size = read_size(answer) if media_type.startswith(SIZE_TYPE) else None
    if status == HTTPStatus.CONFLICT and size is not None:
        return _read_conflict(head, question, size)
    said = answer.decode("utf-8", "replace").strip()
    return Heard(witness, why=f"it answered {status}: {said}"[:300])


def _read_line(
    head: Checkpoint, now: datetime, witness: Witness, answer: bytes
) -> Heard:
    key, text = key_of(witness), parse_note(head.note).text
    try:
        signature = read_cosignature(answer, text=text, key=key)
    except BadAnswer as error:
        return Heard(witness, why=f"its answer cannot be used: {error}"[:300])
    if is_from_the_future(signature, now):
        return Heard(witness, why="its clock is over an hour ahead")
    return Heard(witness, Line(witness, key, signature))


def _read_conflict(head: Checkpoint, question: Question, size: int) -> Heard:
    if size > head.size:
        why = f"it has cosigned {size} entries, and this log has {head.size}: was a backup restored?"
        return Heard(question.witness, why=why)
    if question.body.startswith(b"old %d\n" % size):
        return Heard(question.witness, why=f"it was asked from {size} and says {size}")
    return Heard(question.witness, other_size=size)


def _settle(head: Checkpoint, heard: Sequence[Heard], now: datetime) -> int:
    lines = [one.line for one in heard if one.line]
    if lines:
        keep_lines(head, lines, now)
    for one in heard:
        if one.line is None:
            _note_failure(one, now)
    return len(lines)


def _note_failure(heard: Heard, now: datetime) -> None:
    """Ask it again later, and say why; in the log once for each reason."""
    witness = heard.witness
    why = heard.why or f"it changes what it cosigned ({heard.other_size})"
    if witness.failed_why != why:
        log.warning("witness_did_not_cosign", witness=witness.slug, why=why)
    failures = witness.failures + 1
    wait = timedelta(seconds=min(2 ** min(failures, 6), MAX_WAIT_SECONDS))
    Witness.objects.filter(pk=witness.pk).update(
        failures=failures, failed_why=why[:300], next_at=now + wait
    )
