"""What a reporter does: report, come back with the code, read, write.

Nothing here knows where a request came from. Instants are cut to the hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from incidents.anonymous.buckets import Busy, give_back_try, take_report, take_try
from incidents.anonymous.cleaning import (
    CleanFile,
    CleaningBusy,
    RawFile,
    clean_files,
)
from incidents.anonymous.codes import digest_of_code, read_code
from incidents.anonymous.duty import NEWS_TIMER, owe_status
from incidents.anonymous.models import (
    AnonymousReport,
    ReportDesk,
    ReportFile,
    ReportMessage,
    ReportState,
)
from incidents.anonymous.months import to_the_hour
from incidents.anonymous.sealing import Seal
from incidents.anonymous.storing import stored_files
from incidents.anonymous.trail import record_report, sealed_digest
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.refs import make_ref
from incidents.organisations.models import Organisation
from incidents.timers.schedule import add_timer

_WHEN_CLEANING_SECONDS: Final = 30
NO_SUCH_CODE: Final = (
    "No report has this code. Compare it with what you wrote down; capitals, spaces and "
    "hyphens do not count."
)


@dataclass(frozen=True, slots=True)
class NewReport:
    """What somebody reports; `code` is derived from the form that it was written in."""

    desk: ReportDesk
    code: str = field(repr=False)
    once: bytes = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)
    category: str = ""
    files: Sequence[RawFile] = ()


def receive_report(new: NewReport, *, now: datetime) -> AnonymousReport:
    """Store a report once; a form sent again adds what it says anew as a message.

    Raises Busy when too many come in.
    """
    stored = AnonymousReport.objects.filter(code_digest=digest_of_code(new.code))
    if (report := stored.first()) is None:
        take_report(new.desk.organisation_id, now=now)
        files = _cleaned(new.files)
        try:
            with transaction.atomic():
                return _open(new, files, now)
        except IntegrityError:
            # The same form twice at once: the other request has stored it.
            report = stored.get()
    if not _says_the_same(report, new):
        text = f"{new.title}\n\n{new.text}"
        add_message(report, text=text, files=new.files, once=None, now=now)
    return report


def open_inbox(typed: str, *, now: datetime) -> AnonymousReport:
    """Return the report of this code. Raises BadInput for no such code, Busy.

    A slip of the finger is told without looking anything up.
    """
    code = read_code(typed)
    if code is None:
        raise BadInput("code", "", NO_SUCH_CODE)
    take_try(code, now=now)
    rows = AnonymousReport.objects.select_related("organisation")
    report = rows.filter(code_digest=digest_of_code(code)).first()
    if report is None:
        raise BadInput("code", "", NO_SUCH_CODE)
    give_back_try(code)
    return report


def read_answers(report: AnonymousReport, *, now: datetime) -> None:
    """Mark what the handlers wrote as read by the reporter."""
    unread = report.messages.filter(by_reporter=False, read_at=None)
    unread.update(read_at=to_the_hour(now))


def add_message(
    report: AnonymousReport,
    *,
    text: str,
    files: Sequence[RawFile] = (),
    once: bytes | None,
    now: datetime,
) -> None:
    """Store a message of the reporter; a closed report is open again. Locks the report.

    `once` names the form: sent again with the same words it changes nothing.
    Raises BadInput, Busy.
    """
    if not text.strip() and not files:
        raise BadInput("text", "", "Write a message or attach a file.")
    if once and ReportMessage.objects.filter(once=once).exists():
        return
    take_report(report.organisation_id, now=now)
    cleaned = _cleaned(files)
    hour = to_the_hour(now)
    seal = Seal.of(report)
    message = _message(report, text, hour, seal=seal, once=once)
    with (
        stored_files(message, cleaned, seal=seal, first=_next_number(report)) as rows,
        recording(hour),
    ):
        report = AnonymousReport.objects.select_for_update(no_key=True).get(
            pk=report.pk
        )
        message.save()
        ReportFile.objects.bulk_create(rows)
        if report.is_closed:
            _reopen(report, hour)
        record_report(
            "report.message_received",
            report,
            actor=_reporter(report.organisation),
            digest=sealed_digest(message),
            files=len(rows),
        )
        _tell_handlers(report, message, now)


def _cleaned(files: Sequence[RawFile]) -> list[CleanFile]:
    """Clean files once they are counted: nobody has more work done than others may."""
    try:
        return clean_files(files)
    except CleaningBusy as error:
        raise Busy(_WHEN_CLEANING_SECONDS) from error


def _open(new: NewReport, files: Sequence[CleanFile], now: datetime) -> AnonymousReport:
    organisation, hour = new.desk.organisation, to_the_hour(now)
    report = AnonymousReport(
        ref=make_ref().replace("INC-", "REP-"),
        organisation=organisation,
        category=new.category,
        code_digest=digest_of_code(new.code),
        received_at=hour,
    )
    seal = Seal.of(report)
    report.title_sealed = seal.seal(new.title.encode(), place=report.uid, what="title")
    message = _message(report, new.text, hour, seal=seal, once=new.once)
    with stored_files(message, files, seal=seal, first=1) as rows, recording(hour):
        report.save()
        message.save()
        ReportFile.objects.bulk_create(rows)
        record_report(
            "report.received",
            report,
            actor=_reporter(organisation),
            digest=sealed_digest(message),
            files=len(rows),
        )
        owe_status(report, since=hour)
        _tell_handlers(report, message, now)
    return report


def _message(
    report: AnonymousReport,
    text: str,
    hour: datetime,
    *,
    seal: Seal,
    once: bytes | None,
) -> ReportMessage:
    message = ReportMessage(report=report, by_reporter=True, at=hour, once=once)
    message.text_sealed = seal.seal(text.encode(), place=message.uid, what="text")
    return message


def _says_the_same(report: AnonymousReport, new: NewReport) -> bool:
    """Whether one of the reporter's messages holds what the form says."""
    seal = Seal.of(report)
    said = {new.text, f"{new.title}\n\n{new.text}"}
    texts = [seal.text(row) for row in report.messages.filter(by_reporter=True)]
    is_same_title = seal.title(report) == new.title
    return (is_same_title and texts[:1] == [new.text]) or bool(said & set(texts[1:]))


def _next_number(report: AnonymousReport) -> int:
    return ReportFile.objects.filter(message__report=report).count() + 1


def _reopen(report: AnonymousReport, hour: datetime) -> None:
    report.state, report.closed_at = ReportState.IN_WORK, None
    report.save(update_fields=["state", "closed_at"])
    owe_status(report, since=hour)
    record_report("report.reopened", report, actor=_reporter(report.organisation))


def _tell_handlers(
    report: AnonymousReport, message: ReportMessage, now: datetime
) -> None:
    # Due now and not at the hour, which would count as late; the row goes when it fires.
    add_timer(
        kind=NEWS_TIMER,
        subject_id=report.pk,
        organisation_id=report.organisation_id,
        due_at=now,
        payload={"message": message.pk},
    )


def _reporter(organisation: Organisation) -> Actor:
    name = "Anonymous reporter"
    return Actor("reporter", name, organisation.pk, organisation.name)
