"""The guided assessment over REST."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.duties.assessment import (
    MAX_REASON,
    Answer,
    assessment_of,
    fitted_proposals,
    give_answer,
)
from escalation.duties.assessment_access import owner_to_answer, owner_to_read
from escalation.duties.models import Said
from escalation.duties.proposals import LimbState, Proposal
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet
from incidents.models import Incident
from incidents.rest import StrictSerializer


class AssessmentAnswerBody(StrictSerializer):
    """What you say to a question; `no` and `unknown` need a reason."""

    question = serializers.CharField(max_length=120, help_text="its key")
    said = serializers.ChoiceField(Said.choices)
    reason = serializers.CharField(default="", allow_blank=True, max_length=MAX_REASON)


class GivenSerializer(serializers.Serializer[Any]):
    """The answer that stands."""

    said = serializers.ChoiceField(Said.choices)
    reason = serializers.CharField()
    author = serializers.CharField(source="author.email")
    answered_at = serializers.DateTimeField()


class SuggestionSerializer(serializers.Serializer[Any]):
    """What the incident's own facts suggest; it answers nothing."""

    said = serializers.ChoiceField(Said.choices)
    because = serializers.CharField(source="words")


class AskedSerializer(serializers.Serializer[Any]):
    """One question as it stands."""

    question = serializers.CharField(source="question.key")
    topic = serializers.CharField(source="question.topic")
    text = serializers.CharField(source="question.text")
    help = serializers.CharField(source="question.help")
    is_open = serializers.BooleanField()
    answer = GivenSerializer(allow_null=True)
    suggestion = SuggestionSerializer(allow_null=True)
    regimes = serializers.ListField(child=serializers.CharField())
    against = serializers.ListField(
        child=serializers.CharField(),
        help_text="keys of questions that say no although this one says yes",
    )


class LimbSerializer(serializers.Serializer[Any]):
    """One way in which the incident can be reportable, in the law's words."""

    id = serializers.CharField(source="limb.id")
    text = serializers.CharField(source="limb.text")
    citation = serializers.CharField(source="limb.citation")
    question = serializers.CharField(source="question.key")
    state = serializers.ChoiceField([(one.value, one.name) for one in LimbState])
    is_unknown = serializers.BooleanField(help_text="answered: not known yet")


class TriggeredSerializer(serializers.Serializer[Any]):
    """A stage of which the own trigger has come by the answers; it waits for an instant."""

    stage = serializers.CharField(source="id")
    name = serializers.CharField()
    trigger = serializers.CharField()


class ProposedSerializer(serializers.Serializer[Any]):
    """What is suggested under one regime. People decide; this is no legal advice."""

    regime = serializers.CharField(source="proposed.regime.id")
    name = serializers.CharField(source="proposed.regime.name")
    proposal = serializers.ChoiceField(
        [(one.value, one.name) for one in Proposal], source="proposed.proposal"
    )
    why = serializers.CharField(source="proposed.why")
    remark = serializers.CharField(source="proposed.remark")
    triggered = TriggeredSerializer(many=True, source="proposed.triggered")
    decided = serializers.CharField(
        source="decision.verdict", default="", help_text="the verdict that stands"
    )
    misfit = serializers.CharField(
        help_text="why that verdict does not fit the answers any more"
    )
    limbs = LimbSerializer(many=True, source="proposed.limbs")
    source_url = serializers.CharField(source="proposed.regime.source_url")
    verified_on = serializers.DateField(source="proposed.regime.verified_on")
    basis = serializers.CharField(source="proposed.regime.basis")
    uncertain = serializers.ListField(
        child=serializers.CharField(), source="proposed.regime.uncertain"
    )


class AssessmentSerializer(serializers.Serializer[Any]):
    """What is asked about an incident now, and what the answers suggest."""

    questions = AskedSerializer(many=True)
    waiting = serializers.IntegerField(
        help_text="how many more may be asked, by what the next answers are"
    )
    proposals = ProposedSerializer(many=True)


class AssessmentViewSet(IncidentApiViewSet):
    """Which reporting duties an incident may bring, for its owner's people alone."""

    @extend_schema(responses=AssessmentSerializer)
    @action(detail=True, pagination_class=None)
    def assessment(self, request: Request, ref: str) -> Response:
        """Return what is asked, what was answered and what is proposed."""
        owner_to_read(self.person, self.find())
        incident, _ = self.find_for_reading()
        return _respond(incident)

    @extend_schema(
        request=AssessmentAnswerBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=AssessmentSerializer,
    )
    @assessment.mapping.post
    def answer(self, request: Request, ref: str) -> Response:
        """Answer one question; the former answer stays on the record."""
        promise, incident = self.promise(), self.find()
        owner = owner_to_answer(self.person, incident)
        given = Answer(**self.read_body(AssessmentAnswerBody))

        def act(now: datetime) -> int:
            row = give_answer(
                incident, given, organisation=owner, author=self.person, now=now
            )
            return row.pk

        _, headers = self.once(promise, incident, act)
        return _respond(incident, headers)


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def _respond(incident: Incident, headers: Mapping[str, str] = _NOTHING) -> Response:
    found = assessment_of(incident, incident.organisation_id)
    asked = [
        {
            "question": one.question,
            "is_open": one.is_open,
            "answer": one.answer,
            "suggestion": one.suggestion,
            "regimes": [regime.id for regime in one.regimes],
            "against": [question.key for question in one.against],
        }
        for one in found.asked
    ]
    body = {
        "questions": asked,
        "waiting": found.waiting,
        "proposals": fitted_proposals(incident, found),
    }
    return Response(AssessmentSerializer(body).data, headers=dict(headers))
