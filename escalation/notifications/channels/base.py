"""What a channel is. Free of Django.

To add one: a file here with a class like this, and one line in `registry.py`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from escalation.notifications.render import Message

# A send ends within this; a lease lasts six times as long.
SEND_LIMIT_SECONDS: Final = 10.0


class Outcome(StrEnum):
    """What became of one try. `SENT` is: the provider accepted it."""

    SENT = "sent"
    RETRYABLE = "retryable"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome of one try, and what the provider said."""

    outcome: Outcome
    detail: str = ""
    retry_after: timedelta | None = None
    is_gone: bool = False
    """The receiver said that it will never take a message at this address again."""
    provider_id: str = ""
    """The provider's own name of the message, by which its support finds it."""
    is_address_at_fault: bool = False
    """Only this address is in trouble: the provider behind it works."""
    was_tried: bool = True
    """False if nothing was handed over, which says nothing of the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message on its way, complete: a channel needs no database."""

    uid: uuid.UUID
    purpose: str
    address: str
    message: Message
    queued_at: datetime
    attempt: int
    secret: str = ""
    """Signs a webhook; where the address is itself a secret, the whole address."""
    thread: str = ""
    """The incident's reference; messages with the same one belong together."""
    acknowledge_url: str = ""
    reply_to: str = ""
    """Where an answer of this recipient to this incident is taken as a comment."""


class Channel(Protocol):
    """One way to reach somebody. Used by several threads at once."""

    kind: str
    label: str

    def missing_settings(self) -> tuple[str, ...]:
        """Return the settings without which the channel does not work here."""

    def send(self, outgoing: Outgoing) -> SendResult:
        """Send one message within `SEND_LIMIT_SECONDS`; failures are results."""

    def close(self) -> None:
        """Close what is kept open between messages."""
