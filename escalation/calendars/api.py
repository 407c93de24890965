"""Working calendars over REST."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.calendars.editing import (
    CalendarDraft,
    archive_calendar,
    save_calendar,
)
from escalation.calendars.loading import working_time_of
from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import describe_hours
from escalation.calendars.showing import days_off_after
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class DayOffSerializer(serializers.Serializer[Any]):
    """Days without work, the first and the last included."""

    first_on = serializers.DateField()
    last_on = serializers.DateField()
    name = serializers.CharField()


class CalendarSerializer(serializers.Serializer[Any]):
    """A calendar, and what it means now."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    slug = serializers.CharField()
    name = serializers.CharField()
    zone = serializers.CharField()
    hours = serializers.DictField()
    holidays_of = serializers.CharField()
    closures = serializers.ListField(child=serializers.DictField())
    sentences = serializers.SerializerMethodField()
    is_open = serializers.SerializerMethodField()
    next_opening_at = serializers.SerializerMethodField()
    days_off = serializers.SerializerMethodField()

    def get_sentences(self, calendar: WorkingCalendar) -> list[str]:
        """Return the hours in words."""
        return describe_hours(working_time_of(calendar).hours)

    def get_is_open(self, calendar: WorkingCalendar) -> bool:
        """Whether work is done now."""
        return working_time_of(calendar).is_open(self.context["now"])

    def get_next_opening_at(self, calendar: WorkingCalendar) -> str | None:
        """Return now when it is open, else when it opens."""
        opening = working_time_of(calendar).next_opening(self.context["now"])
        return (
            serializers.DateTimeField().to_representation(opening) if opening else None
        )

    def get_days_off(self, calendar: WorkingCalendar) -> list[Any]:
        """Return the next days off that fall on working days."""
        days = days_off_after(working_time_of(calendar), self.context["now"])
        return list(DayOffSerializer(days, many=True).data)


class CalendarChangeBody(StrictSerializer):
    """What a calendar says; sent as a whole."""

    name = serializers.CharField(max_length=200)
    zone = serializers.CharField(max_length=64, help_text="such as Europe/Berlin")
    hours = serializers.DictField(help_text='{"mon": [["09:00", "17:00"]], …}')
    holidays_of = serializers.CharField(
        max_length=12, default="", allow_blank=True, help_text="DE, US-CA or nothing"
    )
    closures = serializers.ListField(
        child=serializers.DictField(), default=list, help_text="{from, to, name}"
    )


class CalendarBody(CalendarChangeBody):
    """A calendar to be made."""

    slug = serializers.SlugField(max_length=60)
    organisation = serializers.SlugField(default="", allow_blank=True)


class CalendarViewSet(ApiViewSet):
    """The working calendars of your organisations."""

    queryset = WorkingCalendar.objects.none()
    serializer_class = CalendarSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the calendars in use."""
        wanted = self.read_query(OrganisationQuery)
        return self.respond_page(self._visible().filter(**wanted), _render)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one calendar, with the next days off."""
        return Response(_render([self._find(pk)])[0])

    @extend_schema(request=CalendarBody, responses={201: CalendarSerializer})
    def create(self, request: Request) -> Response:
        """Make a calendar."""
        body = self.read_body(CalendarBody)
        owner, slug = body.pop("organisation"), body.pop("slug")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=owner)
        taken = WorkingCalendar.objects.filter(
            organisation=organisation, slug=slug, archived_at=None
        )
        if taken.exists():
            raise BadInput("slug", slug, "It is taken; change it with PUT.")
        shown = self._save(organisation, body, slug=slug)
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=CalendarChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Change a calendar; clocks that run keep what it said."""
        calendar = self._find(pk)
        organisation = self._configurable(calendar)
        body = self.read_body(CalendarChangeBody)
        return Response(self._save(organisation, body, slug=calendar.slug))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it out of use; policies that name it go on with it."""
        calendar = self._find(pk)
        actor = actor_for(self.person, self._configurable(calendar))
        archive_calendar(calendar, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _visible(self) -> QuerySet[WorkingCalendar]:
        own = Organisation.objects.of(self.person).values("pk")
        rows = WorkingCalendar.objects.filter(organisation__in=own, archived_at=None)
        return rows.select_related("organisation")

    def _find(self, pk: str) -> WorkingCalendar:
        calendar = self._visible().filter(pk=pk).first()
        if calendar is None:
            raise Http404
        return calendar

    def _configurable(self, calendar: WorkingCalendar) -> Organisation:
        slug = calendar.organisation.slug
        return organisation_for(self.person, Action.CONFIGURE, slug=slug)

    def _save(
        self, organisation: Organisation, body: dict[str, Any], *, slug: str
    ) -> Any:
        calendar = save_calendar(
            organisation,
            CalendarDraft(**body),
            slug=slug,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return _render([calendar])[0]


def _render(calendars: list[WorkingCalendar]) -> list[Any]:
    context = {"now": read_now()}
    return list(CalendarSerializer(calendars, many=True, context=context).data)
