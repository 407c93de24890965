"""Silences and maintenance windows over REST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.intake.maintenance import (
    MAX_MINUTES,
    MaintenanceDraft,
    create_maintenance,
    end_maintenance,
    is_in_use,
    next_start,
    times_of,
)
from incidents.intake.models import Source
from incidents.intake.recurrence import DAYS, RecurrenceError, weekly_cron
from incidents.intake.silence_ends import counts_holding, last_told
from incidents.intake.silence_models import Maintenance, Silence
from incidents.intake.silences import (
    MAX_ANNOUNCE_MINUTES,
    SilenceDraft,
    create_silence,
    end_silence,
    extend_silence,
)
from incidents.intake.suppression import describe, parse_matchers
from incidents.intake.suppressors import code_of, counts_held, window_at
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import (
    ApiViewSet,
    InstantField,
    OrganisationQuery,
    StrictSerializer,
)
from incidents.timers.clock import read_now

_UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class _HeldSerializer(serializers.Serializer[Any]):
    """What silences and maintenance windows have in common."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    source = serializers.CharField(  # type: ignore[assignment]  # the API's name for it
        source="source.slug", default=None, help_text="null: all of them"
    )
    reason = serializers.CharField()
    author = serializers.SerializerMethodField(help_text="null: not a person")
    held_count = serializers.SerializerMethodField(
        help_text="how often it held an alert back"
    )
    made_at = serializers.DateTimeField()

    def get_author(self, row: Silence | Maintenance) -> str | None:
        """Return who made it."""
        named = row.author_name if isinstance(row, Silence) else ""
        return str(row.author) if row.author else named or None

    def get_held_count(self, row: Silence | Maintenance) -> int:
        """Return how often it held an alert back."""
        counts: Mapping[str, int] = self.context["counts"]
        return counts.get(code_of(row), 0)


class SilenceSerializer(_HeldSerializer):
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
        return _instant(told.get(silence.pk))


class MaintenanceSerializer(_HeldSerializer):
    """A maintenance window, once or recurring."""

    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    cron = serializers.CharField()
    zone = serializers.CharField()
    minutes = serializers.IntegerField()
    summary = serializers.SerializerMethodField()
    is_active = serializers.SerializerMethodField()
    is_over = serializers.SerializerMethodField()
    next_start_at = serializers.SerializerMethodField()

    def get_summary(self, window: Maintenance) -> str:
        """Return its times in words."""
        return times_of(window)

    def get_is_active(self, window: Maintenance) -> bool:
        """Whether it holds alerts back now."""
        now: datetime = self.context["now"]
        return is_in_use(window, now) and window_at(window, now) is not None

    def get_is_over(self, window: Maintenance) -> bool:
        """Whether it will never hold anything back again."""
        return not is_in_use(window, self.context["now"])

    def get_next_start_at(self, window: Maintenance) -> str | None:
        """Return when it begins next, null while it is on and when it is over."""
        return _instant(next_start(window, self.context["now"]))


