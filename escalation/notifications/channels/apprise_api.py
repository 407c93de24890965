"""Call Apprise. Imported only where something is sent or an address is checked.

Apprise says only whether it worked, and why not in a line of text. It resolves names
itself: a name server that answers the check with one number and Apprise with another
gets past the guard, so schemes that name a host are the operator's choice.
"""

import re
import socket
from http import HTTPStatus
from typing import Final

import apprise
from django.conf import settings

from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.channels.webhook_target import Refused, is_allowed

# Within a send's limit. Apprise leaves a thread that is slower to itself.
_LIMIT_SECONDS: Final = 9.0
_STATUS: Final = re.compile(r"error=([0-9]{3})")


def service_at(address: str) -> apprise.NotifyBase:
    """Return the service behind the address. Raises Refused."""
    asset = apprise.AppriseAsset(
        plugin_paths=[],
        allow_templates=False,
        secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
    )
    service = apprise.Apprise.instantiate(address, asset=asset)
    if service is None:
        raise Refused("Apprise cannot read the address")
    return service


def host_of(service: apprise.NotifyBase) -> str:
    """Return the host that the address chose; empty where the service has its own."""
    return str(service.host or "") if "host" in service.template_tokens else ""


def notify(address: str, *, title: str, body: str) -> SendResult:
    """Send one message. Raises Refused."""
    service = service_at(address)
    if host := host_of(service):
        try:
            _require_public(host)
        except OSError as error:
            return SendResult(Outcome.RETRYABLE, f"{host} is not known: {error}")
    caller = apprise.Apprise(asset=service.asset)
    caller.add(service)
    # No message of ours is empty, and Apprise sends no empty one.
    result = caller.notify(title=title, body=body or title, timeout=_LIMIT_SECONDS)
    return _judge(result, service)


def _require_public(host: str) -> None:
    """Raise Refused unless every number of the host may be connected to."""
    private = settings.ALLOW_PRIVATE_WEBHOOKS
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    numbers = [str(entry[4][0]) for entry in found]
    if not all(is_allowed(number, allow_private=private) for number in numbers):
        raise Refused(f"{host} leads to an address that is not public")


def _judge(result: apprise.AppriseResult, service: apprise.NotifyBase) -> SendResult:
    """Say what became of it, from the one line of text that there is."""
    name = str(service.service_name)
    if result.status == apprise.AppriseResultStatus.SUCCESS:
        return SendResult(Outcome.SENT)
    if result.status == apprise.AppriseResultStatus.TIMEOUT:
        return SendResult(Outcome.UNKNOWN, f"{name}: the send did not end in time")
    logged = " ".join(str(entry) for part in result for entry in part.logs())
    found = _STATUS.search(logged)
    if found is None:
        # A connection that broke may have broken after the message.
        return SendResult(Outcome.UNKNOWN, f"{name}: Apprise gave no reason")
    return _by_status(int(found[1]), name)


def _by_status(status: int, name: str) -> SendResult:
    said = f"{name} answered {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SendResult(Outcome.RETRYABLE, said, is_address_at_fault=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SendResult(Outcome.RETRYABLE, said)
    return SendResult(Outcome.PERMANENT, said)
