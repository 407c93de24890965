"""Store mail as it comes: one transaction, and only then may the sender hear 250."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from incidents.anonymous.buckets import Limit, take
from incidents.events.doorbell import ring_after_commit
from incidents.intake.adapters.generic import OWN_TYPE
from incidents.intake.models import Source
from incidents.intake.receive import store_deliveries
from incidents.mail.addresses import Addressee, own_address
from incidents.mail.alerting import alert_document
from incidents.mail.loops import is_loop
from incidents.mail.models import Mail
from incidents.mail.reading import read_letter
from incidents.organisations.models import User

_HOUR_SECONDS: Final = 3600
_HEADERS: Final[Mapping[str, str]] = {
    "content-type": OWN_TYPE,
    "user-agent": "e-mail",
}


def take_mail(addressee: Addressee, *, envelope_from: str, now: datetime) -> None:
    """Count one mail to an organisation. Raises Busy.

    Each member has a bucket of their own, so that what strangers send holds up none of
    theirs; who writes under a member's address uses up that member's.
    """
    organisation = addressee.organisation_id
    if addressee.source_id is not None:
        name = f"mail:{organisation}:source:{addressee.source_id}"
        _take_hourly(name, settings.MAIL_PER_HOUR, now)
        return
    member = _member_id(organisation, envelope_from)
    number = settings.MAIL_PER_HOUR_EACH if member else settings.MAIL_PER_HOUR
    name = f"mail:{organisation}:{member or 'others'}"
    _take_hourly(name, number, now)


def keep_mail(
    addressees: Sequence[Addressee], raw: bytes, *, envelope_from: str, now: datetime
) -> UUID:
    """Store the mail for all whom it came to, people and sources; returns one uid.

    All of it is committed or none is. A mail of our own, or one that reports on another
    mail, is no news of a tool: it goes the way of all mail, which tells such.
    """
    sources = {a.source_id for a in addressees if a.source_id is not None}
    letter = read_letter(raw) if sources else None
    if letter is None or is_loop(letter, envelope_from, own_address()):
        rows = store_mail(addressees, raw, envelope_from=envelope_from, now=now)
        return rows[0].uid
    people = [a for a in addressees if a.source_id is None]
    body = alert_document(letter)
    with transaction.atomic():
        uids = [
            store_deliveries(source, [body], headers=_HEADERS)[0].uid
            for source in Source.objects.filter(pk__in=sources).order_by("pk")
        ]
        rows = store_mail(people, raw, envelope_from=envelope_from, now=now)
    return [*(row.uid for row in rows), *uids][0]


def store_mail(
    addressees: Iterable[Addressee],
    raw: bytes,
    *,
    envelope_from: str,
    now: datetime,
) -> list[Mail]:
    """Store the mail once for each organisation that it came to; returns the rows.

    Both are committed or none is.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    rows = [
        Mail(
            organisation_id=addressee.organisation_id,
            received_at=now,
            envelope_from=envelope_from.replace("\x00", "")[:320],
            reply_incident_id=addressee.reply_incident_id,
            reply_user_id=addressee.reply_user_id,
            reply_sent_to=addressee.reply_sent_to,
            raw=raw,
            size_bytes=len(raw),
            sha256=sha256,
        )
        for addressee in _once_each(addressees)
    ]
    with transaction.atomic():
        stored = Mail.objects.bulk_create(rows)
        ring_after_commit("intake")
    return stored


def _take_hourly(name: str, number: int, now: datetime) -> None:
    take(Limit(name, number, _HOUR_SECONDS / number), now=now)


def _once_each(addressees: Iterable[Addressee]) -> Collection[Addressee]:
    """Keep one for each organisation; a reply address says more than the other one."""
    chosen: dict[int, Addressee] = {}
    for addressee in addressees:
        known = chosen.get(addressee.organisation_id)
        if known is None or known.reply_incident_id is None:
            chosen[addressee.organisation_id] = addressee
    return chosen.values()


def _member_id(organisation_id: int, envelope_from: str) -> int | None:
    people = User.objects.filter(
        email=envelope_from.lower(),
        is_active=True,
        memberships__organisation=organisation_id,
        memberships__ended_at=None,
    )
    return people.values_list("pk", flat=True).first()
