"""Notices of delay and extensions over all incidents, over REST."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.duties.delays.models import DelayNotice, Extension, ExtensionState
from escalation.duties.delays.rendering import (
    DelayNoticeSerializer,
    ExtensionSerializer,
    render_extension,
    render_notice,
)
from incidents.incident.access import note_reading
from incidents.models import Incident, Organisation
from incidents.organisations.authentication import reader_name
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now

LIMIT = 200
_PEOPLE = ("clock__incident", "organisation", "agency", "author")


class ExtensionQuery(StrictSerializer):
    """Narrow the list."""

    state = serializers.ChoiceField(choices=ExtensionState.choices, required=False)


class _DelayList(ApiViewSet):
    pagination_class = None

    def mine(self) -> Q:
        """Keep what the person's sides told or were told, of incidents they still see."""
        own = Organisation.objects.of(self.person)
        visible = Incident.objects.visible_to(self.person).values("pk")
        side = Q(organisation__in=own) | Q(agency__in=own)
        return side & Q(clock__incident__in=visible)

    def own(self) -> list[int]:
        """Return the ids of the person's organisations."""
        return list(Organisation.objects.of(self.person).values_list("pk", flat=True))

    def note(self, rows: Iterable[DelayNotice | Extension]) -> None:
        """Record what is about to be read. Raises Unavailable."""
        incidents = {row.clock.incident_id: row.clock.incident for row in rows}
        note_reading(
            reader=reader_name(self.request),
            user=self.person,
            incidents=incidents.values(),
            targets=[f"list:{one.ref}" for one in incidents.values()],
            now=read_now(),
        )


class DelayNoticeListViewSet(_DelayList):
    """Notices of delay that your sides told, or were told."""

    queryset: QuerySet[Any] = DelayNotice.objects.none()
    serializer_class = DelayNoticeSerializer

    def list(self, request: Request) -> Response:
        """List the notices of delay of your sides, the newest first, 200 at most."""
        rows = DelayNotice.objects.filter(self.mine()).select_related(*_PEOPLE)
        found, own = list(rows.order_by("-pk")[:LIMIT]), self.own()
        self.note(found)
        return Response([render_notice(row, own) for row in found])


class ExtensionListViewSet(_DelayList):
    """Extensions that your sides entered, or were asked for."""

    queryset: QuerySet[Any] = Extension.objects.none()
    serializer_class = ExtensionSerializer

    @extend_schema(parameters=[ExtensionQuery])
    def list(self, request: Request) -> Response:
        """List the extensions of your sides, the newest first, 200 at most."""
        wanted = self.read_query(ExtensionQuery)
        rows = Extension.objects.filter(self.mine(), **wanted).select_related(
            *_PEOPLE, "confirmed_by"
        )
        found, own = list(rows.order_by("-pk")[:LIMIT]), self.own()
        self.note(found)
        return Response([render_extension(row, own) for row in found])
