"""Slow down whoever guesses passwords: a few failures, then a wait.

Each try counts from before its password is looked at until it has succeeded, so that
many tries at once gain nothing; a known and an unknown account count alike.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from incidents.organisations.models import SignInFailure

WINDOW: Final = timedelta(minutes=15)
ACCOUNT_FAILURES: Final = 10
# Many people may share one address; guessing through many accounts still ends here.
ADDRESS_FAILURES: Final = 50
_IPV6_PREFIX: Final = 64
_SALT: Final = "incidents.organisations.throttle"


class TooManyTries(Exception):
    """Too many sign-ins failed from here; `wait` says how long."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"too many sign-ins failed; wait {wait}")


def begin_try(email: str, *, address: str | None, now: datetime) -> SignInFailure:
    """Count a try as failed until `forgive` says otherwise. Raises TooManyTries."""
    SignInFailure.objects.filter(at__lte=now - WINDOW).delete()
    attempt = SignInFailure.objects.create(
        account=_account(email), address=address, at=now
    )
    here = SignInFailure.objects.filter(
        address=attempt.address, at__gt=now - WINDOW, pk__lt=attempt.pk
    )
    own = here.filter(account=attempt.account)
    waits = [_wait(own, ACCOUNT_FAILURES, now), _wait(here, ADDRESS_FAILURES, now)]
    wait = max(waits)
    if wait:
        # A refused try is no guess: it does not make the wait longer.
        attempt.delete()
        raise TooManyTries(wait)
    return attempt


def forgive(attempt: SignInFailure) -> None:
    """Forget the failures of this account from this address: the password was right."""
    SignInFailure.objects.filter(
        account=attempt.account, address=attempt.address
    ).delete()


def address_of(request: HttpRequest) -> str | None:
    """Return by what a request's address is counted, None for one that is none."""
    return _counted(peer_of(request))


def peer_of(request: HttpRequest) -> str:
    """Return where a request comes from, as the nearest proxy of ours saw it."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        hops = str(request.META.get(settings.ADDRESS_HEADER, ""))
        peer = hops.rpartition(",")[2].strip() or peer
    return peer


def _counted(peer: str) -> str | None:
    """Return the address, or of IPv6 its network: one customer has a whole /64."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _IPV6_PREFIX), strict=False).network_address)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _account(email: str) -> bytes:
    """Return what an address is counted under; it cannot be read back."""
    normal = email.strip().lower()
    return salted_hmac(_SALT, normal, algorithm="sha256").digest()


def _wait(rows: QuerySet[SignInFailure], limit: int, now: datetime) -> timedelta:
    """Return how long until one more of these rows would be allowed."""
    newest = list(rows.order_by("-at").values_list("at", flat=True)[:limit])
    if len(newest) < limit:
        return timedelta(0)
    return max(newest[-1] + WINDOW - now, timedelta(seconds=1))
