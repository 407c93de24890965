"""A mail backend that keeps each message as one file, for the demo's mailbox."""

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_numbers = itertools.count()


class EmailBackend(BaseEmailBackend):
    """Writes to EMAIL_FILE_PATH; a reader never sees half a message."""

    def __init__(
        self, *args: Any, file_path: str | Path | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._folder = Path(file_path or settings.EMAIL_FILE_PATH)  # type: ignore[misc]  # set by EMAIL_URL

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the messages and return their number."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._store(message.message().as_bytes())
        return len(email_messages)

    def _store(self, content: bytes) -> None:
        # Names sort by the time of storing, also within one nanosecond tick.
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers)}"
        draft = self._folder / f".{name}.part"
        draft.write_bytes(content)
        draft.rename(self._folder / f"{name}.eml")
