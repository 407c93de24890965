"""What triage adds to the incident's page and to the first page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from incidents.incident.home import SECTION_ROWS, HomePart, HomeSection
from incidents.incident.panels import Move, PageAction, Part, Seen
from incidents.incident.strip import Strip
from incidents.organisations.models import OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.triage.forms import AnswerForm, AssignForm, QuestionForm
from incidents.triage.models import Question, TriageRow, TriageState
from incidents.triage.questions import questions_for
from incidents.triage.queue import QueueFilters, rows_for

_ANSWER_RANK = 10
_TRIAGE_RANK = 20


def triage_panel(seen: Seen) -> Part:
    """Return questions, and for an agency's people what they may do about the incident."""
    questions = list(
        questions_for(seen.incident, seen.side_ids).select_related(
            "organisation", "asked_by", "answered_by"
        )
    )
    row = _row(seen)
    context: dict[str, Any] = {"questions": [shown(seen, q) for q in questions]}
    if row is not None:
        context["triage_url"] = reverse("triage", args=[seen.incident.ref])
    return Part(
        context=context,
        actions=tuple(_actions(seen, row)) if row else (),
        move=_move(seen, row, questions),
    )


def shown(seen: Seen, question: Question) -> dict[str, Any]:
    """Return a question as the reader's side may see it: names only of its own people."""
    may_answer = question.answered_at is None and seen.may_as_owner(Action.ANSWER)
    name = f"answer-{question.pk}"
    is_asking = question.organisation_id in seen.side_ids
    return {
        "pk": question.pk,
        "text": question.text,
        "asked_by": _signed(question.asked_by, question.organisation, is_asking),
        "asked_at": question.asked_at,
        "answer": question.answer,
        "answered_by": _signed(
            question.answered_by, seen.incident.organisation, seen.is_owner
        ),
        "answered_at": question.answered_at,
        "answer_url": reverse("incident-answer", args=[seen.incident.ref, question.pk])
        if may_answer
        else "",
        "form": seen.form(name, lambda: AnswerForm(auto_id=f"id_{name}_%s")),
    }


def agency_part(person: User, now: datetime) -> HomePart:
    """Return the head of the queue of the reader's agencies."""
    own = person.memberships.filter(
        ended_at=None, organisation__kind=OrganisationKind.AGENCY
    )
    if not own.exists():
        return HomePart()
    rows = rows_for(person, filters=QueueFilters(), now=now)
    head = list(rows[:SECTION_ROWS])
    total = rows.count()
    may_triage = bool(organisations_allowing(person, Action.TRIAGE))
    section = HomeSection(
        "To do, most urgent first",
        [row.incident for row in head],
        "Nothing is waiting. New incidents appear the moment a lab shares them.",
        hint=f"{total} in all" if total > len(head) else "",
        url=reverse("triage-queue"),
        url_label="Triage queue",
    )
    strip = _strip(head, total, may_triage=may_triage)
    return HomePart(sections=[section], strip=strip, rank=10)


def _row(seen: Seen) -> TriageRow | None:
    side = seen.side_allowing(Action.TRIAGE)
    if side is None:
        return None
    return TriageRow.objects.filter(incident=seen.incident, organisation=side).first()


def _actions(seen: Seen, row: TriageRow) -> list[PageAction]:
    ref = seen.incident.ref

    def make_assign() -> AssignForm:
        initial = {"owner": row.owner_id}
        agency = row.organisation
        return AssignForm(auto_id="id_assign_%s", agency=agency, initial=initial)

    def make_ask() -> QuestionForm:
        return QuestionForm(auto_id="id_ask_%s")

    return [
        PageAction(
            "ask",
            "Ask the lab",
            reverse("triage-ask", args=[ref]),
            seen.form("ask", make_ask),
            hint="Its desk is told at once; the answer brings the row back to the top.",
            button="Send the question",
        ),
        PageAction(
            "assign",
            "Assign it",
            reverse("triage-assign", args=[ref]),
            seen.form("assign", make_assign),
            hint="The lab does not see who.",
        ),
    ]


def _move(
    seen: Seen, row: TriageRow | None, questions: Sequence[Question]
) -> Move | None:
    has_open = any(question.answered_at is None for question in questions)
    if has_open and seen.may_as_owner(Action.ANSWER):
        return Move("Yours: an agency waits for an answer.", rank=_ANSWER_RANK)
    if row is None:
        return None
    if row.state in {TriageState.WAITING, TriageState.ANSWERED}:
        why = "triage it"
        if row.state == TriageState.ANSWERED:
            why = "the lab has answered, decide"
        return Move(f"Yours: {why}.", rank=_TRIAGE_RANK)
    if row.state == TriageState.ASKED:
        return Move(
            "The lab's: your question is open.", rank=_TRIAGE_RANK, is_mine=False
        )
    return None


def _signed(person: User | None, organisation: object, is_own: bool) -> str:
    return f"{person}, {organisation}" if is_own and person else str(organisation)


def _strip(head: Sequence[TriageRow], total: int, *, may_triage: bool) -> Strip:
    if not head:
        return Strip("Nothing waits for triage.", "Nothing.", "Nobody's.", is_calm=True)
    incidents = "incident" if total == 1 else "incidents"
    first = head[0].incident
    return Strip(
        f"{total} {incidents} to do.",
        f"First: {first.ref}, severity {first.severity}.",
        "Yours: triage it." if may_triage else "Your officers'.",
        is_mine=may_triage,
    )
