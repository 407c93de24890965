"""Text and call through Twilio's library. Imported only where something is sent.

Twilio takes no key by which it drops repeats, so an outcome that is unknown stays so.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.render import one_line
from escalation.notifications.retry import read_retry_after

# Connecting and answering each; both together stay within a send's limit.
_TIMEOUT_SECONDS: Final = 4.5
# Our account is at fault, or the way to Twilio is full: other messages suffer alike.
_ACCOUNT_CODES: Final = frozenset({20003, 20005, 20006, 21606, 21611, 21659})
_LANGUAGE: Final = "en-GB"
_TIMES_SAID: Final = 2
_WAIT_FOR_KEY_SECONDS: Final = 10


def send_text(number: str, text: str) -> SendResult:
    """Send one text message."""
    return _hand_over(
        lambda client: client.messages.create(
            to=number, from_=settings.TWILIO_FROM, body=text
        )
    )


def place_call(number: str, script: str) -> SendResult:
    """Place one call that follows the script."""
    return _hand_over(
        lambda client: client.calls.create(
            to=number, from_=settings.TWILIO_FROM, twiml=script
        )
    )


def call_script(spoken: str, *, answers_to: str) -> str:
    """Write the TwiML of a call. The library escapes what is said.

    Requires answers_to, when it is not empty, to be an absolute address of ours.
    """
    script = VoiceResponse()
    if not answers_to:
        script.say(spoken, language=_LANGUAGE)
        return str(script)
    for _ in range(_TIMES_SAID):
        keys = script.gather(
            num_digits=1,
            action=answers_to,
            method="POST",
            timeout=_WAIT_FOR_KEY_SECONDS,
        )
        keys.say(
            f"{spoken} Press 4 to acknowledge. Press 6 to pass it on.",
            language=_LANGUAGE,
        )
    script.say("Nothing was pressed. Goodbye.", language=_LANGUAGE)
    return str(script)


class _HttpClient(HttpClient):  # type: ignore[misc]  # untyped library
    """Asks the configured address, follows nothing, keeps what it is asked to wait."""

    def __init__(self) -> None:
        self.retry_after = ""

    def request(  # noqa: PLR0913, PLR0917  (the library's signature)
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Ask once."""
        answer = requests.request(
            method,
            settings.TWILIO_API + urlsplit(url).path,
            params=params,
            data=data,
            headers=headers,
            auth=auth,
            timeout=timeout or _TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        self.retry_after = answer.headers.get("Retry-After", "")
        return Response(answer.status_code, answer.text, answer.headers)


def _hand_over(create: Callable[[Client], Any]) -> SendResult:
    http = _HttpClient()
    client = Client(settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, http_client=http)
    try:
        made = create(client)
    except TwilioRestException as error:
        return _judge(error, http.retry_after)
    except requests.RequestException as error:
        return _unanswered(error)
    except (TwilioException, ValueError, KeyError) as error:
        # It said yes, or so it seems, in words that cannot be read.
        return SendResult(Outcome.UNKNOWN, f"Twilio: {type(error).__name__}")
    return SendResult(Outcome.SENT, provider_id=str(made.sid or ""))


def _judge(error: TwilioRestException, retry_after: str) -> SendResult:
    reason = error.msg.removeprefix("Unable to create record: ")
    said = one_line(f"Twilio: {error.code or error.status} {reason}", limit=300)
    status = int(error.status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = read_retry_after(retry_after, now=datetime.now(UTC))
        return SendResult(
            Outcome.RETRYABLE, said, retry_after=wait, is_address_at_fault=True
        )
    is_ours = error.code in _ACCOUNT_CODES or status in {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
    }
    if is_ours or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SendResult(Outcome.RETRYABLE, said)
    return SendResult(Outcome.PERMANENT, said)


def _unanswered(error: requests.RequestException) -> SendResult:
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    said = f"Twilio: {type(error).__name__}"
    # Only these say for certain that nothing was sent.
    if isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
        return SendResult(Outcome.RETRYABLE, f"{said}: not reached")
    return SendResult(Outcome.UNKNOWN, f"{said}: no answer")
