"""Post to a witness or to whoever stamps the time and read the answer, within 5 seconds.

The connection goes to the checked machine and no redirect is followed, as for
everything that leaves this installation.
"""

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from escalation.notifications.channels.deadline_socket import DeadlineSocket
from escalation.notifications.channels.guarded_post import connect, why_not_reached
from escalation.notifications.channels.webhook_target import (
    Refused,
    Target,
    resolve_target,
)

LIMIT_SECONDS: Final = 5.0
MAX_ANSWER_BYTES: Final = 64 * 1024
_TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}


class NotAnswered(Exception):
    """There is no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is posted, and to where; headers may hold a password."""

    address: str
    body: bytes
    headers: Mapping[str, str] = field(repr=False)


def post(address: str, body: bytes) -> tuple[int, str, bytes]:
    """Post a text: return status, media type and body. Raises NotAnswered."""
    return post_letter(Letter(address, body, _TEXT))


def post_letter(letter: Letter) -> tuple[int, str, bytes]:
    """Return status, media type and body of the answer. Raises NotAnswered."""
    ends_at = time.monotonic() + LIMIT_SECONDS
    try:
        target = resolve_target(
            letter.address, allow_private=settings.ALLOW_PRIVATE_WEBHOOKS
        )
        with connect(target, ends_at=ends_at) as sock:
            return _post(target, DeadlineSocket(sock, ends_at=ends_at), letter)
    except Refused as refused:
        raise NotAnswered(str(refused)) from None
    except ssl.SSLCertVerificationError as error:
        raise NotAnswered(f"certificate: {error.verify_message}") from None
    except (OSError, UnicodeError, http.client.HTTPException, ValueError) as error:
        raise NotAnswered(why_not_reached(error)) from None


def _post(
    target: Target, sock: DeadlineSocket, letter: Letter
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    headers = {
        "Host": target.host_header,
        "User-Agent": "Tocsin",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **letter.headers,
    }
    connection.request("POST", target.path, body=letter.body, headers=headers)
    with connection.getresponse() as response:
        answer = response.read(MAX_ANSWER_BYTES + 1)
        media_type = response.headers.get("Content-Type", "")
    if len(answer) > MAX_ANSWER_BYTES:
        raise NotAnswered(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    return response.status, media_type, answer
