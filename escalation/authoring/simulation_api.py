"""Play a policy over REST, and work out its coverage. Nothing is sent or written."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.authoring.access import find_policy
from escalation.policies.models import Policy
from escalation.runs.simulation.asking import MAX_DAYS, Question, ask, cover
from escalation.runs.simulation.reporting import covered_row, event_row
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now


class SimulationBody(StrictSerializer):
    """What is imagined; everything may be left out."""

    at = serializers.DateTimeField(default=None, allow_null=True, help_text="now")
    severity = serializers.IntegerField(default=4, min_value=0, max_value=5)
    category = serializers.CharField(default="WGT")
    tlp = serializers.CharField(default="AMBER+STRICT")
    labels = serializers.DictField(child=serializers.CharField(), default=dict)
    owner = serializers.SlugField(
        default="",
        allow_blank=True,
        help_text="whose incident it is: a lab that shares with you, else your own",
    )
    answers = serializers.CharField(
        default="nobody", help_text="such as: ack at step 2 after 3m; resolve after 2h"
    )
    down = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="channels that fail"
    )
    body = serializers.DictField(
        default=None, allow_null=True, help_text="a draft in the place of the policy"
    )


class SimulatedMessageSerializer(serializers.Serializer[Any]):
    """One message, as it would read."""

    channel = serializers.CharField(
        help_text="empty for the desk of another organisation: its ways are its own"
    )
    recipient = serializers.CharField()
    purpose = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()


class SimulatedEventSerializer(serializers.Serializer[Any]):
    """One thing that would happen."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    meaning = serializers.CharField()
    text = serializers.CharField()
    step = serializers.CharField(
        help_text="its place: 3, 3.1, 3 else 1; empty for none"
    )
    round = serializers.IntegerField()
    recipients = serializers.ListField(child=serializers.CharField())
    message = SimulatedMessageSerializer(allow_null=True)


class SimulationSerializer(serializers.Serializer[Any]):
    """What would happen, in order."""

    policy = serializers.CharField()
    at = serializers.DateTimeField()
    events = SimulatedEventSerializer(many=True)


class CoverageQuery(StrictSerializer):
    """From when, and for how many days."""

    at = serializers.DateTimeField(default=None, allow_null=True, help_text="now")
    days = serializers.IntegerField(default=30, min_value=1, max_value=MAX_DAYS)


class GapSerializer(serializers.Serializer[Any]):
    """Starts that wait longer than promised; `wait_seconds` null: nobody is told."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    wait_seconds = serializers.IntegerField(allow_null=True)


class CoverageSerializer(serializers.Serializer[Any]):
    """How soon a human is told, for severities that the policy treats alike."""

    severities = serializers.ListField(child=serializers.IntegerField())
    longest_wait_seconds = serializers.IntegerField(allow_null=True)
    promise_minutes = serializers.IntegerField(allow_null=True)
    is_kept = serializers.BooleanField()
    kept_percent = serializers.FloatField()
    gaps = GapSerializer(many=True)


class PolicySimulationViewSet(ApiViewSet):
    """What your policies would do."""

    queryset = Policy.objects.none()
    serializer_class = SimulationSerializer
    # It only reads, whatever its method.
    write_scope = Scope.READ
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(request=SimulationBody, responses=SimulationSerializer)
    @action(detail=True, methods=["post"])
    def simulate(self, request: Request, pk: str) -> Response:
        """Play it at an instant: who is told when, how, with which text, and why not."""
        policy = find_policy(self.person, pk, is_listed=True)
        given = self.read_body(SimulationBody)
        question = Question(
            policy=policy.slug,
            at=given.pop("at") or read_now(),
            down=tuple(given.pop("down")),
            **given,
        )
        events = ask(policy.organisation, question)
        shown = {
            "policy": policy.slug,
            "at": question.at,
            "events": [event_row(event) for event in events],
        }
        return Response(SimulationSerializer(shown).data)

    @extend_schema(parameters=[CoverageQuery], responses=CoverageSerializer(many=True))
    @action(detail=True, methods=["get"])
    def coverage(self, request: Request, pk: str) -> Response:
        """Tell how long it takes until a human is told, for every start in days to come."""
        policy = find_policy(self.person, pk, is_listed=True)
        wanted = self.read_query(CoverageQuery)
        found = cover(
            policy.organisation,
            start=wanted.get("at") or read_now(),
            days=wanted.get("days", 30),
            only=policy.slug,
        )
        rows = [covered_row(one) for one in found]
        return Response(CoverageSerializer(rows, many=True).data)
