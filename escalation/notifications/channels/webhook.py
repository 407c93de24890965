"""Post signed webhooks (Standard Webhooks 1.0.0) to addresses that customers chose."""

import contextlib
import functools
import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from django.conf import settings

from escalation.notifications import retry
from escalation.notifications.channels.base import (
    SEND_LIMIT_SECONDS,
    Outcome,
    Outgoing,
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
from escalation.notifications.webhook_signature import sign
from incidents.incident.tlp import may_carry_content
from incidents.ledger.canonical import JsonValue, format_at

_MAX_RESPONSE_BYTES: Final = 64 * 1024
_TRY_AGAIN: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class WebhookChannel:
    """A signed POST. The receiver drops repeats by their `webhook-id`."""

    kind = "webhook"
    label = "Signed webhook"

    def may_carry(self, tlp: str) -> bool:
        """Tell whether a title may go out by webhook to systems inside."""
        return may_carry_content(tlp, self.kind, inside=True)

    def send(self, outgoing: Outgoing) -> SendResult:
        """Connect to the checked address, post once, and judge the answer."""
        ends_at = time.monotonic() + SEND_LIMIT_SECONDS
        body = compose(outgoing)
        try:
            headers = signed_headers(outgoing, body, at=int(time.time()))
        except ValueError as error:
            return SendResult(Outcome.PERMANENT, str(error))
        try:
            target = resolve_target(
                outgoing.address, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS
            )
            sock = _connect(target, ends_at=ends_at)
        except Refused as refused:
            return SendResult(Outcome.PERMANENT, str(refused))
        except ssl.SSLCertVerificationError as error:
            return SendResult(Outcome.PERMANENT, f"certificate: {error.verify_message}")
        except (OSError, UnicodeError) as error:
            return SendResult(Outcome.RETRYABLE, f"not reached: {_said(error)}")
        with sock:
            return _post(target, DeadlineSocket(sock, ends_at=ends_at), body, headers)

    def close(self) -> None:
        """Nothing is kept open."""


def compose(outgoing: Outgoing) -> bytes:
    """Write the body: a type, an instant and thin data. The same on each try but for links."""
    is_about_incident = outgoing.purpose != retry.VERIFY
    data: dict[str, JsonValue] = dict(outgoing.message.data)
    if outgoing.acknowledge_url:
        data["acknowledge_url"] = outgoing.acknowledge_url
    payload = {
        "type": f"incident.{outgoing.purpose}"
        if is_about_incident
        else "contact.verify",
        "timestamp": format_at(outgoing.queued_at),
        "data": data,
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(outgoing: Outgoing, body: bytes, *, at: int) -> dict[str, str]:
    """Return the headers of one try. `at` is in Unix seconds. Raises ValueError."""
    uid = str(outgoing.uid)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tocsin",
        "webhook-id": uid,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(outgoing.secret, uid=uid, timestamp=at, body=body),
    }


def judge(status: int, headers: Message, *, now: datetime) -> SendResult:
    """Say what an answer means for the next try."""
    detail = f"the receiver answered {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return SendResult(Outcome.SENT)
    if status == HTTPStatus.GONE:
        return SendResult(Outcome.PERMANENT, f"{detail}: gone for ever", is_gone=True)
    if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = _retry_after(headers.get("Retry-After", ""), now=now)
        return SendResult(Outcome.RETRYABLE, detail, retry_after=wait)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return SendResult(Outcome.PERMANENT, f"{detail}: redirects are not followed")
    return SendResult(Outcome.PERMANENT, detail)


def _connect(target: Target, *, ends_at: float) -> socket.socket:
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


def _retry_after(value: str, *, now: datetime) -> timedelta | None:
    """Read seconds or an HTTP date. Source: RFC 9110 §10.2.3."""
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value), 86_400))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}"[:300]
