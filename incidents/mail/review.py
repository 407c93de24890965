"""What people decide on mail that was held: an incident, a comment, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.http import Http404

from incidents.errors import BadInput, NotPossible, Unavailable
from incidents.events.reads import record_read
from incidents.events.record import recording
from incidents.incident.access import actor_for
from incidents.incident.models import Incident
from incidents.incident.opening import NewIncident
from incidents.mail.models import Mail, MailState
from incidents.mail.reading import Letter, read_letter
from incidents.mail.replies import answer_of
from incidents.mail.settling import Hand, make_comment, make_report, settle
from incidents.organisations.models import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """What a mail is filed as."""

    title: str
    description: str
    category: str
    severity: int
    tlp: str
    is_danger: bool | None = None


def find_mail(user: User, uid: UUID) -> Mail:
    """Return a mail on which the person decides. Raises Http404."""
    rows = Mail.objects.visible_to(user).select_related(
        "organisation", "incident", "member", "decided_by"
    )
    mail = rows.filter(uid=uid).first()
    if mail is None:
        raise Http404
    return mail


def letter_of(mail: Mail) -> Letter | None:
    """Return what the mail says; None when its retention has ended."""
    return None if mail.raw is None else read_letter(bytes(mail.raw))


def note_mail_read(
    mails: Sequence[Mail], *, user: User, reader: str, target: str, now: datetime
) -> None:
    """Record that the person opens or lists these, before a byte is sent.

    Raises Unavailable, which refuses the read.
    """
    sides = {mail.organisation_id: mail.organisation for mail in mails}
    try:
        for side in sides.values():
            rows = [mail for mail in mails if mail.organisation_id == side.pk]
            record_read(
                reader=reader,
                actor=actor_for(user, side),
                incident=None,
                targets=[f"{target}:{mail.uid}" for mail in rows],
                now=now,
            )
    except Exception as error:
        log.exception("read not recorded, refused", reader=reader)
        message = "The reading could not be recorded, so it is refused."
        raise Unavailable(message) from error


def accept_as_report(
    mail: Mail, draft: ReportDraft, *, user: User, now: datetime
) -> Incident:
    """Open an incident with what the person wrote and the files of the mail.

    Raises NotPossible when it was decided meanwhile. Locks the mail.
    """
    with recording(now):
        mail, letter = _locked(mail)
        by = Hand(actor_for(user, mail.organisation), now, user)
        new = NewIncident(
            organisation_id=mail.organisation_id,
            title=draft.title,
            description=draft.description,
            category=draft.category,
            severity=draft.severity,
            tlp=draft.tlp,
            is_danger=draft.is_danger,
        )
        incident = make_report(mail, letter, new, by=by)
        reason = f"{user} accepted it as a report."
        settle(mail, MailState.REPORTED, reason=reason, by=by, incident=incident)
    return incident


def attach_as_comment(
    mail: Mail, incident: Incident, *, user: User, now: datetime
) -> Mail:
    """Add the mail to an incident, as a comment of whoever decides.

    Raises NotPossible when it was decided meanwhile or the organisation no longer sees
    the incident. Locks the mail, then the incident.
    """
    with recording(now):
        mail, letter = _locked(mail)
        by = Hand(actor_for(user, mail.organisation), now, user)
        text = f"{letter.subject}\n\n{answer_of(letter.text)}".strip()
        make_comment(mail, letter, incident, text=text, by=by)
        reason = f"{user} added it to {incident.ref}."
        settle(mail, MailState.COMMENTED, reason=reason, by=by, incident=incident)
    return mail


def discard(mail: Mail, *, reason: str, user: User, now: datetime) -> Mail:
    """Put the mail away; the reason is recorded. Raises BadInput, NotPossible.

    It can still be taken up until its retention ends. Locks the mail.
    """
    if not reason.strip():
        raise BadInput("reason", reason, "Say why nothing is done about it.")
    with recording(now):
        mail, _ = _locked(mail)
        by = Hand(actor_for(user, mail.organisation), now, user)
        settle(mail, MailState.DISCARDED, reason=reason.strip(), by=by)
    return mail


def _locked(mail: Mail) -> tuple[Mail, Letter]:
    rows = Mail.objects.select_for_update(no_key=True, of=("self",))
    mail = rows.select_related("organisation", "member").get(pk=mail.pk)
    letter = letter_of(mail)
    if not mail.is_undecided or letter is None:
        state = MailState(mail.state).label
        message = f"This mail was decided on already: {state}. {mail.reason}".strip()
        raise NotPossible(message, state={"state": mail.state})
    return mail, letter
