"""Call Slack's web API through its library. Imported only where something is sent."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.error import URLError

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from escalation.notifications.channels.base import (
    SEND_LIMIT_SECONDS,
    Outcome,
    SendResult,
)
from escalation.notifications.render import one_line
from escalation.notifications.retry import read_retry_after

# Slack is in trouble, or our app is: every message suffers alike, and may go later.
_PASSING: Final = frozenset(
    {
        *("internal_error", "fatal_error", "service_unavailable", "request_timeout"),
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked"),
        *("token_expired", "missing_scope", "no_permission", "team_access_not_granted"),
        *("org_login_required", "ekm_access_denied", "enterprise_is_restricted"),
    }
)
_WORD: Final = re.compile(r"[a-z_]{1,80}")
_TOO_OFTEN: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


def post_message(
    channel: str, *, text: str, blocks: list[dict[str, Any]], replaces: str = ""
) -> SendResult:
    """Post one message, or put it in the place of the one with that time stamp.

    Its id is the channel that Slack chose and its time stamp.
    """
    client = WebClient(
        settings.SLACK_TOKEN,
        base_url=settings.SLACK_API,
        timeout=int(SEND_LIMIT_SECONDS),
        # The outbox tries again; a second try in here might double the message.
        retry_handlers=[],
    )
    try:
        if replaces:
            answer = client.chat_update(
                channel=channel, ts=replaces, text=text, blocks=blocks
            )
        else:
            answer = client.chat_postMessage(
                channel=channel,
                text=text,
                blocks=blocks,
                unfurl_links=False,
                unfurl_media=False,
            )
    except SlackApiError as error:
        return _judge(error)
    except URLError as error:
        said = one_line(f"Slack: not reached: {error.reason}", limit=300)
        return SendResult(Outcome.RETRYABLE, said)
    except (OSError, HTTPException, SlackClientError, ValueError) as error:
        return SendResult(Outcome.UNKNOWN, f"Slack: {type(error).__name__}: no answer")
    return SendResult(
        Outcome.SENT, provider_id=f"{answer.get('channel')}:{answer.get('ts')}"
    )


def _judge(error: SlackApiError) -> SendResult:
    """Say what Slack's refusal means: one of its words, or a status without one."""
    answer = error.response
    status = int(answer.status_code)
    word = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    is_word = _WORD.fullmatch(word) is not None
    said = f"Slack: {word}" if is_word else f"Slack answered {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or word in _TOO_OFTEN:
        asked = str(answer.headers.get("Retry-After", ""))
        wait = read_retry_after(asked, now=datetime.now(UTC))
        return SendResult(
            Outcome.RETRYABLE, said, retry_after=wait, is_address_at_fault=True
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or word in _PASSING:
        return SendResult(Outcome.RETRYABLE, said)
    # Something in between answered for Slack; what it did with the message is open.
    return SendResult(Outcome.PERMANENT if is_word else Outcome.UNKNOWN, said)
