"""Hand running incidents over to another version of a policy, over REST."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.authoring.access import find_policy, require
from escalation.authoring.handing_over import live_runs, version_named
from escalation.policies.models import Policy
from escalation.runs.hand_over import HandOver, hand_over
from incidents.incident.access import actor_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now


class HandOverBody(StrictSerializer):
    """Where runs of the policy go on."""

    to_version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    to_policy = serializers.SlugField(
        default="", allow_blank=True, help_text="left out: the same policy"
    )
    step = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=40,
        help_text="label of the step to be taken now; left out: the one due next",
    )
    reason = serializers.CharField(max_length=200)
    runs = serializers.ListField(
        child=serializers.UUIDField(),
        default=list,
        max_length=1000,
        help_text="left out: all that are under way",
    )
    dry_run = serializers.BooleanField(default=False)


class HandedOverSerializer(serializers.Serializer[Any]):
    """What became of one run, or would."""

    run = serializers.UUIDField()
    incident = serializers.CharField()
    from_policy = serializers.CharField()
    from_version = serializers.IntegerField()
    from_step = serializers.CharField()
    to_step = serializers.CharField()
    is_at_once = serializers.BooleanField(help_text="the step is taken now")
    told = serializers.IntegerField(help_text="addresses not told a second time")
    new_run = serializers.UUIDField(allow_null=True)


class PolicyHandOverViewSet(ApiViewSet):
    """Moving what runs to a newer text."""

    queryset = Policy.objects.none()
    serializer_class = HandedOverSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(request=HandOverBody, responses=HandedOverSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="hand-over", pagination_class=None)
    def hand_over(self, request: Request, pk: str) -> Response:
        """Move runs that are under way to another version, at a step."""
        policy = find_policy(self.person, pk)
        organisation = require(self.person, Action.CONFIGURE, policy)
        body = self.read_body(HandOverBody)
        version = version_named(policy, body["to_version"], to_policy=body["to_policy"])
        moved = hand_over(
            live_runs(policy, [str(uid) for uid in body["runs"]]),
            HandOver(version, body["step"], body["reason"]),
            actor=actor_for(self.person, organisation),
            now=read_now(),
            is_dry_run=body["dry_run"],
        )
        rows = [asdict(one) for one in moved]
        return Response(HandedOverSerializer(rows, many=True).data)
