"""Has the log's newest head stamped with the time, by each authority every so often.

What is stamped is the newest signed head, unless older entries are still to be sealed:
a stamp says that the log was so long then, so an old head would date entries wrongly.
An authority that fails is asked again after 2, 4, 8 … minutes, at most its own time.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from django.db import transaction

from escalation.stamps.asking import (
    Authority,
    NotStamped,
    Send,
    ask_for_stamp,
    authority_of,
)
from escalation.witnesses.guarded_text import post_letter
from incidents.ledger.note import parse_note
from incidents.ledger.time_stamp import Stamp
from incidents.models import Checkpoint
from incidents.sealing.models import Which
from incidents.stamping.models import TimeStamp, TimeStampAuthority
from incidents.witnessing.cosigning import head_to_cosign

log = structlog.get_logger(__name__)

_MOST_FAILURES: Final = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a question: an answer and what it says, or why there is none."""

    authority: TimeStampAuthority
    answer: bytes = b""
    stamp: Stamp | None = None
    why: str = ""


def stamp_due(now: datetime, *, send: Send = post_letter) -> int:
    """Ask the authorities whose turn it is and keep their stamps; returns how many.

    No transaction is open while they are asked.
    """
    due = TimeStampAuthority.objects.filter(is_active=True, next_at__lte=now)
    rows = list(due.order_by("pk"))
    head = head_to_cosign(now) if rows else None
    if head is None:
        return 0
    asked = [row for row in rows if _claim(row, now)]
    if not asked:
        return 0
    questions = [(row, authority_of(row)) for row in asked]
    text = parse_note(head.note).text
    with ThreadPoolExecutor(max_workers=len(questions)) as threads:
        heard = list(threads.map(partial(_hear, text, send), questions))
    _settle(head, heard, now)
    return sum(1 for one in heard if one.stamp)


def _claim(row: TimeStampAuthority, now: datetime) -> bool:
    """Take the turn unless another worker did; it comes back if this one dies."""
    mine = TimeStampAuthority.objects.filter(pk=row.pk, next_at=row.next_at)
    return bool(mine.update(next_at=now + _wait(row)))


def _wait(row: TimeStampAuthority) -> timedelta:
    """Return how long to wait after one more failure."""
    minutes = 2 ** (1 + min(row.failures, _MOST_FAILURES))
    return timedelta(minutes=min(minutes, row.every_minutes))


def _hear(
    text: str, send: Send, question: tuple[TimeStampAuthority, Authority]
) -> Heard:
    """Ask one authority. Runs in a thread of its own, without a database."""
    row, authority = question
    try:
        answer, stamp = ask_for_stamp(authority, text, send=send)
    except NotStamped as error:
        return Heard(row, why=str(error)[:300])
    return Heard(row, answer, stamp)


def _settle(head: Checkpoint, heard: Sequence[Heard], now: datetime) -> None:
    for one in heard:
        if one.stamp is None:
            _note_failure(one)
        else:
            _keep(head.size, one, one.stamp, now)


def _keep(size: int, heard: Heard, stamp: Stamp, now: datetime) -> None:
    """Keep a stamp: of one size the first bounds times from above, the last from below."""
    values = {
        "answer": heard.answer,
        "at": stamp.at,
        "accuracy_ms": stamp.accuracy_ms,
        "got_at": now,
    }
    of_size: dict[str, Any] = {"authority": heard.authority, "size": size}
    with transaction.atomic():
        _, is_first = TimeStamp.objects.get_or_create(
            **of_size, which=Which.FIRST, defaults=values
        )
        if not is_first:
            TimeStamp.objects.update_or_create(
                **of_size, which=Which.LAST, defaults=values
            )
        TimeStampAuthority.objects.filter(pk=heard.authority.pk).update(
            size=size,
            stamped_at=now,
            said_at=stamp.at,
            next_at=now + timedelta(minutes=heard.authority.every_minutes),
            failures=0,
            failed_why="",
        )


def _note_failure(heard: Heard) -> None:
    """Say why there is no stamp; in the log once for each reason."""
    row = heard.authority
    if row.failed_why != heard.why:
        log.warning("head_not_stamped", authority=row.slug, why=heard.why)
    TimeStampAuthority.objects.filter(pk=row.pk).update(
        failures=row.failures + 1, failed_why=heard.why
    )
