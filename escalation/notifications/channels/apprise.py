"""Reach the long tail of services through Apprise, one address for each method.

The address holds tokens, so that it is kept sealed. Its scheme must be listed in
TOCSIN_APPRISE_SCHEMES, and where it names a host, that must be a public one.
"""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from escalation.notifications.channels.base import Outcome, Outgoing, SendResult
from escalation.notifications.channels.webhook_target import Refused

# Others change how Apprise works: what it attaches, follows, trusts and waits for.
_PARAMETERS: Final = frozenset(
    {"priority", "region", "silent", "sound", "thread", "to", "topic"}
)


class AppriseChannel:
    """One message to one service that Apprise knows."""

    kind = "apprise"
    label = "Other (Apprise)"

    def missing_settings(self) -> tuple[str, ...]:
        """Return the list of schemes if the operator emptied it."""
        return () if settings.APPRISE_SCHEMES else ("TOCSIN_APPRISE_SCHEMES",)

    def send(self, outgoing: Outgoing) -> SendResult:
        """Hand the message to the service, within the limit."""
        from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
            apprise_api,
        )

        try:
            check_scheme(outgoing.secret)
            return apprise_api.notify(
                outgoing.secret, title=outgoing.message.subject, body=text_of(outgoing)
            )
        except Refused as refused:
            return SendResult(Outcome.PERMANENT, str(refused))

    def close(self) -> None:
        """Nothing is kept open."""


def check_address(address: str) -> str:
    """Return the address as it may be shown. Raises Refused if it may not be used."""
    from escalation.notifications.channels import (  # noqa: PLC0415  (slow import)
        apprise_api,
    )

    check_scheme(address)
    host = apprise_api.host_of(apprise_api.service_at(address))
    return f"{urlsplit(address).scheme}://{host or '…'}/…"


def check_scheme(address: str) -> None:
    """Raise Refused for a scheme or a parameter that is not allowed."""
    parts = urlsplit(address)
    if parts.scheme not in settings.APPRISE_SCHEMES:
        known = ", ".join(f"{name}://" for name in sorted(settings.APPRISE_SCHEMES))
        raise Refused(f"{parts.scheme or 'no scheme'} is not one of {known or 'none'}")
    if not address.isascii() or any(sign <= " " for sign in address):
        raise Refused("the address holds a space or a letter outside ASCII")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _PARAMETERS:
            raise Refused(f"the parameter {name} is not allowed")


def text_of(outgoing: Outgoing) -> str:
    """Write the message with its links below."""
    lines = [outgoing.message.text]
    if outgoing.acknowledge_url:
        lines.append(f"Acknowledge: {outgoing.acknowledge_url}")
    if outgoing.message.url:
        lines.append(outgoing.message.url)
    return "\n\n".join(lines)
