"""Store mail as it comes: one transaction, and only then may the sender hear 250."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from incidents.anonymous.buckets import Limit, take
from incidents.events.doorbell import ring_after_commit
from incidents.mail.addresses import Addressee
from incidents.mail.models import Mail
from incidents.organisations.models import User

_HOUR_SECONDS = 3600


def take_mail(addressee: Addressee, *, envelope_from: str, now: datetime) -> None:
    """Count one mail to an organisation. Raises Busy.

    Each member has a bucket of their own, so that what strangers send holds up none of
    theirs; who writes under a member's address uses up that member's.
    """
    organisation = addressee.organisation_id
    member = _member_id(organisation, envelope_from)
    number = settings.MAIL_PER_HOUR_EACH if member else settings.MAIL_PER_HOUR
    name = f"mail:{organisation}:{member or 'others'}"
    take(Limit(name, number, _HOUR_SECONDS / number), now=now)


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
