"""Post once to an address that a customer chose, and judge the answer.

The connection goes to the checked machine, no redirect is followed, and everything
ends within `SEND_LIMIT_SECONDS`.
"""

import contextlib
import functools
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from typing import Final

from django.conf import settings

from escalation.notifications.channels.base import (
    SEND_LIMIT_SECONDS,
    Outcome,
    SendResult,
)
from escalation.notifications.channels.deadline_socket import (
    DeadlineSocket,
    remaining_seconds,
)
from escalation.notifications.channels.webhook_target import (
    Refused,
    Target,
    resolve_target,
)
from escalation.notifications.retry import read_retry_after

_MAX_RESPONSE_BYTES: Final = 64 * 1024
_TRY_AGAIN: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


def post(address: str, body: bytes, headers: Mapping[str, str]) -> SendResult:
    """Post to the address if it is a public one; failures are results."""
    ends_at = time.monotonic() + SEND_LIMIT_SECONDS
    try:
        target = resolve_target(address, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS)
        sock = connect(target, ends_at=ends_at)
    except Refused as refused:
        return SendResult(Outcome.PERMANENT, str(refused))
    except ssl.SSLCertVerificationError as error:
        return SendResult(Outcome.PERMANENT, f"certificate: {error.verify_message}")
    except (OSError, UnicodeError) as error:
        return SendResult(Outcome.RETRYABLE, f"not reached: {_said(error)}")
    with sock:
        return _post(target, DeadlineSocket(sock, ends_at=ends_at), body, headers)


def judge(status: int, headers: Message, *, now: datetime) -> SendResult:
    """Say what an answer means for the next try."""
    detail = f"the receiver answered {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return SendResult(Outcome.SENT)
    if status == HTTPStatus.GONE:
        return SendResult(Outcome.PERMANENT, f"{detail}: gone for ever", is_gone=True)
    if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = read_retry_after(headers.get("Retry-After", ""), now=now)
        return SendResult(Outcome.RETRYABLE, detail, retry_after=wait)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return SendResult(Outcome.PERMANENT, f"{detail}: redirects are not followed")
    return SendResult(Outcome.PERMANENT, detail)


def connect(target: Target, *, ends_at: float) -> socket.socket:
    """Return a socket to the checked machine, in TLS where the address says so.

    Raises OSError.
    """
    sock = socket.create_connection(
        (target.ip, target.port), timeout=remaining_seconds(ends_at)
    )
    if not target.is_tls:
        return sock
    try:
        sock.settimeout(remaining_seconds(ends_at))
        return _tls_context().wrap_socket(sock, server_hostname=target.host)
    except BaseException:
        sock.close()
        raise


@functools.lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _post(
    target: Target, sock: DeadlineSocket, body: bytes, headers: Mapping[str, str]
) -> SendResult:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    try:
        connection.request(
            "POST",
            target.path,
            body=body,
            headers={"Host": target.host_header, "Connection": "close", **headers},
        )
        response = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return SendResult(Outcome.UNKNOWN, f"no answer: {_said(error)}")
    with response, contextlib.suppress(OSError, http.client.HTTPException):
        # The status decides; the rest is read so that closing does not reset it.
        response.read(_MAX_RESPONSE_BYTES)
    return judge(response.status, response.headers, now=datetime.now(UTC))


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}"[:300]


_WORDS: Final[dict[type[Exception], str]] = {
    socket.gaierror: "no machine has this name",
    ConnectionRefusedError: "nothing answers at this port",
    TimeoutError: "no answer in time",
    ConnectionResetError: "it broke off",
}


def why_not_reached(error: Exception) -> str:
    """Return in words, without the address, why there was no answer."""
    return f"not reached: {_WORDS.get(type(error), type(error).__name__)}"
