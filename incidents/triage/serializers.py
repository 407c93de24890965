"""What the API says and takes of triage."""

from typing import Any

from rest_framework import serializers

from incidents.incident.serializers import ReceiptSerializer
from incidents.incident.viewset import SideBody
from incidents.rest import InstantField, StrictSerializer
from incidents.triage.criteria import PRIORITY_CHOICES
from incidents.triage.models import Outcome, TriageState


class TriageRowSerializer(serializers.Serializer[Any]):
    """One row of an agency's queue; the lab never sees it."""

    incident = serializers.CharField(source="incident.ref")
    title = serializers.CharField(source="incident.title")
    severity = serializers.IntegerField(source="incident.severity")
    status = serializers.CharField(source="incident.status")
    lab = serializers.CharField(source="incident.organisation.slug")
    agency = serializers.CharField(source="organisation.slug")
    state = serializers.ChoiceField(TriageState.choices)
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True)
    reason = serializers.CharField()
    priority = serializers.ChoiceField(PRIORITY_CHOICES, allow_null=True)
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    next_review_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class QuestionSerializer(serializers.Serializer[Any]):
    """A question of an agency and the owner's answer; `number` counts per agency."""

    agency = serializers.CharField()
    number = serializers.IntegerField()
    question = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answer = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class DecisionBody(SideBody):
    """What the agency makes of the incident."""

    outcome = serializers.ChoiceField(Outcome.choices)
    reason = serializers.CharField(default="", allow_blank=True, max_length=10_000)
    priority = serializers.ChoiceField(PRIORITY_CHOICES, default=None, allow_null=True)
    owner = serializers.EmailField(default=None, allow_null=True)
    next_review_at = InstantField(default=None, allow_null=True)
    referred_to = serializers.SlugField(
        default=None, allow_null=True, help_text="not_ours: the agency's slug"
    )
    duplicate_of = serializers.CharField(
        default=None, allow_null=True, help_text="duplicate: the other's ref"
    )


class AssignBody(SideBody):
    """Who sees to it; null for nobody."""

    owner = serializers.EmailField(allow_null=True)


class QuestionBody(SideBody):
    """A question to the owner."""

    question = serializers.CharField(max_length=10_000)


class AnswerBody(StrictSerializer):
    """An answer; needs agency and number only if several questions are open."""

    answer = serializers.CharField(max_length=10_000)
    agency = serializers.SlugField(default="", allow_blank=True)
    number = serializers.IntegerField(default=None, allow_null=True, min_value=1)


class RefsBody(SideBody):
    """Incidents to be acknowledged."""

    refs = serializers.ListField(
        child=serializers.CharField(max_length=20), allow_empty=False, max_length=200
    )


class AcknowledgementReceiptSerializer(ReceiptSerializer):
    """The receipt of one acknowledgement."""

    ref = serializers.CharField()


class RefsSerializer(serializers.Serializer[Any]):
    """What was acknowledged, and what was not visible or is closed."""

    acknowledged = serializers.ListField(child=serializers.CharField())
    skipped = serializers.ListField(child=serializers.CharField())
    receipts = AcknowledgementReceiptSerializer(many=True)
