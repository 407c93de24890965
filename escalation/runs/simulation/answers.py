"""Read what people are supposed to do in a simulation. Pure.

    nobody
    ack at step 2 after 3m                 somebody of the policy's own organisation
    ack by naisa after 10m                 another organisation, counted from the start
    pass at step 1 after 30s; ack at step 2 after 5m
    resolve after 2h

`at step N` counts from the moment at which step N first told somebody, `after` alone
from the start. Delays are whole numbers of s, m, h or d.

>>> read_answers("ack at step 2 after 3m")
(Answer(what='ack', delay=datetime.timedelta(seconds=180), step='2', organisation=''),)
>>> read_answers("nobody")
()
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast

What = Literal["ack", "pass", "resolve"]

NOBODY: Final = "nobody"
MAX_ANSWERS: Final = 20
REMEDY: Final = "write 'nobody', or such as 'ack at step 2 after 3m', separated by ';'"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_ANSWER: Final = re.compile(
    r"(?P<what>ack|pass|resolve)"
    r"(?: by (?P<organisation>[a-z0-9][a-z0-9-]{0,62}))?"
    r"(?: at step (?P<step>\d+(?:[. ][\w. ]*?\d+)?))?"
    r"(?: after (?P<count>\d{1,6})(?P<unit>[smhd]))?"
)


class AnswerError(ValueError):
    """An answer cannot be read. The message names the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that somebody does; `step` is a label, `organisation` a slug or empty."""

    what: What
    delay: timedelta
    step: str = ""
    organisation: str = ""


def read_answers(text: str) -> tuple[Answer, ...]:
    """Return the answers in the order in which they were written. Raises AnswerError."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if parts in ([], [NOBODY]):
        return ()
    if len(parts) > MAX_ANSWERS:
        raise AnswerError(f"answers: {len(parts)} are too many; {REMEDY}")
    return tuple(_read(part) for part in parts)


def _read(part: str) -> Answer:
    match = _ANSWER.fullmatch(" ".join(part.split()))
    if match is None:
        raise AnswerError(f"answers: {part[:80]!r} cannot be read; {REMEDY}")
    seconds = int(match["count"] or 0) * _SECONDS[match["unit"] or "s"]
    return Answer(
        cast("What", match["what"]),
        timedelta(seconds=seconds),
        match["step"] or "",
        match["organisation"] or "",
    )
