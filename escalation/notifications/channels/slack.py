"""Post to Slack, with a button that acknowledges where Slack can tell us of it."""

from typing import Any, Final

from django.conf import settings

from escalation.notifications.ack_links import make_token
from escalation.notifications.channels.base import Outgoing, SendResult
from escalation.notifications.render import one_line
from incidents.ledger.canonical import JsonValue

ACKNOWLEDGE_ACTION: Final = "tocsin-acknowledge"
_REPLACES: Final = "replaces"
_HEADER_CHARACTERS: Final = 150
_TEXT_CHARACTERS: Final = 3000
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class SlackChannel:
    """A message to a channel or a person of the workspace whose app is set up here."""

    kind = "slack"
    label = "Slack"

    def missing_settings(self) -> tuple[str, ...]:
        """Return what the Slack app still lacks; its signing secret is a choice."""
        return () if settings.SLACK_TOKEN else ("TOCSIN_SLACK_TOKEN",)

    def send(self, outgoing: Outgoing) -> SendResult:
        """Hand the message to Slack."""
        from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
            slack_api,
        )

        return slack_api.post_message(
            outgoing.address,
            # What notifications of Slack itself show; it reads markup, blocks do not.
            text=outgoing.message.subject.translate(_ESCAPES),
            blocks=compose(outgoing),
            replaces=str(outgoing.message.data.get(_REPLACES, "")),
        )

    def close(self) -> None:
        """Nothing is kept open."""


def replaces(ts: str) -> dict[str, JsonValue]:
    """Return the data of a message that takes the place of an earlier one."""
    return {_REPLACES: ts}


def compose(outgoing: Outgoing) -> list[dict[str, Any]]:
    """Write the blocks: headline, text, buttons. All of it plain, so nothing is markup."""
    message = outgoing.message
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": _plain(one_line(message.subject, limit=_HEADER_CHARACTERS)),
        },
        {"type": "section", "text": _plain(message.text[:_TEXT_CHARACTERS])},
    ]
    if buttons := _buttons(outgoing):
        blocks.append({"type": "actions", "elements": buttons})
    return blocks


def _buttons(outgoing: Outgoing) -> list[dict[str, Any]]:
    buttons: list[dict[str, Any]] = []
    if outgoing.acknowledge_url:
        acknowledge = {"type": "button", "text": _plain("Acknowledge")}
        if settings.SLACK_SIGNING_SECRET:
            own = {
                "action_id": ACKNOWLEDGE_ACTION,
                "style": "primary",
                "value": make_token(outgoing.uid),
            }
        else:
            own = {"action_id": "tocsin-link", "url": outgoing.acknowledge_url}
        buttons.append(acknowledge | own)
    if outgoing.message.url:
        buttons.append(
            {
                "type": "button",
                "action_id": "tocsin-open",
                "text": _plain("Open"),
                "url": outgoing.message.url,
            }
        )
    return buttons


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text or " ", "emoji": False}
