"""Heartbeat monitors over REST."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import actor_for
from incidents.incident.serializers import TlpField
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.heartbeats.monitors import (
    MAX_MINUTES,
    HeartbeatDraft,
    change_heartbeat,
    create_heartbeat,
    heartbeat_url,
    rotate_heartbeat_key,
)
from incidents.intake.heartbeats.watching import due_at
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import ApiToken
from incidents.organisations.roles import Action, organisations_allowing
from incidents.organisations.tokens import Scope
from incidents.rest import OrganisationQuery, OwnedViewSet, StrictSerializer
from incidents.timers.clock import read_now


class HeartbeatSerializer(serializers.Serializer[Any]):
    """A monitor, with the secret address that must be called in time."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    slug = serializers.CharField()
    name = serializers.CharField()
    url = serializers.SerializerMethodField(
        help_text="holds the key; empty for a token without the scope configure"
    )
    is_enabled = serializers.BooleanField()
    period_minutes = serializers.IntegerField()
    cron = serializers.CharField()
    zone = serializers.CharField()
    grace_minutes = serializers.IntegerField()
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    category = serializers.ChoiceField(CATEGORY_CHOICES)
    tlp = serializers.CharField()
    state = serializers.ChoiceField(HeartbeatState.choices)
    last_ping_at = serializers.DateTimeField(allow_null=True)
    ping_count = serializers.IntegerField()
    due_at = serializers.SerializerMethodField(
        help_text="until when the next sign must come, grace included; null: not watched"
    )
    late_since = serializers.DateTimeField(allow_null=True)
    incident = serializers.CharField(
        source="incident.ref", default=None, help_text="the last that it opened"
    )

    def get_url(self, heartbeat: Heartbeat) -> str:
        """Return the address with its key."""
        return heartbeat_url(heartbeat)

    def get_due_at(self, heartbeat: Heartbeat) -> str | None:
        """Return until when the next sign must come."""
        if not heartbeat.is_enabled or heartbeat.state == HeartbeatState.LATE:
            return None
        return serializers.DateTimeField().to_representation(due_at(heartbeat))


class HeartbeatChangeBody(StrictSerializer):
    """What is to be changed; the rest stays."""

    name = serializers.CharField(max_length=200, required=False)
    is_enabled = serializers.BooleanField(required=False)
    period_minutes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_MINUTES,
        help_text="0: by the cron expression",
    )
    cron = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="0 2 * * *"
    )
    zone = serializers.CharField(required=False, max_length=64)
    grace_minutes = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_MINUTES
    )
    severity = serializers.ChoiceField(SEVERITY_CHOICES, required=False)
    category = serializers.ChoiceField(CATEGORY_CHOICES, required=False)
    tlp = TlpField(required=False)


class HeartbeatBody(HeartbeatChangeBody):
    """A monitor to be made."""

    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=200)
    organisation = serializers.SlugField(default="", allow_blank=True)


class HeartbeatViewSet(OwnedViewSet):
    """Monitors that are alarmed when a sign of life does not come."""

    queryset = Heartbeat.objects.none()
    serializer_class = HeartbeatSerializer
    write_scope = Scope.CONFIGURE

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the monitors."""
        return self.list_rows(self._all_shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one monitor."""
        return Response(self._shown(self.find()))

    @extend_schema(request=HeartbeatBody, responses={201: HeartbeatSerializer})
    def create(self, request: Request) -> Response:
        """Make a monitor; the first sign is due from now on."""
        body = self.read_body(HeartbeatBody)
        owner, slug = body.pop("organisation"), body.pop("slug")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=owner)
        heartbeat = create_heartbeat(
            organisation,
            HeartbeatDraft(**body),
            slug=slug,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(self._shown(heartbeat), status=status.HTTP_201_CREATED)

    @extend_schema(request=HeartbeatChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a monitor; another rhythm begins at once."""
        heartbeat = self.find()
        organisation = self.owner_of(heartbeat, Action.CONFIGURE)
        changed = change_heartbeat(
            heartbeat,
            changes=self.read_body(HeartbeatChangeBody),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(self._shown(changed))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, uid: str) -> Response:
        """Give it another address; the old one ends at once."""
        heartbeat = self.find()
        actor = actor_for(self.person, self.owner_of(heartbeat, Action.CONFIGURE))
        changed = rotate_heartbeat_key(heartbeat, actor=actor, now=read_now())
        return Response(self._shown(changed))

    def _shown(self, heartbeat: Heartbeat) -> Any:
        return self._all_shown([heartbeat])[0]

    def _all_shown(self, heartbeats: Sequence[Heartbeat]) -> Sequence[Any]:
        """Return the monitors; who knows an address can keep its monitor quiet."""
        token = self.request.auth
        may_change: Sequence[int] = ()
        if not isinstance(token, ApiToken) or Scope.CONFIGURE in token.scopes:
            may_change = organisations_allowing(self.person, Action.CONFIGURE)
        return [
            {
                **HeartbeatSerializer(heartbeat).data,
                **({} if heartbeat.organisation_id in may_change else {"url": ""}),
            }
            for heartbeat in heartbeats
        ]

    def visible(self) -> QuerySet[Heartbeat]:
        """Return the monitors of the person's organisations."""
        visible = Heartbeat.objects.visible_to(self.person)
        return visible.select_related("organisation", "incident")
