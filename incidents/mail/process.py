"""Read stored mail, one at a time: who wrote it, what proves that, what becomes of it.

Each mail is a transaction of its own. People write it, at a limited rate, and one that
cannot be dealt with must not hold up another: it is tried again and then held.
"""

import hashlib
import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.access import actor_for
from incidents.incident.models import Incident
from incidents.incident.opening import NewIncident
from incidents.intake.process import is_databases_trouble
from incidents.mail.addresses import digest_of_sent_to, own_address
from incidents.mail.loops import reason_to_ignore
from incidents.mail.models import Mail, Mailbox, MailState, Proof
from incidents.mail.naming import named_ref
from incidents.mail.proof import is_vouched_for
from incidents.mail.reading import Letter, read_letter
from incidents.mail.replies import answer_of
from incidents.mail.settling import (
    Hand,
    is_empty,
    make_comment,
    make_report,
    settle,
    title_of,
)
from incidents.mail.sorting import Known, sort_mail
from incidents.organisations.models import User
from incidents.organisations.roles import Action, can

MAX_ATTEMPTS: Final = 3
# Of the time of the worker, which also reads the deliveries of tools.
PASS_SECONDS: Final = 5.0
_RETRY: Final = timedelta(seconds=5)

log = structlog.get_logger(__name__)


def process_waiting_mail(now: datetime) -> int:
    """Deal with mail that waits; returns how many. What is more than a pass waits on."""
    ends_at = time.monotonic() + PASS_SECONDS
    count = 0
    while time.monotonic() < ends_at and process_next_mail(now):
        count += 1
    return count


def process_next_mail(now: datetime) -> bool:
    """Deal with the mail that waits longest; returns whether there was one."""
    claimed: list[int] = []
    try:
        with recording(now):
            mail = _claim(now)
            if mail is None:
                return False
            claimed.append(mail.pk)
            _deal_with(mail, now)
    except Exception as error:
        if not claimed or is_databases_trouble(error):
            raise
        _count_failure(claimed[0], error, now)
    return True


def _claim(now: datetime) -> Mail | None:
    waiting = Mail.objects.filter(state=MailState.PENDING)
    is_due = Q(retry_at=None) | Q(retry_at__lte=now)
    rows = waiting.filter(is_due).select_related("organisation").order_by("id")
    return rows.select_for_update(skip_locked=True, of=("self",)).first()


def _deal_with(mail: Mail, now: datetime) -> None:
    letter = read_letter(bytes(mail.raw or b""))
    _note(mail, letter)
    system = Hand(Actor.system(mail.organisation), now)
    if not _is_first(mail, letter):
        reason = "The same mail was received before."
        settle(mail, MailState.IGNORED, reason=reason, by=system)
        return
    incident = _incident_of(mail)
    verdict = sort_mail(_known(mail, letter, incident))
    state = MailState(verdict.state)
    person = mail.member
    if state == MailState.REPORTED and person is not None:
        by = Hand(actor_for(person, mail.organisation), now, person)
        new = _new_incident(mail, letter)
        incident = make_report(mail, letter, new, by=by)
    elif state == MailState.COMMENTED and person is not None and incident is not None:
        by = Hand(actor_for(person, mail.organisation), now, person)
        make_comment(mail, letter, incident, text=answer_of(letter.text), by=by)
    else:
        incident = None
    settle(mail, state, reason=verdict.reason, by=system, incident=incident)


def _note(mail: Mail, letter: Letter) -> None:
    """Set what the lists show of a mail."""
    mail.sender, mail.subject = letter.sender, letter.subject
    mail.member = _member(mail)
    mail.proof = _proof(mail, letter)
    mail.named_ref = named_ref(letter, domain=own_address().rpartition("@")[2])


