"""Calendars in and out over REST: imported layers, and secret addresses to read."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.oncall.access import (
    find_in_organisation,
    require,
    visible_calendars,
    visible_feeds,
)
from escalation.oncall.feed_views import feed_url
from escalation.oncall.feeds import MAX_DAYS, make_feed, revoke_feed
from escalation.oncall.importing import add_calendar, remove_calendar
from escalation.oncall.models import FeedToken, ImportedCalendar
from incidents.incident.access import actor_for
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class ImportedCalendarSerializer(serializers.Serializer[Any]):
    """A layer from elsewhere; of its address only the host is shown."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    schedule = serializers.CharField(source="schedule.slug")
    name = serializers.CharField()
    host = serializers.CharField()
    fetched_at = serializers.DateTimeField(allow_null=True)
    tried_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    unmatched = serializers.ListField(child=serializers.CharField())


class ImportedCalendarBody(StrictSerializer):
    """A calendar by its address, or by its text."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    schedule = serializers.SlugField()
    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=2000, default="", allow_blank=True)
    text = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)


class FeedSerializer(serializers.Serializer[Any]):
    """A secret address, without the secret."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    schedule = serializers.CharField(
        source="schedule.slug", default=None, allow_null=True
    )
    made_by = serializers.EmailField(source="made_by.email")
    prefix = serializers.CharField()
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewFeedSerializer(FeedSerializer):
    """A secret address, which is never shown again."""

    url = serializers.CharField()


class FeedBody(StrictSerializer):
    """An address of one schedule, or without it of your own shifts in all."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    schedule = serializers.SlugField(default=None, allow_null=True)
    days = serializers.IntegerField(default=90, min_value=1, max_value=MAX_DAYS)


class ImportedCalendarViewSet(ApiViewSet):
    """Calendars that are layers of the schedules of your organisations."""

    queryset = ImportedCalendar.objects.none()
    serializer_class = ImportedCalendarSerializer
    write_scope: ClassVar[str] = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List imported calendars, with what is wrong with them."""
        wanted = self.read_query(OrganisationQuery)
        rows = visible_calendars(self.person).filter(**wanted)
        return self.respond_page(rows, _render_calendars)

    @extend_schema(
        request=ImportedCalendarBody, responses={201: ImportedCalendarSerializer}
    )
    def create(self, request: Request) -> Response:
        """Add a calendar, or replace the one of this name; an address is read at once."""
        body = self.read_body(ImportedCalendarBody)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=body.pop("organisation")
        )
        schedule = find_in_organisation(organisation, body.pop("schedule"))
        actor = actor_for(self.person, organisation)
        calendar = add_calendar(schedule, **body, actor=actor, now=read_now())
        shown = _render_calendars([calendar])[0]
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove it and its shifts."""
        calendar = visible_calendars(self.person).filter(pk=pk).first()
        if calendar is None:
            raise Http404
        require(self.person, calendar.schedule, Action.CONFIGURE)
        actor = actor_for(self.person, calendar.schedule.organisation)
        remove_calendar(calendar, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class FeedViewSet(ApiViewSet):
    """Your secret addresses by which calendar programs read shifts."""

    queryset = FeedToken.objects.none()
    serializer_class = FeedSerializer
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("-id",)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List your addresses; administrators see all of theirs."""
        wanted = self.read_query(OrganisationQuery)
        rows = visible_feeds(self.person).filter(**wanted)
        return self.respond_page(
            rows, lambda page: list(FeedSerializer(page, many=True).data)
        )

    @extend_schema(request=FeedBody, responses={201: NewFeedSerializer})
    def create(self, request: Request) -> Response:
        """Make an address; it is in this answer only."""
        body = self.read_body(FeedBody)
        organisation = organisation_for(
            self.person, Action.READ, slug=body["organisation"]
        )
        slug = body["schedule"]
        owner = find_in_organisation(organisation, slug) if slug else organisation
        actor = actor_for(self.person, organisation)
        feed, secret = make_feed(
            owner, days=body["days"], user=self.person, actor=actor, now=read_now()
        )
        shown = {**FeedSerializer(feed).data, "url": feed_url(secret)}
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End an address at once."""
        feed = visible_feeds(self.person).filter(pk=pk).first()
        if feed is None:
            raise Http404
        actor = actor_for(self.person, feed.organisation)
        revoke_feed(feed, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _render_calendars(rows: Sequence[ImportedCalendar]) -> list[Any]:
    return list(ImportedCalendarSerializer(rows, many=True).data)
