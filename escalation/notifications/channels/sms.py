"""Send text messages through Twilio; their reply code acknowledges."""

from escalation.notifications.channels.base import Outgoing, SendResult
from escalation.notifications.channels.short_texts import sms_text
from escalation.notifications.channels.twilio_settings import missing_settings
from escalation.notifications.reply_codes import reply_code


class SmsChannel:
    """One short text: what happens, the code to reply with, a link."""

    kind = "sms"
    label = "Text message (SMS)"

    def missing_settings(self) -> tuple[str, ...]:
        """Return what Twilio still lacks."""
        return missing_settings()

    def send(self, outgoing: Outgoing) -> SendResult:
        """Hand the text to Twilio."""
        from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
            twilio_api,
        )

        code = reply_code(outgoing.uid) if outgoing.acknowledge_url else ""
        text = sms_text(outgoing.message, purpose=outgoing.purpose, reply_code=code)
        return twilio_api.send_text(outgoing.address, text)

    def close(self) -> None:
        """Nothing is kept open."""
