"""What is filed about the incident, and what the agency makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from escalation.filings.approval import approve, ask_review, refuse
from escalation.filings.by_hand import PortalReceipt, record_by_hand
from escalation.filings.drafting import (
    NewFiling,
    NewRecipient,
    start_filing,
    write_version,
)
from escalation.filings.inquiries import answer_request, request_information
from escalation.filings.models import Filing, FilingRecipient
from escalation.filings.reading import newest_version
from escalation.filings.receiving import receive
from escalation.filings.submitting import submit
from escalation.showcase import story
from escalation.showcase.case import Case
from escalation.showcase.cast import Person
from escalation.showcase.story import HOUR, MINUTE

_CHAIN = "Chain of events"
_TIMES = frozenset({"Start and end, or the best approximations", "Date"})


@dataclass(frozen=True, slots=True)
class _Paper:
    """A receipt, as it arrives."""

    text: str

    def chunks(self) -> Iterator[bytes]:
        yield self.text.encode()


def notify_board(case: Case) -> None:
    """Give the notice that the lab's own framework wants, by hand."""
    to = NewRecipient(story.FRAMEWORK, "board", None, story.BOARD)
    filing = _start(case, to, after=5 * HOUR)
    _write(case, filing, {}, after=5 * HOUR + 9 * MINUTE)
    _approve(case, filing, after=5 * HOUR + 20 * MINUTE)
    _file_by_hand(
        case,
        filing,
        PortalReceipt(
            key=filing.recipients.get().key,
            reference=story.BOARD_REFERENCE,
            submitted_at=case.at(6 * HOUR),
            upload=_Paper(story.BOARD_RECEIPT),
            filename="note-of-the-board.txt",
        ),
        after=6 * HOUR + 10 * MINUTE,
    )


def report_to_authorities(case: Case) -> None:
    """Write one report for two authorities: one here, one by hand."""
    here = NewRecipient(story.GPAI, "initial_cybersecurity_breach", case.cast.agency)
    portal = NewRecipient(story.SB53, "report", None, story.PORTAL)
    filing = _start(case, here, portal, after=20 * HOUR)
    _write(case, filing, {_CHAIN: story.REFUSED_ANSWER}, after=20 * HOUR + 25 * MINUTE)
    _refuse(case, filing, after=20 * HOUR + 50 * MINUTE)
    _write(case, filing, {}, after=21 * HOUR + 15 * MINUTE)
    _approve(case, filing, after=21 * HOUR + 40 * MINUTE)
    submit(filing, **_by(case.cast.responder, case.at(22 * HOUR)))
    _file_by_hand(
        case,
        filing,
        PortalReceipt(
            key=filing.recipients.get(agency=None).key,
            reference=story.PORTAL_REFERENCE,
            submitted_at=case.at(22 * HOUR + 30 * MINUTE),
            upload=_Paper(story.PORTAL_RECEIPT),
            filename="cal-oes-receipt.txt",
        ),
        after=22 * HOUR + 40 * MINUTE,
    )
    _ask_and_answer(case, filing)


def _ask_and_answer(case: Case, filing: Filing) -> None:
    """Have the agency take the report in and ask, and the lab answer."""
    officer = case.cast.officer
    recipient = FilingRecipient.objects.get(filing=filing, agency=officer.side)
    receive(recipient, **_by(officer, case.at(24 * HOUR)))
    asked_at = case.at(25 * HOUR)
    asked = request_information(
        recipient,
        text=story.QUESTION,
        due_at=asked_at + 48 * HOUR,
        **_by(officer, asked_at),
    )
    answering = _by(case.cast.responder, case.at(28 * HOUR))
    answer_request(asked, text=story.ANSWER, **answering)


def _start(case: Case, *recipients: NewRecipient, after: timedelta) -> Filing:
    who = _by(case.cast.responder, case.at(after))
    return start_filing(case.incident, NewFiling(recipients), **who)


def _write(
    case: Case, filing: Filing, changed: Mapping[str, str], *, after: timedelta
) -> None:
    """Answer each field from the story, but for what is `changed`, and ask for a review."""
    newest = newest_version(filing)
    answers = {
        **story.ANSWERS,
        **dict.fromkeys(_TIMES, story.times_said(opened_at=case.opened_at)),
        **changed,
    }
    rows = [_answered(row, answers) for row in newest.sections]
    who = _by(case.cast.responder, case.at(after))
    write_version(filing, rows, based_on=newest.number, **who)
    ask_review(filing, actor=who["actor"], now=case.at(after + 2 * MINUTE))


def _answered(row: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    name = row["field"]
    if why := story.NOT_YET_KNOWN.get(name):
        return {**row, "answer": "", "is_not_yet_known": True, "reason": why}
    return {**row, "answer": answers.get(name) or row["answer"] or story.TITLE}


def _approve(case: Case, filing: Filing, *, after: timedelta) -> None:
    number = newest_version(filing).number
    approve(filing, version=number, **_by(case.cast.approver, case.at(after)))


def _refuse(case: Case, filing: Filing, *, after: timedelta) -> None:
    number = newest_version(filing).number
    who = _by(case.cast.approver, case.at(after))
    refuse(filing, version=number, reason=story.REFUSAL, **who)


def _file_by_hand(
    case: Case, filing: Filing, receipt: PortalReceipt, *, after: timedelta
) -> None:
    record_by_hand(filing, receipt, **_by(case.cast.responder, case.at(after)))


def _by(person: Person, now: datetime) -> dict[str, Any]:
    return {"user": person.user, "actor": person.actor, "now": now}