def _member(mail: Mail) -> User | None:
    """Return whose address the sender's is.

    Whoever answers from where the notification went to is its recipient, even if they
    sign in by another address.
    """
    people = User.objects.filter(
        is_active=True,
        memberships__organisation=mail.organisation_id,
        memberships__ended_at=None,
    )
    if not mail.sender:
        return None
    sent_to = bytes(mail.reply_sent_to or b"")
    if mail.reply_user_id and sent_to == digest_of_sent_to(mail.sender):
        return people.filter(pk=mail.reply_user_id).first()
    return people.filter(email=mail.sender).first()


def _proof(mail: Mail, letter: Letter) -> Proof:
    if mail.member is not None and mail.reply_user_id == mail.member.pk:
        return Proof.REPLY
    relay = settings.MAIL_TRUSTED_RELAY
    if is_vouched_for(letter, sender=letter.sender, relay=relay):
        return Proof.RELAY
    return Proof.NONE


def _is_first(mail: Mail, letter: Letter) -> bool:
    """Take the mail's place among all of the organisation; False if it has one already.

    A relay that did not hear our answer sends it again, with other trace headers. What
    else is the same in both makes them one; a second reader of the copy waits here.
    """
    head = [letter.message_id, ",".join(letter.senders), letter.date, letter.subject]
    digest = hashlib.sha256("\n".join(head).encode("utf-8", "replace"))
    digest.update(_body_of(bytes(mail.raw or b"")))
    try:
        with transaction.atomic():
            Mail.objects.filter(pk=mail.pk).update(once=digest.digest())
    except IntegrityError:
        mail.once = None
        return False
    mail.once = digest.digest()
    return True


def _body_of(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def _incident_of(mail: Mail) -> Incident | None:
    """Return the incident that the mail is about, if the organisation sees it.

    A reply address says it for certain; what the mail says comes after.
    """
    own = Q(organisation=mail.organisation_id)
    shared = Q(shares__agency=mail.organisation_id, shares__unshared_at=None)
    seen = Incident.objects.filter(own | shared).distinct()
    if mail.reply_incident_id is not None:
        incident = Incident.objects.get(pk=mail.reply_incident_id)
        mail.named_ref = incident.ref
    return seen.filter(ref=mail.named_ref).first() if mail.named_ref else None


def _known(mail: Mail, letter: Letter, incident: Incident | None) -> Known:
    person, side = mail.member, mail.organisation
    return Known(
        organisation=side.name,
        sender=mail.sender,
        ignored=reason_to_ignore(
            letter, envelope_from=mail.envelope_from, own_address=own_address()
        ),
        is_member=person is not None,
        is_proven=mail.proof != Proof.NONE,
        is_empty=is_empty(letter),
        came_to_anothers=mail.reply_user_id is not None
        and (person is None or person.pk != mail.reply_user_id),
        names=mail.named_ref,
        sees_incident=incident is not None,
        may_comment=person is not None and can(person, Action.COMMENT, side),
        may_report=person is not None and can(person, Action.REPORT, side),
    )


def _new_incident(mail: Mail, letter: Letter) -> NewIncident:
    box = Mailbox.objects.get(organisation=mail.organisation_id)
    return NewIncident(
        organisation_id=mail.organisation_id,
        title=title_of(letter),
        description=letter.text,
        category=box.default_category,
        severity=box.default_severity,
        tlp=box.default_tlp,
    )


def _count_failure(mail_id: int, error: Exception, now: datetime) -> None:
    # The error's own text can quote the mail: only its class is logged and kept.
    kind = type(error).__name__
    log.warning("mail_failed", error=kind, mail=mail_id)
    with recording(now):
        rows = Mail.objects.select_for_update(of=("self",)).select_related(
            "organisation"
        )
        mail = rows.filter(pk=mail_id, state=MailState.PENDING).first()
        if mail is None:
            return
        mail.attempts, mail.retry_at = mail.attempts + 1, now + _RETRY
        mail.save(update_fields=["attempts", "retry_at"])
        if mail.attempts >= MAX_ATTEMPTS:
            by = Hand(Actor.system(mail.organisation), now)
            reason = f"It could not be dealt with by itself: {kind}."
            settle(mail, MailState.HELD, reason=reason, by=by)
