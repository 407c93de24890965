"""Triage over REST: the queue, decisions, questions and answers."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput, NotPossible
from incidents.incident.access import (
    acting_organisation,
    actor_for,
    named_incident,
    note_reading,
    require_owner,
)
from incidents.incident.deadlines import DUE_CHOICES
from incidents.incident.models import AcknowledgedVia, Incident
from incidents.incident.receipts import (
    acknowledgement_receipts,
    own_acknowledgements,
)
from incidents.incident.viewset import IncidentApiViewSet, with_address
from incidents.organisations.authentication import reader_name
from incidents.organisations.directory import agency_named, organisation_for
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now
from incidents.triage.models import Question, TriageRow
from incidents.triage.outcomes import Decision, acknowledge_many, assign, decide
from incidents.triage.questions import answer, questions_for, request_info
from incidents.triage.queue import BY_DUE, OWNERS, QUEUE_STATES, QueueFilters, rows_for
from incidents.triage.serializers import (
    AnswerBody,
    AssignBody,
    DecisionBody,
    QuestionBody,
    QuestionSerializer,
    RefsBody,
    RefsSerializer,
    TriageRowSerializer,
)

MAX_ROWS = 200
_FILTERS = ("state", "severity", "category", "lab", "owner", "due", "q", "sort")


class TriageQueueViewSet(ApiViewSet):
    """Your agency's queue, the most urgent row first."""

    queryset = TriageRow.objects.none()
    serializer_class = TriageRowSerializer
    pagination_class = None

    @extend_schema(
        parameters=[
            OpenApiParameter("state", enum=[name for name, _ in QUEUE_STATES]),
            OpenApiParameter("severity", int, description="at least"),
            OpenApiParameter("category"),
            OpenApiParameter("lab", description="the lab's slug"),
            OpenApiParameter("owner", enum=[name for name, _ in OWNERS]),
            OpenApiParameter("due", enum=[name for name, _ in DUE_CHOICES]),
            OpenApiParameter("q"),
            OpenApiParameter("sort", enum=[BY_DUE], description="soonest due first"),
        ]
    )
    def list(self, request: Request) -> Response:
        """List the most urgent rows, 200 at most."""
        sent = request.query_params
        for name in sent:
            if name not in _FILTERS:
                raise BadInput(name, sent[name], f"Filter by {', '.join(_FILTERS)}.")
        now = read_now()
        rows = list(
            rows_for(self.person, filters=QueueFilters.read(sent), now=now)[:MAX_ROWS]
        )
        note_reading(
            reader=reader_name(request),
            user=self.person,
            incidents=[row.incident for row in rows],
            targets=[f"list:{row.incident.ref}" for row in rows],
            now=now,
        )
        return Response(TriageRowSerializer(rows, many=True).data)

    @extend_schema(request=RefsBody, responses=RefsSerializer)
    @action(detail=False, methods=["post"])
    def acknowledge(self, request: Request) -> Response:
        """Acknowledge several incidents for your agency at once."""
        body = self.read_body(RefsBody)
        agency = organisation_for(
            self.person, Action.ACKNOWLEDGE, slug=body["organisation"]
        )
        done = acknowledge_many(
            body["refs"],
            organisation=agency,
            user=self.person,
            actor=actor_for(self.person, agency),
            now=read_now(),
            via=AcknowledgedVia.API,
        )
        own = own_acknowledgements(self.person, [agency.pk], done.acknowledged)
        receipts = [with_address(one, request) for one in acknowledgement_receipts(own)]
        body = {"acknowledged": done.acknowledged, "skipped": done.skipped}
        return Response(RefsSerializer({**body, "receipts": receipts}).data)


