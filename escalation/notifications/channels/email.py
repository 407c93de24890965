"""Send e-mail through Django's configured backend, over connections that are kept open."""

import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from escalation.notifications.channels.base import Outcome, Outgoing, SendResult
from escalation.notifications.render import one_line

# A connection that was idle this long is asked whether it still lives.
_PROBE_AFTER_SECONDS: Final = 2.0
# One that was idle this long is closed: servers end them after some minutes.
_CLOSE_AFTER_SECONDS: Final = 60.0
_PERMANENT_FROM: Final = 500


class EmailChannel:
    """E-mail: text first, HTML beside it, one thread for each incident."""

    kind = "email"
    label = "E-mail"

    def __init__(self) -> None:
        self._connections = _Connections()

    def missing_settings(self) -> tuple[str, ...]:
        """Nothing: mail goes somewhere in every installation."""
        return ()

    def send(self, outgoing: Outgoing) -> SendResult:
        """Hand the message to the mail server."""
        try:
            mail = compose(outgoing)
        except ValueError as error:
            return SendResult(Outcome.PERMANENT, f"cannot be written: {error}")
        try:
            with self._connections.borrow() as backend:
                return _hand_over(mail, backend)
        except (OSError, smtplib.SMTPException) as error:
            # Nothing was handed over yet: the server was not reached or refused us,
            # which is the operator's fault and never the address's.
            return SendResult(Outcome.RETRYABLE, f"mail server: {_said(error)}")

    def close(self) -> None:
        """Close idle connections to the mail server."""
        self._connections.close()


def compose(outgoing: Outgoing) -> EmailMultiAlternatives:
    """Write the mail with the headers that keep it one, threaded and unanswered.

    Source: RFC 5322 §3.6.4 (threading), RFC 3834 §5 (Auto-Submitted).
    """
    message = outgoing.message
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Message-ID": f"<{outgoing.uid}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if outgoing.thread:
        root = f"<{outgoing.thread}@{domain}>"
        headers |= {"In-Reply-To": root, "References": root}
    if outgoing.reply_to:
        headers["Reply-To"] = outgoing.reply_to
    context = {
        "acknowledge_url": outgoing.acknowledge_url,
        "message": message,
        "takes_answers": bool(outgoing.reply_to),
        "severity": message.data.get("severity"),
        "title": message.data.get("title"),
    }
    mail = EmailMultiAlternatives(
        subject=one_line(message.subject),
        body=render_to_string("emails/message.txt", context),
        to=[outgoing.address],
        headers=headers,
    )
    mail.attach_alternative(
        render_to_string("emails/message.html", context), "text/html"
    )
    return mail


def _hand_over(mail: EmailMultiAlternatives, backend: BaseEmailBackend) -> SendResult:
    try:
        backend.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as refused:
        code, reason = next(iter(refused.recipients.values()))
        return replace(_by_code(code, reason), is_address_at_fault=True)
    except smtplib.SMTPResponseException as error:
        return _by_code(error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        return SendResult(Outcome.PERMANENT, f"mail server: {_said(error)}")
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(Outcome.UNKNOWN, f"mail server: {_said(error)}")
    except ValueError as error:
        return SendResult(Outcome.PERMANENT, f"cannot be sent: {error}")
    return SendResult(Outcome.SENT)


def _by_code(code: int, reason: bytes | str) -> SendResult:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    outcome = Outcome.PERMANENT if code >= _PERMANENT_FROM else Outcome.RETRYABLE
    return SendResult(outcome, one_line(f"mail server: {code} {text}", limit=400))


def _said(error: Exception) -> str:
    return one_line(f"{type(error).__name__} {error}", limit=300)


@dataclass(slots=True)
class _Idle:
    backend: BaseEmailBackend
    since: float


class _Connections:
    """Open connections that nobody uses at the moment, the last used one first."""

    def __init__(self) -> None:
        self._idle: list[_Idle] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[BaseEmailBackend]:
        """Lend an open connection; it is kept only if it was given back in order."""
        backend = self._take() or _open()
        before = _smtp_of(backend)
        try:
            yield backend
        except BaseException:
            _close(backend)
            raise
        # After an error Django's backend may have dropped its connection.
        if before is not None and _smtp_of(backend) is before and before.sock:
            with self._lock:
                self._idle.append(_Idle(backend, time.monotonic()))
        else:
            _close(backend)

    def close(self) -> None:
        """Close all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for entry in idle:
            _close(entry.backend)

    def _take(self) -> BaseEmailBackend | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                entry = self._idle.pop()
            if _is_alive(entry):
                return entry.backend
            _close(entry.backend)


def _open() -> BaseEmailBackend:
    backend: BaseEmailBackend = get_connection()
    backend.open()
    return backend


def _is_alive(entry: _Idle) -> bool:
    idle_seconds = time.monotonic() - entry.since
    if idle_seconds < _PROBE_AFTER_SECONDS:
        return True
    smtp = _smtp_of(entry.backend)
    if smtp is None or idle_seconds > _CLOSE_AFTER_SECONDS:
        return False
    try:
        return smtp.noop()[0] < _PERMANENT_FROM
    except (OSError, smtplib.SMTPException):
        return False


def _smtp_of(backend: BaseEmailBackend) -> smtplib.SMTP | None:
    """Return the connection below a backend; other kinds than SMTP keep none."""
    connection = getattr(backend, "connection", None)
    return connection if isinstance(connection, smtplib.SMTP) else None


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except (OSError, smtplib.SMTPException):
        return
