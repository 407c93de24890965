"""Read the demo's mailbox: the messages that `file_mailbox` stored instead of sending."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from django.conf import settings

MAILBOX_BACKEND: Final = "escalation.notifications.file_mailbox.EmailBackend"
_NAME: Final = re.compile(r"[0-9]{20}-[0-9]+-[0-9]+\.eml")
_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    """One stored message. `headers` are name and value, as they were sent."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


def has_mailbox() -> bool:
    """Tell whether this installation is a demo whose mail goes to files."""
    return bool(settings.DEMO) and settings.EMAIL_BACKEND == MAILBOX_BACKEND


def list_messages(folder: Path, *, limit: int = 200) -> list[MailboxMessage]:
    """Return the newest messages, newest first."""
    names = sorted(_names(folder), reverse=True)[:limit]
    return [_read(folder / name) for name in names]


def read_message(folder: Path, name: str) -> MailboxMessage | None:
    """Return one message; None when the name is not that of a stored one."""
    if not _NAME.fullmatch(name) or not (folder / name).is_file():
        return None
    return _read(folder / name)


def _names(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (
            path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)
        )


def _read(path: Path) -> MailboxMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    stored_at = int(path.name.partition("-")[0]) / _NANOSECONDS
    return MailboxMessage(
        name=path.name,
        at=datetime.fromtimestamp(stored_at, tz=UTC),
        sender=str(parsed["From"] or ""),
        to=str(parsed["To"] or ""),
        subject=str(parsed["Subject"] or ""),
        text=_part(parsed, "plain"),
        html=_part(parsed, "html"),
        headers=tuple((name, str(value)) for name, value in parsed.items()),
    )


def _part(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""
