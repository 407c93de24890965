"""The quorum of witnesses over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.ledger.quorum import COMPUTED, GroupDraft, QuorumDraft
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now
from incidents.witnessing.editing import platform_actor
from incidents.witnessing.models import WitnessQuorum
from incidents.witnessing.own_policy import cosigners, policy_with, quorum_of
from incidents.witnessing.previewing import preview_quorum
from incidents.witnessing.quorums import (
    ALARM_MINUTES,
    QuorumSetting,
    check_quorum,
    set_quorum,
)


class WitnessGroupBody(StrictSerializer):
    """Witnesses and groups, of which so many have to have cosigned."""

    name = serializers.CharField(max_length=60)
    needs = serializers.CharField(
        max_length=4, help_text="all, any or a number, as text"
    )
    members = serializers.ListField(child=serializers.CharField(max_length=60))


class QuorumBody(StrictSerializer):
    """Which quorum makes heads complete."""

    quorum = serializers.CharField(
        max_length=60,
        help_text="a group or a witness; computed: one witness of each side",
    )
    groups = WitnessGroupBody(many=True, required=False, default=list)


class QuorumSettingBody(QuorumBody):
    """The same, with how long it may be missing."""

    alarm_minutes = serializers.IntegerField(
        required=False,
        default=ALARM_MINUTES,
        help_text="after so many minutes without it the operator is told",
    )


class HeadPreviewSerializer(serializers.Serializer[Any]):
    """What a quorum means for one of the newest heads."""

    size = serializers.IntegerField()
    signed_at = serializers.DateTimeField(allow_null=True)
    complete_at = serializers.DateTimeField(
        allow_null=True, help_text="when it was, under the quorum of its day"
    )
    would_be_at = serializers.DateTimeField(
        allow_null=True, help_text="when it would have been, under this one"
    )
    awaited = serializers.ListField(
        child=serializers.CharField(), help_text="whose line would complete it"
    )


class QuorumPreviewSerializer(serializers.Serializer[Any]):
    """What a quorum means, by the lines that have come so far."""

    words = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    needed = serializers.ListField(
        child=serializers.CharField(),
        help_text="witnesses whose silence alone stops every head",
    )
    heads = HeadPreviewSerializer(many=True)


class QuorumSerializer(QuorumPreviewSerializer):
    """The quorum that stands; a computed one has no groups of its own."""

    quorum = serializers.CharField()
    groups = WitnessGroupBody(many=True)
    alarm_minutes = serializers.IntegerField()
    set_at = serializers.DateTimeField(allow_null=True)


class WitnessQuorumViewSet(ApiViewSet):
    """Which witnesses make heads of our log complete."""

    queryset = WitnessQuorum.objects.none()
    serializer_class = QuorumSerializer
    write_scope = Scope.CONFIGURE
    pagination_class = None

    @action(detail=False, url_path="witness-quorum")
    def quorum(self, request: Request) -> Response:
        """Open the quorum that stands."""
        return Response(_shown())

    @extend_schema(request=QuorumSettingBody)
    @quorum.mapping.put
    def set_quorum(self, request: Request) -> Response:
        """Have heads wait for another one, for administrators of the platform."""
        actor = platform_actor(self.person)
        body = self.read_body(QuorumSettingBody)
        setting = QuorumSetting(_draft(body), body["alarm_minutes"])
        set_quorum(setting, actor=actor, now=read_now())
        return Response(_shown())

    @extend_schema(request=QuorumBody, responses=QuorumPreviewSerializer)
    @action(detail=False, methods=["post"], url_path="witness-quorum/preview")
    def preview(self, request: Request) -> Response:
        """Show what another one would mean; nothing is changed."""
        platform_actor(self.person)
        witnesses = cosigners()
        policy = check_quorum(_draft(self.read_body(QuorumBody)), witnesses)
        preview = preview_quorum(policy, witnesses)
        return Response(QuorumPreviewSerializer(preview).data)


def _draft(body: Any) -> QuorumDraft | None:
    if body["quorum"] == COMPUTED and not body["groups"]:
        return None
    groups = (
        GroupDraft(one["name"], one["needs"], tuple(one["members"]))
        for one in body["groups"]
    )
    return QuorumDraft(body["quorum"], tuple(groups))


def _shown() -> Any:
    row, witnesses = WitnessQuorum.objects.first(), cosigners()
    draft = quorum_of(row)
    preview = preview_quorum(policy_with(draft, witnesses), witnesses)
    standing = {
        "quorum": row.quorum if row else COMPUTED,
        "groups": draft.groups if draft else (),
        "alarm_minutes": row.alarm_minutes if row else ALARM_MINUTES,
        "set_at": row.set_at if row else None,
    }
    shown = {name: getattr(preview, name) for name in preview.__slots__}
    return QuorumSerializer(shown | standing).data
