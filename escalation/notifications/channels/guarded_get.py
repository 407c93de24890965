"""Fetch a small file from an address that a customer chose.

The connection goes to the checked machine, no redirect is followed, and everything
ends within `SEND_LIMIT_SECONDS`.
"""

import http.client
import ssl
import time
from http import HTTPStatus

from django.conf import settings

from escalation.notifications.channels.base import SEND_LIMIT_SECONDS
from escalation.notifications.channels.deadline_socket import DeadlineSocket
from escalation.notifications.channels.guarded_post import connect, why_not_reached
from escalation.notifications.channels.webhook_target import (
    Refused,
    Target,
    resolve_target,
)
from escalation.oncall.importing import NotFetched


def get(address: str, limit_bytes: int, *, accept: str = "text/calendar") -> bytes:
    """Return the body of a 200. Raises NotFetched, whose message holds no address."""
    ends_at = time.monotonic() + SEND_LIMIT_SECONDS
    try:
        target = resolve_target(address, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS)
        with connect(target, ends_at=ends_at) as sock:
            socket = DeadlineSocket(sock, ends_at=ends_at)
            return _get(target, socket, limit_bytes, accept=accept)
    except Refused as refused:
        raise NotFetched(str(refused)) from None
    except ssl.SSLCertVerificationError as error:
        raise NotFetched(f"certificate: {error.verify_message}") from None
    except (OSError, UnicodeError, http.client.HTTPException, ValueError) as error:
        raise NotFetched(why_not_reached(error)) from None


def _get(
    target: Target, sock: DeadlineSocket, limit_bytes: int, *, accept: str
) -> bytes:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    headers = {
        "Host": target.host_header,
        "User-Agent": "Tocsin",
        "Accept": accept,
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("GET", target.path, headers=headers)
    with connection.getresponse() as response:
        if response.status != HTTPStatus.OK:
            raise NotFetched(_refusal(response.status))
        body = response.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise NotFetched(f"the file is larger than {limit_bytes} bytes")
    return body


def _refusal(status: int) -> str:
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    more = ": redirects are not followed" if is_redirect else ""
    return f"the server answered {status}{more}"
