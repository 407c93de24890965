"""Maintenance windows over REST."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.intake.held_serializers import (
    HeldBody,
    HeldSerializer,
    instant_text,
    source_named,
)
from incidents.intake.maintenance import (
    MAX_MINUTES,
    MaintenanceDraft,
    change_maintenance,
    create_maintenance,
    draft_of,
    end_maintenance,
    is_in_use,
    next_start,
    times_of,
)
from incidents.intake.recurrence import DAYS, RecurrenceError, weekly_cron
from incidents.intake.silence_models import Maintenance
from incidents.intake.suppressors import counts_held, window_at
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import (
    InstantField,
    OrganisationQuery,
    OwnedViewSet,
    StrictSerializer,
)
from incidents.timers.clock import read_now


class MaintenanceSerializer(HeldSerializer):
    """A maintenance window, once or recurring."""

    slug = serializers.CharField()
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
        return instant_text(next_start(window, self.context["now"]))


class MaintenanceChangeBody(StrictSerializer):
    """What is to be another; the rest stays. Other times may be of another kind."""

    source = serializers.SlugField(  # type: ignore[assignment]  # the API's name for it
        required=False, allow_blank=True, help_text="its slug; empty: all of them"
    )
    reason = serializers.CharField(required=False, max_length=500)
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    cron = serializers.CharField(required=False, max_length=100, help_text="0 22 * * 1")
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(DAYS), required=False, help_text="instead of cron"
    )
    time = serializers.CharField(
        required=False, max_length=5, help_text="with weekdays: 22:00"
    )
    zone = serializers.CharField(required=False, max_length=64)
    minutes = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_MINUTES
    )


class MaintenanceBody(HeldBody, MaintenanceChangeBody):
    """A window to be made: start and end, or weekdays and time, or cron."""

    slug = serializers.SlugField(
        default="", allow_blank=True, max_length=60, help_text="empty: one is made"
    )
    cron = serializers.CharField(default="", allow_blank=True, max_length=100)


class MaintenanceViewSet(OwnedViewSet):
    """Maintenance windows of your organisations: their alerts open no incident."""

    queryset = Maintenance.objects.none()
    serializer_class = MaintenanceSerializer
    write_scope = Scope.CONFIGURE
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the windows, the newest first."""
        return self.list_rows(_shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one window."""
        return Response(_shown([self.find()])[0])

    @extend_schema(request=MaintenanceBody, responses={201: MaintenanceSerializer})
    def create(self, request: Request) -> Response:
        """Make a window: once, at a time on weekdays, or by a cron expression."""
        body = self.read_body(MaintenanceBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        window = create_maintenance(
            organisation,
            MaintenanceDraft(**_values(body, organisation)),
            author=self.person,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        window.refresh_from_db()
        return Response(_shown([window])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=MaintenanceChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a window; one that was taken out of use is used again."""
        window = self.find()
        organisation = self.owner_of(window, Action.CONFIGURE)
        body = self.read_body(MaintenanceChangeBody)
        changed = change_maintenance(
            window,
            _changed(draft_of(window), _values(body, organisation)),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(_shown([changed])[0])

    @extend_schema(request=None, responses=MaintenanceSerializer)
    def destroy(self, request: Request, uid: str) -> Response:
        """Take a window out of use; what still fires opens its incident."""
        window = self.find()
        actor = actor_for(self.person, self.owner_of(window, Action.CONFIGURE))
        window = end_maintenance(window, actor=actor, now=read_now())
        return Response(_shown([window])[0])

    def visible(self) -> QuerySet[Maintenance]:
        """Return the windows of the person's organisations."""
        rows = Maintenance.objects.visible_to(self.person)
        return rows.select_related("organisation", "source", "author")


def _values(body: dict[str, Any], organisation: Organisation) -> dict[str, Any]:
    """Return the fields of a draft that the body tells. Raises BadInput."""
    values = dict(body)
    if "source" in values:
        values["source"] = source_named(organisation, values["source"])
    days, time = values.pop("weekdays", []), values.pop("time", "")
    if days or time:
        values["cron"] = _weekly(days, time, cron=values.get("cron", ""))
    return values


def _weekly(days: Sequence[str], time: str, *, cron: str) -> str:
    if cron:
        raise BadInput("cron", cron, "Leave out cron, or weekdays and time.")
    try:
        return weekly_cron(list(days), time)
    except RecurrenceError as error:
        raise BadInput(error.field, error.value, error.remedy) from None


def _changed(draft: MaintenanceDraft, values: dict[str, Any]) -> MaintenanceDraft:
    """Return the draft with other values; times of one kind end those of the other."""
    if values.get("cron"):
        draft = replace(draft, starts_at=None, ends_at=None)
    elif values.keys() & {"starts_at", "ends_at"}:
        draft = replace(draft, cron="", minutes=0)
    return replace(draft, **values)


def _shown(rows: Sequence[Maintenance]) -> list[Any]:
    context = {"counts": counts_held(rows), "now": read_now()}
    return list(MaintenanceSerializer(rows, many=True, context=context).data)
