"""The channels that exist, by their key."""

from typing import Final

from escalation.notifications.channels.base import Channel
from escalation.notifications.channels.email import EmailChannel
from escalation.notifications.channels.webhook import WebhookChannel

CHANNELS: Final[dict[str, Channel]] = {
    "email": EmailChannel(),
    "webhook": WebhookChannel(),
}
CHANNEL_CHOICES: Final = [(kind, channel.label) for kind, channel in CHANNELS.items()]


def close_channels() -> None:
    """Close what channels keep open, at the end of a process."""
    for channel in CHANNELS.values():
        channel.close()
