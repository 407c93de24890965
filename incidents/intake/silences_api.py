"""Silences over REST."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import actor_for
from incidents.intake.held_serializers import (
    HeldBody,
    HeldSerializer,
    instant_text,
    source_named,
)
from incidents.intake.silence_ends import counts_holding, last_told
from incidents.intake.silence_models import Silence
from incidents.intake.silences import (
    MAX_ANNOUNCE_MINUTES,
    SilenceDraft,
    create_silence,
    end_silence,
    extend_silence,
)
from incidents.intake.suppression import describe, parse_matchers
from incidents.intake.suppressors import counts_held
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import (
    InstantField,
    OrganisationQuery,
    OwnedViewSet,
    StrictSerializer,
)
from incidents.timers.clock import read_now


class SilenceSerializer(HeldSerializer):
    """A silence: while it is active, alerts that match open no incident."""

    matchers = serializers.ListField(child=serializers.DictField())
    summary = serializers.SerializerMethodField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField(help_text="pending, active or expired")
    holding_count = serializers.SerializerMethodField(
        help_text="alerts and heartbeats that it holds back now"
    )
    announce_minutes = serializers.IntegerField()
    announced_at = serializers.SerializerMethodField(
        help_text="when its end was last told; null: not yet"
    )

    def get_summary(self, silence: Silence) -> str:
        """Return the conditions in words."""
        return describe(parse_matchers(silence.matchers))

    def get_state(self, silence: Silence) -> str:
        """Return pending, active or expired."""
        return silence.state_at(self.context["now"])

    def get_holding_count(self, silence: Silence) -> int:
        """Return what it holds back now."""
        counts: Mapping[int, int] = self.context["holding"]
        return counts[silence.pk]

    def get_announced_at(self, silence: Silence) -> str | None:
        """Return when its end was last told."""
        told: Mapping[int, datetime] = self.context["told"]
        return instant_text(told.get(silence.pk))


class SilenceBody(HeldBody):
    """A silence to be made."""

    matchers = serializers.ListField(
        child=serializers.DictField(),
        default=list,
        help_text='{"field", "op", "value"}: title, source, severity or label:<name>',
    )
    starts_at = InstantField(required=False, help_text="left out: now")
    ends_at = InstantField()
    announce_minutes = serializers.IntegerField(
        default=60,
        min_value=0,
        max_value=MAX_ANNOUNCE_MINUTES,
        help_text="so long before its end its author is told; 0: at its end only",
    )


class ExtensionBody(StrictSerializer):
    """By how much a silence is to last longer."""

    minutes = serializers.IntegerField(min_value=1)


class SilenceViewSet(OwnedViewSet):
    """Silences of your organisations: alerts that match open no incident."""

    queryset = Silence.objects.none()
    serializer_class = SilenceSerializer
    write_scope = Scope.WRITE
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the silences, the newest first."""
        return self.list_rows(_shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one silence."""
        return Response(_shown([self.find()])[0])

    @extend_schema(request=SilenceBody, responses={201: SilenceSerializer})
    def create(self, request: Request) -> Response:
        """Make a silence; incidents that are open stay so."""
        body = self.read_body(SilenceBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.MANAGE, slug=slug)
        now = read_now()
        body["source"] = source_named(organisation, body["source"])
        silence = create_silence(
            organisation,
            SilenceDraft(**{"starts_at": now, **body}),
            author=self.person,
            actor=actor_for(self.person, organisation),
            now=now,
        )
        silence.refresh_from_db()
        return Response(_shown([silence])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=ExtensionBody, responses=SilenceSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, uid: str) -> Response:
        """Let a silence last longer; its new end is told anew."""
        silence = self.find()
        organisation = self.owner_of(silence, Action.MANAGE)
        silence = extend_silence(
            silence,
            minutes=self.read_body(ExtensionBody)["minutes"],
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(_shown([silence])[0])

    @extend_schema(request=None, responses=SilenceSerializer)
    def destroy(self, request: Request, uid: str) -> Response:
        """End a silence now; what still fires opens its incident."""
        silence = self.find()
        actor = actor_for(self.person, self.owner_of(silence, Action.MANAGE))
        silence = end_silence(silence, actor=actor, now=read_now())
        return Response(_shown([silence])[0])

    def visible(self) -> QuerySet[Silence]:
        """Return the silences of the person's organisations."""
        rows = Silence.objects.visible_to(self.person)
        return rows.select_related("organisation", "source", "author")


def _shown(rows: Sequence[Silence]) -> list[Any]:
    context = {
        "counts": counts_held(rows),
        "holding": counts_holding(rows),
        "told": last_told(rows),
        "now": read_now(),
    }
    return list(SilenceSerializer(rows, many=True, context=context).data)
