"""The outbox of a simulation: which messages went out, which wait, which failed. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from escalation.notifications import retry


@dataclass(frozen=True, slots=True)
class Page:
    """One message to one address. `place` is its step and round, None when of no step.

    The channels of another organisation's desk are not known: `channel` is empty then.
    """

    key: str
    purpose: str
    channel: str
    name: str
    address: str
    subject: str
    text: str
    due_at: datetime
    place: tuple[int, int] | None = None
    user_id: int | None = None

    @property
    def way(self) -> str:
        """What goes to whom, in words."""
        by = f" by {self.channel}" if self.channel else ""
        return f"Message{by} to {self.name}"

    @property
    def is_call(self) -> bool:
        """Whether it asks somebody to take the incident."""
        return self.purpose in retry.CANCELLED_BY_ACKNOWLEDGEMENT


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try: an event's kind and text, and when the next one is.

    Without a text it is not worth an event.
    """

    kind: str
    text: str
    again_at: datetime | None = None


@dataclass(slots=True)
class _Row:
    page: Page
    attempts: int = 0
    first_at: datetime | None = None
    status: str = "queued"


@dataclass(slots=True)
class SimulatedOutbox:
    """Messages by their key: each at most once, as in production."""

    down: Collection[str]
    _rows: dict[str, _Row] = field(default_factory=dict)

    def add(self, page: Page) -> bool:
        """Take a message; tells whether its key is new."""
        if page.key in self._rows:
            return False
        self._rows[page.key] = _Row(page)
        return True

    def attempt(self, page: Page, now: datetime) -> Tried:
        """Try to send. A channel that is down refuses at once, and would later too."""
        row = self._rows[page.key]
        row.attempts += 1
        row.first_at = row.first_at or now
        if page.channel not in self.down:
            row.status = "sent"
            return Tried("sent", page.way)
        again_at = retry.next_attempt(
            page.purpose,
            attempt=row.attempts,
            now=now,
            expires_at=page.due_at + retry.LIFETIMES[page.purpose],
            jitter=0.5,
        )
        if again_at is None:
            row.status = "failed"
            return Tried("failed", f"{page.way}: given up")
        # The first refusal says it all; the tries after it would fill the page.
        text = f"{page.way}: it is down" if row.attempts == 1 else ""
        return Tried("retried", text, again_at)

    def take_back(self) -> list[Page]:
        """Take calls that did not go out yet out of use, and return them."""
        rows = [row for row in self._rows.values() if row.page.is_call]
        waiting = [row for row in rows if row.status == "queued"]
        for row in waiting:
            row.status = "cancelled"
        return [row.page for row in waiting]

    def is_waiting(self, page: Page) -> bool:
        """Tell whether a message is still to go out."""
        return self._rows[page.key].status == "queued"

    def first_attempt(self, place: tuple[int, int]) -> datetime | None:
        """Return when a step's first message was tried."""
        tried = [row.first_at for row in self._of(place) if row.first_at is not None]
        return min(tried, default=None)

    def is_sent(self, place: tuple[int, int]) -> bool:
        """Tell whether a message of a step went out."""
        return any(row.status == "sent" for row in self._of(place))

    def has_hope(self, place: tuple[int, int]) -> bool:
        """Tell whether a message of a step went out or still may."""
        return any(row.status in ("sent", "queued") for row in self._of(place))

    def _of(self, place: tuple[int, int]) -> list[_Row]:
        return [row for row in self._rows.values() if row.page.place == place]
