"""Post signed webhooks (Standard Webhooks 1.0.0) to addresses that customers chose."""

import json
import time

from escalation.notifications import retry
from escalation.notifications.channels.base import Outcome, Outgoing, SendResult
from escalation.notifications.channels.guarded_post import post
from escalation.notifications.webhook_signature import sign
from incidents.ledger.canonical import JsonValue, format_at


class WebhookChannel:
    """A signed POST. The receiver drops repeats by their `webhook-id`."""

    kind = "webhook"
    label = "Signed webhook"

    def missing_settings(self) -> tuple[str, ...]:
        """Nothing: every installation can post."""
        return ()

    def send(self, outgoing: Outgoing) -> SendResult:
        """Post once, signed, and judge the answer."""
        body = compose(outgoing)
        try:
            headers = signed_headers(outgoing, body, at=int(time.time()))
        except ValueError as error:
            return SendResult(Outcome.PERMANENT, str(error))
        return post(outgoing.address, body, headers)

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
