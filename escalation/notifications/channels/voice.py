"""Call people through Twilio; a key that they press acknowledges or passes on."""

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from escalation.notifications.ack_links import make_token
from escalation.notifications.channels.base import Outgoing, SendResult
from escalation.notifications.channels.short_texts import spoken_text
from escalation.notifications.channels.twilio_settings import missing_settings


class VoiceChannel:
    """One call: it says what happens and asks for a key."""

    kind = "voice"
    label = "Phone call"

    def missing_settings(self) -> tuple[str, ...]:
        """Return what Twilio still lacks."""
        return missing_settings()

    def send(self, outgoing: Outgoing) -> SendResult:
        """Have Twilio place the call."""
        from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
            twilio_api,
        )

        spoken = spoken_text(outgoing.message, purpose=outgoing.purpose)
        answers_to = answer_url(outgoing) if outgoing.acknowledge_url else ""
        return twilio_api.place_call(
            outgoing.address, twilio_api.call_script(spoken, answers_to=answers_to)
        )

    def close(self) -> None:
        """Nothing is kept open."""


def answer_url(outgoing: Outgoing) -> str:
    """Return where Twilio says which key was pressed; it is good for this call only."""
    query = urlencode({"n": make_token(outgoing.uid)})
    return f"{settings.BASE_URL}{reverse('callback-twilio-voice')}?{query}"