class _HeldBody(StrictSerializer):
    """What is said of both when they are made."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    source = serializers.SlugField(  # type: ignore[assignment]  # the API's name for it
        default="", allow_blank=True, help_text="its slug; empty: all of them"
    )
    reason = serializers.CharField(max_length=500)


class SilenceBody(_HeldBody):
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


class MaintenanceBody(_HeldBody):
    """A window to be made: start and end, or weekdays and time, or cron."""

    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    cron = serializers.CharField(
        default="", allow_blank=True, max_length=100, help_text="0 22 * * 1"
    )
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(DAYS), default=list, help_text="instead of cron"
    )
    time = serializers.CharField(
        default="", allow_blank=True, max_length=5, help_text="with weekdays: 22:00"
    )
    zone = serializers.CharField(default="UTC", max_length=64)
    minutes = serializers.IntegerField(default=0, min_value=0, max_value=MAX_MINUTES)


class SilenceViewSet(ApiViewSet):
    """Silences of your organisations: alerts that match open no incident."""

    queryset = Silence.objects.none()
    serializer_class = SilenceSerializer
    write_scope = Scope.WRITE
    lookup_field = "uid"
    lookup_value_regex = _UID
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the silences, the newest first."""
        wanted = self.read_query(OrganisationQuery)
        rows = Silence.objects.visible_to(self.person).filter(**wanted)
        return self.respond_page(_with_names(rows), _silences)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one silence."""
        return Response(_silences([self._find()])[0])

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
        return Response(_silences([silence])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=ExtensionBody, responses=SilenceSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, uid: str) -> Response:
        """Let a silence last longer; its new end is told anew."""
        silence = self._find()
        slug = silence.organisation.slug
        organisation = organisation_for(self.person, Action.MANAGE, slug=slug)
        silence = extend_silence(
            silence,
            minutes=self.read_body(ExtensionBody)["minutes"],
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(_silences([silence])[0])

    @extend_schema(request=None, responses=SilenceSerializer)
    def destroy(self, request: Request, uid: str) -> Response:
        """End a silence now; what still fires opens its incident."""
        silence = self._find()
        slug = silence.organisation.slug
        organisation = organisation_for(self.person, Action.MANAGE, slug=slug)
        actor = actor_for(self.person, organisation)
        silence = end_silence(silence, actor=actor, now=read_now())
        return Response(_silences([silence])[0])

    def _find(self) -> Silence:
        rows = _with_names(Silence.objects.visible_to(self.person))
        silence: Silence | None = rows.filter(uid=self.kwargs["uid"]).first()
        if silence is None:
            raise Http404
        return silence


class MaintenanceViewSet(ApiViewSet):
    """Maintenance windows of your organisations: their alerts open no incident."""

    queryset = Maintenance.objects.none()
    serializer_class = MaintenanceSerializer
    write_scope = Scope.CONFIGURE
    lookup_field = "uid"
    lookup_value_regex = _UID
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the windows, the newest first."""
        wanted = self.read_query(OrganisationQuery)
        rows = Maintenance.objects.visible_to(self.person).filter(**wanted)
        return self.respond_page(_with_names(rows), _windows)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one window."""
        return Response(_windows([self._find()])[0])

    @extend_schema(request=MaintenanceBody, responses={201: MaintenanceSerializer})
    def create(self, request: Request) -> Response:
        """Make a window: once, at a time on weekdays, or by a cron expression."""
        body = self.read_body(MaintenanceBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        body["source"] = source_named(organisation, body["source"])
        days, time = body.pop("weekdays"), body.pop("time")
        if days or time:
            body["cron"] = weekly(days, time, cron=body["cron"])
        window = create_maintenance(
            organisation,
            MaintenanceDraft(**body),
            author=self.person,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        window.refresh_from_db()
        return Response(_windows([window])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=MaintenanceSerializer)
    def destroy(self, request: Request, uid: str) -> Response:
        """Take a window out of use; what still fires opens its incident."""
        window = self._find()
        slug = window.organisation.slug
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        actor = actor_for(self.person, organisation)
        window = end_maintenance(window, actor=actor, now=read_now())
        return Response(_windows([window])[0])

    def _find(self) -> Maintenance:
        rows = _with_names(Maintenance.objects.visible_to(self.person))
        window: Maintenance | None = rows.filter(uid=self.kwargs["uid"]).first()
        if window is None:
            raise Http404
        return window


def source_named(organisation: Organisation, slug: str) -> Source | None:
    """Return the organisation's source, None for no slug. Raises BadInput."""
    if not slug:
        return None
    source = Source.objects.filter(organisation=organisation, slug=slug).first()
    if source is None:
        raise BadInput("source", slug, "Name a source of this organisation.")
    return source


def weekly(days: list[str], time: str, *, cron: str) -> str:
    """Return the expression of a time on weekdays. Raises BadInput."""
    if cron:
        raise BadInput("cron", cron, "Leave out cron, or weekdays and time.")
    try:
        return weekly_cron(days, time)
    except RecurrenceError as error:
        raise BadInput(error.field, error.value, error.remedy) from None


def _with_names(rows: Any) -> Any:
    return rows.select_related("organisation", "source", "author")


def _instant(at: datetime | None) -> str | None:
    return serializers.DateTimeField().to_representation(at) if at else None


def _silences(rows: list[Silence]) -> list[Any]:
    context = {
        "counts": counts_held(rows),
        "holding": counts_holding(rows),
        "told": last_told(rows),
        "now": read_now(),
    }
    return list(SilenceSerializer(rows, many=True, context=context).data)


def _windows(rows: list[Maintenance]) -> list[Any]:
    context = {"counts": counts_held(rows), "now": read_now()}
    return list(MaintenanceSerializer(rows, many=True, context=context).data)
