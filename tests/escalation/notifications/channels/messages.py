"""A message on its way, as the tests of channels hand it over."""

import uuid
from typing import Any

from escalation.notifications.channels.base import Outgoing
from escalation.notifications.render import (
    MessageFacts,
    render_message,
)
from tests.escalation.notifications.makers import NOW

UID = uuid.UUID("11111111-2222-4333-8444-555555555555")
TITLE = "Weights copied out"
DESCRIPTION = "Forty terabytes went to an unknown host."
URL = "https://tocsin.example/incidents/INC-0000000007/"
ACKNOWLEDGE = "https://tocsin.example/ack/token/"


def page(channel: str, address: str, *, tlp: str = "AMBER", **more: Any) -> Outgoing:
    """Return a page as it is rendered for the channel under the label."""
    facts = MessageFacts(
        purpose="page",
        channel=channel,
        ref="INC-0000000007",
        title=TITLE,
        description=DESCRIPTION,
        severity=5,
        tlp=tlp,
        category="WGT",
        owner="Aurora Labs",
        opened_at=NOW,
        url=URL,
        organisation="Aurora Labs",
    )
    fields: dict[str, Any] = {
        "uid": UID,
        "purpose": "page",
        "address": address,
        "message": render_message(facts),
        "queued_at": NOW,
        "attempt": 1,
        "acknowledge_url": ACKNOWLEDGE,
        **more,
    }
    return Outgoing(**fields)
