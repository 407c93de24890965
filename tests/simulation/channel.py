"""A channel that sends nowhere, keeps what it was asked to send, and fails by its seed.

How an address answers is the last part of its text. What a try comes to depends only
on the address and the number of the try, never on an order of threads.
"""

import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from escalation.notifications.channels.base import Outcome, Outgoing, SendResult

CHANNEL = "simulated"
# How an address answers, and how often a world has one like that.
MANNERS = {"well": 12, "flaky": 2, "dead": 2, "doubtful": 1, "broken": 1}


class BrokenAddress(Exception):
    """A fault of the channel itself."""


@dataclass(frozen=True)
class Sent:
    """One try to send, as the outside world saw it."""

    uid: uuid.UUID
    purpose: str
    address: str
    attempt: int
    queued_at: datetime
    arrived: bool


@dataclass
class RecordingChannel:
    """Hands every try to whoever watches the schedule."""

    kind: str = CHANNEL
    label: str = "Simulated"
    tell: Callable[[Sent], None] | None = None
    tries: list[Sent] = field(default_factory=list)

    def missing_settings(self) -> tuple[str, ...]:
        return ()

    def send(self, outgoing: Outgoing) -> SendResult:
        manner = outgoing.address.rpartition("/")[2]
        luck = zlib.crc32(f"{outgoing.address}:{outgoing.attempt}".encode()) % 100
        result, arrived = _answer(manner, luck)
        sent = Sent(
            outgoing.uid,
            outgoing.purpose,
            outgoing.address,
            outgoing.attempt,
            outgoing.queued_at,
            arrived,
        )
        if self.tell is not None:
            self.tell(sent)
        if result is None:
            raise BrokenAddress
        return result

    def close(self) -> None:
        """Nothing is open."""


def _answer(manner: str, luck: int) -> tuple[SendResult | None, bool]:
    if manner == "dead":
        return SendResult(Outcome.PERMANENT, "no such address"), False
    if manner == "flaky" and luck < 60:
        return SendResult(Outcome.RETRYABLE, "busy"), False
    if manner == "doubtful" and luck < 50:
        return SendResult(Outcome.UNKNOWN, "no answer"), luck < 25
    if manner == "broken" and luck < 50:
        return None, False
    return SendResult(Outcome.SENT, "accepted"), True