class TriageViewSet(IncidentApiViewSet):
    """Decide, assign, ask and answer."""

    @extend_schema(request=DecisionBody, responses=TriageRowSerializer)
    @action(detail=True, methods=["post"])
    def triage(self, request: Request, ref: str) -> Response:
        """Decide what your agency makes of the incident."""
        incident, body = self.find(), self.read_body(DecisionBody)
        agency = self._agency(incident, body)
        row = decide(
            incident,
            organisation=agency,
            decision=self._decision(body, agency),
            user=self.person,
            actor=actor_for(self.person, agency),
            now=read_now(),
        )
        return Response(TriageRowSerializer(row).data)

    @extend_schema(request=AssignBody, responses=TriageRowSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, ref: str) -> Response:
        """Give the row to somebody of your agency."""
        incident, body = self.find(), self.read_body(AssignBody)
        agency = self._agency(incident, body)
        row = assign(
            incident,
            organisation=agency,
            owner=_colleague(body["owner"], agency),
            actor=actor_for(self.person, agency),
            now=read_now(),
        )
        return Response(TriageRowSerializer(row).data)

    @extend_schema(request=QuestionBody, responses=QuestionSerializer)
    @action(detail=True, methods=["post"], url_path="request-info")
    def request_info(self, request: Request, ref: str) -> Response:
        """Ask the owner; its desk is told."""
        incident, body = self.find(), self.read_body(QuestionBody)
        agency = self._agency(incident, body)
        question = request_info(
            incident,
            organisation=agency,
            text=body["question"],
            user=self.person,
            actor=actor_for(self.person, agency),
            now=read_now(),
        )
        return Response(self._render_question(incident, question))

    @extend_schema(request=AnswerBody, responses=QuestionSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, ref: str) -> Response:
        """Answer for the owner; the agency's row comes back to its queue."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.ANSWER)
        body = self.read_body(AnswerBody)
        question = answer(
            _asked(incident, owner, agency=body["agency"], number=body["number"]),
            text=body["answer"],
            user=self.person,
            actor=actor_for(self.person, owner),
            now=read_now(),
        )
        return Response(self._render_question(incident, question))

    @extend_schema(responses=QuestionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def questions(self, request: Request, ref: str) -> Response:
        """List the questions that your side may see."""
        incident, sides = self.find_for_reading()
        rows = numbered(list(questions_for(incident, [side.pk for side in sides])))
        return Response(
            QuestionSerializer([_shown(*row) for row in rows], many=True).data
        )

    def _agency(self, incident: Incident, body: dict[str, Any]) -> Organisation:
        slug = body["organisation"]
        return acting_organisation(self.person, incident, Action.TRIAGE, slug=slug)

    def _decision(self, body: dict[str, Any], agency: Organisation) -> Decision:
        referred, duplicate = body["referred_to"], body["duplicate_of"]
        return Decision(
            outcome=body["outcome"],
            reason=body["reason"],
            priority=body["priority"],
            owner=_colleague(body["owner"], agency),
            next_review_at=body["next_review_at"],
            referred_to=agency_named(referred, field="referred_to")
            if referred
            else None,
            duplicate_of=named_incident(self.person, duplicate, field="duplicate_of")
            if duplicate
            else None,
        )

    def _render_question(self, incident: Incident, question: Question) -> Any:
        side = [question.organisation_id]
        rows = numbered(list(incident.questions.filter(organisation__in=side)))
        number = next(number for row, number in rows if row.pk == question.pk)
        return QuestionSerializer(_shown(question, number)).data


def numbered(questions: list[Question]) -> list[tuple[Question, int]]:
    """Return each question with its number among its agency's. Requires them oldest first."""
    counts: dict[int, int] = {}
    rows = []
    for question in questions:
        counts[question.organisation_id] = counts.get(question.organisation_id, 0) + 1
        rows.append((question, counts[question.organisation_id]))
    return rows


def _shown(question: Question, number: int) -> dict[str, Any]:
    return {
        "agency": question.organisation.slug,
        "number": number,
        "question": question.text,
        "asked_at": question.asked_at,
        "answer": question.answer or None,
        "answered_at": question.answered_at,
    }


def _colleague(email: str | None, agency: Organisation) -> User | None:
    if not email:
        return None
    users = User.objects.filter(
        memberships__organisation=agency, memberships__ended_at=None
    )
    user = users.filter(email=email.lower()).distinct().first()
    if user is None:
        raise BadInput("owner", email, f"Choose somebody of {agency}.")
    return user


def _asked(
    incident: Incident, owner: Organisation, *, agency: str, number: int | None
) -> Question:
    """Return the question that is meant. Raises NotPossible, or BadInput to choose."""
    rows = numbered(list(questions_for(incident, [owner.pk])))
    found = [
        (question, count)
        for question, count in rows
        if agency in ("", question.organisation.slug) and number in (None, count)
    ]
    if not found:
        message = f"{incident.ref} has no such question."
        raise NotPossible(message, state={"questions": len(rows)})
    waiting = [question for question, _ in found if question.answered_at is None]
    if len(waiting) > 1:
        remedy = "Several questions are open: name agency and number."
        raise BadInput("number", number, remedy)
    return waiting[0] if waiting else found[-1][0]
