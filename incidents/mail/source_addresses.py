"""Addresses at which tools that can only send mail reach a source.

`src+…@tocsin.example` needs no table: it carries the source and a MAC over it and the
digest of its key, so that a new key is a new address too.
"""

import base64
import hmac
import struct
from collections.abc import Iterable
from typing import Final

from django.utils.crypto import salted_hmac

from incidents.intake.models import Source
from incidents.mail.addresses import Addressee, mail_domain
from incidents.organisations.models import Organisation

PREFIX: Final = "src+"
# The document that a mail is turned into is this tool's.
TOOL: Final = "generic"
_MAC_BYTES: Final = 12
_ID: Final = struct.Struct(">Q")


def source_address(source: Source) -> str:
    """Return the address of a source."""
    pk = _ID.pack(source.pk)
    packed = base64.b32encode(pk + _mac(pk, bytes(source.key_digest)))
    return f"{PREFIX}{packed.decode('ascii').rstrip('=').lower()}@{mail_domain()}"


def mailed_sources(organisations: Iterable[Organisation]) -> list[Source]:
    """Return the sources that take mail.

    One that asks more of its senders than to know a secret takes none: a mail cannot
    give it.
    """
    rows = Source.objects.filter(
        organisation__in=list(organisations),
        tool=TOOL,
        is_enabled=True,
        verification="none",
        address_ranges=[],
    )
    return list(rows.select_related("organisation").order_by("name", "pk"))


def find_source(address: str) -> Addressee | None:
    """Return the source whose address this is; None for nobody's."""
    local, _, domain = address.lower().rpartition("@")
    if domain != mail_domain() or not local.startswith(PREFIX):
        return None
    packed = local.removeprefix(PREFIX).upper()
    try:
        whole = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except ValueError:
        return None
    pk, mac = whole[: _ID.size], whole[_ID.size :]
    if len(pk) != _ID.size or _ID.unpack(pk)[0] >= 1 << 63:
        return None
    source = Source.objects.filter(
        pk=_ID.unpack(pk)[0],
        tool=TOOL,
        is_enabled=True,
        verification="none",
        address_ranges=[],
    ).first()
    if source is None or not hmac.compare_digest(
        mac, _mac(pk, bytes(source.key_digest))
    ):
        return None
    return Addressee(source.organisation_id, source_id=source.pk)


def _mac(pk: bytes, key_digest: bytes) -> bytes:
    made = salted_hmac("incidents.mail.source", pk + key_digest, algorithm="sha256")
    return made.digest()[:_MAC_BYTES]
