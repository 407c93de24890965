"""The addresses that mail may come to, and what each of them means.

`aurora+k3vq…@tocsin.example` is an organisation's, with a secret token. `re+…@…` is
made for one person and one incident and goes out as Reply-To: it needs no table, for it
carries what it is for and a MAC. Local parts are compared without regard to case.
"""

import base64
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac

from incidents.ledger.keyring import open_secret, seal_secret
from incidents.mail.models import Mailbox

CONTEXT: Final = "mailbox"
REPLY: Final = "re+"
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH: Final = 20  # 100 bits
# A local part has at most 64 characters: RFC 5321 §4.5.3.1.1.
_SLUG_LENGTH: Final = 40
_MAC_BYTES: Final = 10
_SENT_TO_BYTES: Final = 5
_IDS: Final = struct.Struct(">QIQ")


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose mail it is, and for a reply address what it was made for."""

    organisation_id: int
    reply_incident_id: int | None = None
    reply_user_id: int | None = None
    reply_sent_to: bytes | None = None
    """Digest of the address that the notification went to."""
    source_id: int | None = None


def mail_domain() -> str:
    """Return the domain of all addresses here."""
    domain: str = settings.MAIL_DOMAIN or own_address().rpartition("@")[2]
    return domain.lower()


def own_address() -> str:
    """Return the address that Tocsin sends from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def new_token() -> str:
    """Return a fresh secret for an address."""
    return "".join(secrets.choice(_BASE32) for _ in range(_LENGTH))


def token_columns(token: str) -> dict[str, bytes]:
    """Return what the table keeps of a token."""
    sealed = seal_secret(token.encode("ascii"), context=CONTEXT)
    return {"token_digest": digest_of_token(token), "token_sealed": sealed}


def digest_of_token(token: str) -> bytes:
    """Return the digest by which a token is found."""
    return hashlib.sha256(token.encode()).digest()


def address_of(mailbox: Mailbox) -> str:
    """Return the address of an organisation's mailbox."""
    token = open_secret(bytes(mailbox.token_sealed), context=CONTEXT).decode("ascii")
    slug = mailbox.organisation.slug[:_SLUG_LENGTH]
    return f"{slug}+{token}@{mail_domain()}"


def reply_address(
    *, incident_id: int, organisation_id: int, user_id: int, sent_to: str
) -> str:
    """Return the address at which this person, for this side, answers to an incident.

    It has 59 characters before the @, whatever the ids.
    """
    ids = _IDS.pack(incident_id, organisation_id, user_id) + digest_of_sent_to(sent_to)
    packed = base64.b32encode(ids + _mac(ids)).decode("ascii").rstrip("=").lower()
    return f"{REPLY}{packed}@{mail_domain()}"


def digest_of_sent_to(address: str) -> bytes:
    """Return what a reply address keeps of the address that it was sent to."""
    return hashlib.sha256(address.lower().encode()).digest()[:_SENT_TO_BYTES]


def find_addressee(address: str, *, now: datetime) -> Addressee | None:
    """Return whose address this is; None for nobody's, or for one that is closed."""
    local, _, domain = address.rpartition("@")
    if domain.lower() != mail_domain():
        return None
    local = local.lower()
    if local.startswith(REPLY) and (reply := _read_reply(local.removeprefix(REPLY))):
        return reply
    return _by_token(local.rpartition("+")[2], now)


def _read_reply(packed: str) -> Addressee | None:
    try:
        whole = base64.b32decode(packed.upper() + "=" * (-len(packed) % 8))
    except ValueError:
        return None
    ids, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    if len(ids) != _IDS.size + _SENT_TO_BYTES:
        return None
    if not hmac.compare_digest(mac, _mac(ids)):
        return None
    incident_id, organisation_id, user_id = _IDS.unpack(ids[: _IDS.size])
    return Addressee(organisation_id, incident_id, user_id, ids[_IDS.size :])


def _by_token(token: str, now: datetime) -> Addressee | None:
    digest = digest_of_token(token)
    is_former = Q(old_token_digest=digest, old_token_ends_at__gt=now)
    rows = Mailbox.objects.filter(Q(token_digest=digest) | is_former, is_open=True)
    organisation_id = rows.values_list("organisation_id", flat=True).first()
    return Addressee(organisation_id) if organisation_id else None


def _mac(ids: bytes) -> bytes:
    made = salted_hmac("incidents.mail.reply", ids, algorithm="sha256")
    return made.digest()[:_MAC_BYTES]
