"""Hands whole entries of the log to its auditors, recorded before a byte leaves."""

from datetime import datetime
from typing import Final

import structlog
from django.db import connection

from incidents.errors import NotAllowed, Unavailable
from incidents.events.actor import Actor
from incidents.events.reads import record_read
from incidents.ledger.tiles import TILE_WIDTH, write_entries
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action, Role, organisations_allowing
from incidents.sealing.places import sealed_size

log = structlog.get_logger(__name__)

# One recorded reading stands for so many entries: an entry for each tile would give
# whoever follows the log a new one to follow with each that they read.
SPAN_TILES: Final = 256
SPAN: Final = SPAN_TILES * TILE_WIDTH


def auditing_organisation(user: User) -> Organisation:
    """Return for whom the person audits the record. Raises NotAllowed."""
    allowed = organisations_allowing(user, Action.AUDIT)
    organisation = Organisation.objects.filter(pk__in=allowed).order_by("pk").first()
    if organisation is None:
        raise NotAllowed(
            "Entries are for auditors of the record: the platform's administrator"
            f" gives that role ({Role.AUDITOR}). Tiles of hashes are for every account."
        )
    return organisation


def has_entries(n: int, width: int) -> bool:
    """Whether the log has this many entries in this tile."""
    return n * TILE_WIDTH + width <= sealed_size()


def note_span(
    n: int, *, reader: str, user: User, organisation: Organisation, now: datetime
) -> None:
    """Record that the span around this tile is read. Raises Unavailable."""
    first = n // SPAN_TILES * SPAN
    try:
        record_read(
            reader=reader,
            actor=Actor.of(user, organisation, role=Role.AUDITOR),
            incident=None,
            targets=[f"log:{first}-{first + SPAN - 1}"],
            now=now,
        )
    except Exception as error:
        log.exception("read not recorded, refused", reader=reader)
        raise Unavailable(
            "The reading could not be recorded, so it is refused."
        ) from error


_LEAVES: Final = """
SELECT e.leaf FROM tocsin_leaf AS l JOIN tocsin_entry AS e ON e.id = l.entry_id
 WHERE l.idx >= %s AND l.idx < %s ORDER BY l.idx
"""


def read_bundle(n: int, width: int) -> bytes:
    """Return the first entries of a tile, in the bytes of C2SP. Requires `has_entries`."""
    first = n * TILE_WIDTH
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [first, first + width])
        return write_entries(bytes(leaf) for (leaf,) in cursor.fetchall())
