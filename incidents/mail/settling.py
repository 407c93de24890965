"""Turn a mail into an incident or a comment, files and all, within one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.conf import settings

from incidents.errors import BadInput, TooLarge
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.incident.attachments import store_upload
from incidents.incident.lifecycle import comment
from incidents.incident.models import Incident
from incidents.incident.opening import NewIncident, open_incident
from incidents.mail.models import Mail, MailState, Proof
from incidents.mail.reading import MAX_FILES, Letter, LetterFile
from incidents.organisations.models import User
from incidents.timers.schedule import add_timer

MAX_TEXT: Final = 50_000
UNTITLED: Final = "Report by e-mail"
# Due at once when a mail is held; whoever tells people handles it.
HELD_TIMER: Final = "mail.held"


@dataclass(frozen=True, slots=True)
class Hand:
    """Who does it, and when; Tocsin itself is no user."""

    actor: Actor
    now: datetime
    user: User | None = None


def make_report(mail: Mail, letter: Letter, new: NewIncident, *, by: Hand) -> Incident:
    """Open an incident with the files of the mail. Requires an open recording."""
    description = _with_note(new.description[:MAX_TEXT], letter)
    new = replace(new, description=description, reported_by=by.user, via=via_of(mail))
    incident = open_incident(new, actor=by.actor, now=by.now)
    _keep_files(mail, letter, incident, by)
    return incident


def make_comment(
    mail: Mail, letter: Letter, incident: Incident, *, text: str, by: Hand
) -> None:
    """Add the mail to an incident, for the organisation's own side.

    Requires an open recording. Locks the incident. Raises BadInput for an empty mail.
    """
    text = _with_note(text[:MAX_TEXT], letter)
    if not text and not _kept_files(letter):
        raise BadInput("text", "", "The mail says nothing; discard it.")
    if text:
        comment(
            incident,
            text=text,
            is_shared=False,
            organisation=mail.organisation,
            user=by.user,
            actor=by.actor,
            now=by.now,
            via=via_of(mail),
        )
    _keep_files(mail, letter, incident, by)


def settle(
    mail: Mail,
    state: MailState,
    *,
    reason: str,
    by: Hand,
    incident: Incident | None = None,
) -> None:
    """Write and record what became of a locked mail. Requires an open recording."""
    mail.state, mail.reason = state, reason[:300]
    mail.settled_at, mail.decided_by = by.now, by.user
    mail.incident = incident
    if state == MailState.HELD:
        add_timer(
            kind=HELD_TIMER,
            subject_id=mail.pk,
            organisation_id=mail.organisation_id,
            due_at=by.now,
        )
    mail.save(
        update_fields=[
            *("state", "reason", "settled_at", "decided_by", "incident", "once"),
            *("sender", "subject", "proof", "member", "named_ref"),
        ]
    )
    body = {
        "mail": str(mail.uid),
        "sha256": mail.sha256,
        "outcome": str(state.label).lower(),
        "reason": mail.reason,
        **({"incident": incident.ref} if incident else {}),
    }
    record(
        "mail.settled", organisation_id=mail.organisation_id, actor=by.actor, body=body
    )


def via_of(mail: Mail) -> str:
    """Return how it came, in the words of the record."""
    sender = mail.sender or "an unknown sender"
    return f"by e-mail of {sender} ({Proof(mail.proof).label})"


def title_of(letter: Letter) -> str:
    """Return a title for an incident of this mail."""
    return letter.subject or UNTITLED


def is_empty(letter: Letter) -> bool:
    """Whether the mail has nothing to keep."""
    return not letter.subject and not letter.text and not _kept_files(letter)


def _kept_files(letter: Letter) -> list[LetterFile]:
    files = [file for file in letter.files if _fits(file)][:MAX_FILES]
    if len(letter.text) > MAX_TEXT:
        # The field holds its beginning.
        files.append(LetterFile("mail.txt", letter.text.encode()))
    return files


def _with_note(text: str, letter: Letter) -> str:
    """Say which files of the mail are not kept, so that none is missing unnoticed."""
    kept = {id(file) for file in _kept_files(letter)}
    missing = [
        f"{file.filename} ({len(file.content)} bytes)"
        for file in letter.files
        if id(file) not in kept and file.content
    ]
    if not missing:
        return text.strip()
    return f"{text}\n\n[Not kept: {', '.join(missing)[:1000]}]".strip()


def _fits(file: LetterFile) -> bool:
    return 0 < len(file.content) <= settings.MAX_ATTACHMENT_BYTES


def _keep_files(mail: Mail, letter: Letter, incident: Incident, by: Hand) -> None:
    for file in _kept_files(letter):
        try:
            store_upload(
                incident,
                file,
                filename=file.filename,
                organisation=mail.organisation,
                user=by.user,
                is_shared=False,
                actor=by.actor,
                now=by.now,
                via=via_of(mail),
            )
        except TooLarge as error:
            # Over the organisation's own limit: the mail counts without it, and says so.
            comment(
                incident,
                text=f"[Not kept: {file.filename}] {error.message}",
                is_shared=False,
                organisation=mail.organisation,
                user=by.user,
                actor=by.actor,
                now=by.now,
                via=via_of(mail),
            )
