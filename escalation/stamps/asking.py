"""Asks one authority for a time stamp of a text and verifies the answer."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from escalation.witnesses.guarded_text import Letter, NotAnswered, post_letter
from incidents.ledger.keyring import open_secret
from incidents.ledger.time_stamp import (
    NONCE_BITS,
    BadCertificates,
    BadStamp,
    Stamp,
    read_certificates,
    verify_stamp,
    write_request,
)
from incidents.stamping.models import TimeStampAuthority

CONTEXT: Final = "time-stamp-authority"
_QUESTION: Final = "application/timestamp-query"
_ANSWER: Final = "application/timestamp-reply"

# letter -> (status, media type, body). Raises NotAnswered.
Send = Callable[[Letter], tuple[int, str, bytes]]


class NotStamped(Exception):
    """There is no stamp that could be verified; the message says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Where to ask and what to verify by, without a database."""

    address: str
    certificates: str
    policy: str = ""
    username: str = ""
    password: str = field(default="", repr=False)


def authority_of(row: TimeStampAuthority) -> Authority:
    """Return what is kept of an authority, with its password."""
    return Authority(
        row.address, row.certificates, row.policy, row.username, password_of(row)
    )


def password_of(row: TimeStampAuthority) -> str:
    """Return the password that is kept, empty for none."""
    if row.password_sealed is None:
        return ""
    return open_secret(row.password_sealed, context=CONTEXT).decode()


def ask_for_stamp(
    authority: Authority, text: str, *, send: Send = post_letter
) -> tuple[bytes, Stamp]:
    """Return the answer and what it says. Raises NotStamped. Needs no database."""
    nonce = secrets.randbits(NONCE_BITS)
    body = write_request(text, nonce=nonce, policy=authority.policy)
    try:
        certificates = read_certificates(authority.certificates.encode())
        status, media_type, answer = send(_letter(authority, body))
    except (NotAnswered, BadCertificates) as error:
        raise NotStamped(str(error)) from None
    if status != HTTPStatus.OK or not media_type.startswith(_ANSWER):
        kind = media_type.partition(";")[0][:60] or "no type"
        raise NotStamped(f"it answered {status} with {kind}, not a time stamp")
    try:
        stamp = verify_stamp(
            answer, text, certificates, nonce=nonce, policy=authority.policy
        )
    except BadStamp as error:
        raise NotStamped(f"its answer cannot be used: {error}"[:300]) from None
    return answer, stamp


def _letter(authority: Authority, body: bytes) -> Letter:
    headers = {"Content-Type": _QUESTION, "Accept": _ANSWER}
    if authority.username:
        pair = f"{authority.username}:{authority.password}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return Letter(authority.address, body, headers)
