"""Add, change and end authorities that stamp the time: the platform's, for its admins.

One is added, or asked elsewhere, only after an answer of it was verified, unless whoever
does it says that this cannot be tried now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from escalation.stamps.asking import (
    CONTEXT,
    Authority,
    NotStamped,
    Send,
    ask_for_stamp,
    authority_of,
    password_of,
)
from escalation.witnesses.guarded_text import post_letter
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.keyring import seal_secret
from incidents.ledger.time_stamp import BadCertificates, is_policy, read_certificates
from incidents.stamping.models import TimeStampAuthority

MAX_AUTHORITIES: Final = 5
MIN_MINUTES: Final = 5
MAX_MINUTES: Final = 7 * 24 * 60
MAX_PEM: Final = 100_000
# Of no head: what an authority is asked to stamp when it is tried.
PROBE: Final = "Tocsin asks whether your time stamps can be verified.\n"


@dataclass(frozen=True, slots=True)
class AuthorityDraft:
    """Who is to stamp. An empty password keeps the one that is there."""

    slug: str
    address: str
    certificates: str
    policy: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    every_minutes: int = 60
    is_active: bool = True


def draft_of(row: TimeStampAuthority) -> AuthorityDraft:
    """Return what is kept, without the password."""
    return AuthorityDraft(
        slug=row.slug,
        address=row.address,
        certificates=row.certificates,
        policy=row.policy,
        username=row.username,
        every_minutes=row.every_minutes,
        is_active=row.is_active,
    )


def check_authority(draft: AuthorityDraft) -> AuthorityDraft:
    """Return the draft as it is kept. Raises BadInput for an authority that cannot be."""
    _check_address(draft)
    if len(draft.certificates) > MAX_PEM:
        remedy = f"Send at most {MAX_PEM} characters."
        raise BadInput("certificates", len(draft.certificates), remedy)
    try:
        read_certificates(draft.certificates.encode())
    except BadCertificates as error:
        remedy = f"Send the authority's root in PEM, and those between: {error}."
        raise BadInput("certificates", draft.certificates[:40], remedy) from None
    if draft.policy and not is_policy(draft.policy):
        remedy = "Send a number with dots, as 1.3.6.1.4.1.99999.1, or none."
        raise BadInput("policy", draft.policy, remedy)
    if not MIN_MINUTES <= draft.every_minutes <= MAX_MINUTES:
        remedy = f"Send {MIN_MINUTES} to {MAX_MINUTES} minutes."
        raise BadInput("every_minutes", draft.every_minutes, remedy)
    # Forms end lines otherwise than files do.
    pem = draft.certificates.replace("\r", "").strip()
    return replace(draft, certificates=f"{pem}\n")


def _check_address(draft: AuthorityDraft) -> None:
    try:
        parts = urlsplit(draft.address)
        _ = parts.port  # a malformed one raises
    except ValueError:
        parts = urlsplit("")
    is_plain = draft.address.isascii() and " " not in draft.address
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        remedy = "Send the http:// or https:// address that takes questions."
        raise BadInput("address", draft.address, remedy)
    if draft.username and parts.scheme != "https":
        remedy = "Send an https:// address: the password would go out in clear."
        raise BadInput("address", draft.address, remedy)
    if ":" in draft.username:
        raise BadInput("username", draft.username, "Send a name without a colon.")


def _check_password(row: TimeStampAuthority, draft: AuthorityDraft) -> None:
    """Refuse to send a password that is kept to somewhere else."""
    is_elsewhere = (row.address, row.username) != (draft.address, draft.username)
    if draft.username and is_elsewhere and not draft.password:
        remedy = "Send the password again: it would go elsewhere than so far."
        raise BadInput("password", "", remedy)


def try_authority(authority: Authority, *, send: Send = post_letter) -> None:
    """Have it stamp something. Raises BadInput when the answer cannot be verified."""
    try:
        ask_for_stamp(authority, PROBE, send=send)
    except NotStamped as error:
        remedy = (
            f"It was asked for a time stamp, and {error}. Mend that, or save unasked."
        )
        raise BadInput("address", authority.address, remedy) from None


def add_authority(
    draft: AuthorityDraft,
    *,
    actor: Actor,
    now: datetime,
    is_tried: bool = True,
    send: Send = post_letter,
) -> TimeStampAuthority:
    """Have an authority stamp from the next head on. Raises BadInput."""
    draft = check_authority(draft)
    if TimeStampAuthority.objects.filter(slug=draft.slug).exists():
        _refuse_known(draft)
    if is_tried:
        try_authority(_asked(draft, draft.password), send=send)
    with recording(now):
        rows = TimeStampAuthority.objects.select_for_update().order_by("pk")
        if sum(row.is_active for row in rows) >= MAX_AUTHORITIES:
            remedy = f"There are {MAX_AUTHORITIES} already. End one of them first."
            raise BadInput("slug", draft.slug, remedy)
        try:
            with transaction.atomic():
                row = TimeStampAuthority.objects.create(
                    slug=draft.slug, added_at=now, next_at=now, **_values(draft)
                )
        except IntegrityError:
            _refuse_known(draft)
        _record(row.slug, "added", sorted(_values(draft)), actor, is_tried=is_tried)
    return row


def change_authority(
    row: TimeStampAuthority,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    is_tried: bool = True,
    send: Send = post_letter,
) -> TimeStampAuthority:
    """Ask it elsewhere or otherwise, end it, or begin again. Raises BadInput."""
    draft = check_authority(replace(draft_of(row), **changes))
    _check_password(row, draft)
    password = draft.password or (password_of(row) if draft.username else "")
    asked = _asked(draft, password)
    # One that is only ended, or asked more seldom, need not answer.
    is_tried = is_tried and draft.is_active and asked != authority_of(row)
    if is_tried:
        try_authority(asked, send=send)
    with recording(now):
        row = TimeStampAuthority.objects.select_for_update().get(pk=row.pk)
        values = _values(draft)
        changed = [name for name, new in values.items() if getattr(row, name) != new]
        if changed:
            values |= {"next_at": now, "failures": 0, "failed_why": ""}
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))
            _record(row.slug, "changed", sorted(changed), actor, is_tried=is_tried)
    return row


def _asked(draft: AuthorityDraft, password: str) -> Authority:
    return Authority(
        draft.address, draft.certificates, draft.policy, draft.username, password
    )


def _values(draft: AuthorityDraft) -> dict[str, Any]:
    """Return the columns that the draft says; an empty password leaves its own out."""
    values: dict[str, Any] = {
        "address": draft.address,
        "certificates": draft.certificates,
        "policy": draft.policy,
        "username": draft.username,
        "every_minutes": draft.every_minutes,
        "is_active": draft.is_active,
    }
    if not draft.username:
        values["password_sealed"] = None
    elif draft.password:
        sealed = seal_secret(draft.password.encode(), context=CONTEXT)
        values["password_sealed"] = sealed
    return values


def _refuse_known(draft: AuthorityDraft) -> NoReturn:
    remedy = "This name is taken: change that authority, or choose another."
    raise BadInput("slug", draft.slug, remedy) from None


def _record(
    slug: str, done: str, names: Sequence[str], actor: Actor, *, is_tried: bool
) -> None:
    """Record what was changed by name: an address is where the platform has an account."""
    record(
        "config.changed",
        organisation_id=actor.organisation_id,
        actor=actor,
        body={
            "what": f"Time stamps by {slug} {done}",
            "changes": {"fields": list(names), "tried": is_tried},
        },
    )
