"""Say whether somebody may send to an address, before anything is sent there."""

from enum import Enum, auto

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections

from incidents.intake.signatures import is_from
from incidents.intake.surface_access import find_source
from incidents.intake.trust_kinds import networks_of

log = structlog.get_logger(__name__)


class Welcome(Enum):
    """What whoever asks is told."""

    GRANTED = auto()
    UNKNOWN_KEY = auto()
    OUTSIDE = auto()
    UNAVAILABLE = auto()


def welcome(tool: str, key: str, *, address: str) -> Welcome:
    """Return whether a sender at this address may send to this source."""
    try:
        source = find_source(tool, key)
    except (DatabaseError, InterfaceError) as error:
        # The error's own text can quote the row: only its class is logged.
        log.warning("permission_not_looked_up", error=type(error).__name__)
        return Welcome.UNAVAILABLE
    if source is None:
        return Welcome.UNKNOWN_KEY
    networks = networks_of(source.address_ranges)
    is_outside = bool(networks) and not is_from(address, networks)
    return Welcome.OUTSIDE if is_outside else Welcome.GRANTED


def welcome_request(tool: str, key: str, *, address: str) -> Welcome:
    """Do it outside a request of Django, which would look after the connection."""
    close_old_connections()
    try:
        return welcome(tool, key, address=address)
    finally:
        close_old_connections()
