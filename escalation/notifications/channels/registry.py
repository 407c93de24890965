"""The channels that exist, by their key."""

from typing import Final

from escalation.notifications.channels.apprise import AppriseChannel
from escalation.notifications.channels.base import Channel
from escalation.notifications.channels.email import EmailChannel
from escalation.notifications.channels.slack import SlackChannel
from escalation.notifications.channels.sms import SmsChannel
from escalation.notifications.channels.teams import TeamsChannel
from escalation.notifications.channels.voice import VoiceChannel
from escalation.notifications.channels.webhook import WebhookChannel

_ALL: Final[tuple[Channel, ...]] = (
    EmailChannel(),
    SmsChannel(),
    VoiceChannel(),
    SlackChannel(),
    TeamsChannel(),
    WebhookChannel(),
    AppriseChannel(),
)
CHANNELS: Final[dict[str, Channel]] = {channel.kind: channel for channel in _ALL}
CHANNEL_CHOICES: Final = [(kind, channel.label) for kind, channel in CHANNELS.items()]


def usable_choices() -> list[tuple[str, str]]:
    """Return the channels that are set up here, as choices."""
    return [
        (kind, channel.label)
        for kind, channel in CHANNELS.items()
        if not channel.missing_settings()
    ]


def close_channels() -> None:
    """Close what channels keep open, at the end of a process."""
    for channel in CHANNELS.values():
        channel.close()
