"""Post adaptive cards to a workflow of Microsoft Teams ("when a webhook is received").

The workflow's address holds its key, so that it is kept sealed like a secret. It is
posted to by the same guarded client as webhooks.
"""

import json
from typing import Any, Final

from escalation.notifications.channels.base import Outcome, Outgoing, SendResult
from escalation.notifications.channels.guarded_post import post

_CARD: Final = "application/vnd.microsoft.card.adaptive"
_SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
_TEXT_CHARACTERS: Final = 4000


class TeamsChannel:
    """A card with links; Teams tells nobody of a pressed button but by opening them."""

    kind = "teams"
    label = "Microsoft Teams"

    def missing_settings(self) -> tuple[str, ...]:
        """Nothing: the workflow's address is all that is needed."""
        return ()

    def send(self, outgoing: Outgoing) -> SendResult:
        """Post the card to the workflow."""
        if not outgoing.secret:
            return SendResult(Outcome.PERMANENT, "the workflow's address is missing")
        body = json.dumps(compose(outgoing)).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Tocsin"}
        return post(outgoing.secret, body, headers)

    def close(self) -> None:
        """Nothing is kept open."""


def compose(outgoing: Outgoing) -> dict[str, Any]:
    """Write the message with its card. Text runs are no markup, so links stay text."""
    message = outgoing.message
    lines = message.text[:_TEXT_CHARACTERS].splitlines()
    content = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _text(message.subject, weight="bolder", size="medium"),
            *(_text(line) for line in lines if line.strip()),
        ],
        "actions": _links(outgoing),
    }
    card = {"contentType": _CARD, "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [card]}


def _text(text: str, **style: str) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **style}
    return {"type": "RichTextBlock", "inlines": [run]}


def _links(outgoing: Outgoing) -> list[dict[str, str]]:
    links = {"Acknowledge": outgoing.acknowledge_url, "Open": outgoing.message.url}
    return [
        {"type": "Action.OpenUrl", "title": title, "url": url}
        for title, url in links.items()
        if url
    ]
