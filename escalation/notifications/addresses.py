"""Read the address of a contact method, and hide what of it may not be shown.

Where the address is itself a key, as of a Teams workflow, only its beginning is kept
to be shown, and the whole of it sealed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from escalation.notifications.channels import apprise, registry
from escalation.notifications.channels.webhook_target import Refused, parse_address
from incidents.errors import BadInput

# Stands where a part of an address is not shown; no address has it.
HIDDEN: Final = "…"
SEALED_CHANNELS: Final = frozenset({"teams", "apprise"})
# Source: ITU-T E.164 §6 for numbers; Slack's ids of channels (C, D, G) and people (U, W).
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SLACK_ID: Final = re.compile(r"[CDGUW][A-Z0-9]{7,19}")
_PUNCTUATION: Final = str.maketrans("", "", " ()-./")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is shown, and the whole of it where that is a secret."""

    shown: str
    secret: str = field(default="", repr=False)


def read_address(channel: str, address: str) -> Address:
    """Return the address as the channel uses it. Raises BadInput."""
    if channel not in registry.CHANNELS:
        known = ", ".join(registry.CHANNELS)
        raise BadInput("channel", channel, f"Use one of {known}.")
    if missing := registry.CHANNELS[channel].missing_settings():
        remedy = f"It is not set up here: set {', '.join(missing)}."
        raise BadInput("channel", channel, remedy)
    given = address.strip()
    try:
        return _READERS[channel](given)
    except Refused as error:
        # What is wrong with a secret address must not repeat it.
        value = HIDDEN if channel in SEALED_CHANNELS else address
        raise BadInput("address", value, f"It is refused: {error}.") from error


def _email(given: str) -> Address:
    try:
        validate_email(given)
    except ValidationError as error:
        remedy = "Write an e-mail address like name@lab.example."
        raise BadInput("address", given, remedy) from error
    return Address(given)


def _webhook(given: str) -> Address:
    parse_address(given)
    return Address(given)


def _number(given: str) -> Address:
    number = given.translate(_PUNCTUATION)
    if not _NUMBER.fullmatch(number):
        remedy = "Write the number with its country's code, like +372 5550 1234."
        raise BadInput("address", given, remedy)
    return Address(number)


def _slack(given: str) -> Address:
    if not _SLACK_ID.fullmatch(given):
        remedy = (
            "Write the id of a channel (C…) or of a member (U…), as Slack shows it "
            "under its details."
        )
        raise BadInput("address", given, remedy)
    return Address(given)


def _teams(given: str) -> Address:
    parts = parse_address(given)
    if parts.scheme != "https" and not settings.ALLOW_PRIVATE_WEBHOOKS:
        raise Refused("not an https:// address")
    return Address(f"{parts.scheme}://{parts.hostname}/{HIDDEN}", given)


def _apprise(given: str) -> Address:
    return Address(apprise.check_address(given), given)


_READERS: Final[dict[str, Callable[[str], Address]]] = {
    "email": _email,
    "webhook": _webhook,
    "sms": _number,
    "voice": _number,
    "slack": _slack,
    "teams": _teams,
    "apprise": _apprise,
}
