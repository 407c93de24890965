"""Statutory clocks over REST: beside the others of an incident, and over all incidents."""

from typing import Any, Final

from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.clocks.rendering import ClockSerializer, render_clocks
from escalation.clocks.showing import shown_clocks
from escalation.duties.clock_rendering import DutyClockSerializer, render_duties
from escalation.duties.lists import LIMIT, STATES, DutyFilters, duties_for
from escalation.duties.models import StatutoryClock
from escalation.duties.renewing import duty_clock_to_change, take_newer_text
from escalation.duties.showing import shown, shown_duties
from incidents.incident.access import actor_for, note_reading
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet
from incidents.organisations.authentication import reader_name
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now

_CLOCK: Final = r"statutory-clocks/(?P<clock>[0-9]{1,18})"
_ANY_CLOCK: Any = PolymorphicProxySerializer(
    component_name="AnyClock",
    serializers={"sla": ClockSerializer, "statutory": DutyClockSerializer},
    resource_type_field_name="kind",
    many=True,
)


class IncidentClocksViewSet(IncidentApiViewSet):
    """By when things are due on an incident, for your own organisations."""

    @extend_schema(responses=_ANY_CLOCK)
    @action(detail=True, pagination_class=None)
    def clocks(self, request: Request, ref: str) -> Response:
        """List the clocks of your own organisations: SLA, then statutory.

        What is due first stands on top of each; `kind` says which is which.
        """
        incident, sides = self.find_for_reading()
        own, now = [side.pk for side in sides], read_now()
        sla = render_clocks(shown_clocks(incident.pk, own, now))
        return Response([*sla, *render_duties(shown_duties(incident.pk, own, now))])

    @extend_schema(
        request=None, parameters=[IDEMPOTENCY_KEY], responses=DutyClockSerializer
    )
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/take-text")
    def take_text(self, request: Request, ref: str, clock: str) -> Response:
        """Count a decided clock by the present text of its law from now on.

        409 where it is over or goes by that text already.
        """
        promise = self.promise()
        found = duty_clock_to_change(self.find(), int(clock), self.person)
        actor = actor_for(self.person, found.organisation)
        pk, headers = self.once(
            promise,
            found.incident,
            lambda now: take_newer_text(found, actor=actor, now=now).pk,
        )
        rows = StatutoryClock.objects.filter(pk=pk)
        changed = shown(rows.select_related("organisation", "incident"), read_now())
        return Response(render_duties(changed)[0], headers=headers)


class StatutoryClockViewSet(ApiViewSet):
    """Reports that laws want from your organisations, over all incidents."""

    queryset = StatutoryClock.objects.none()
    serializer_class = DutyClockSerializer
    pagination_class = None

    @extend_schema(
        parameters=[
            OpenApiParameter("state", enum=list(STATES)),
            OpenApiParameter("regime", description="id of a law"),
            OpenApiParameter("due_before", description="RFC 3339"),
        ]
    )
    def list(self, request: Request) -> Response:
        """List what is due, the soonest first, 200 at most."""
        now = read_now()
        filters = DutyFilters.read(request.query_params.dict())
        found = shown(duties_for(self.person, filters, now=now)[:LIMIT], now)
        note_reading(
            reader=reader_name(request),
            user=self.person,
            incidents=[one.clock.incident for one in found],
            targets=[f"list:{one.clock.incident.ref}" for one in found],
            now=now,
        )
        return Response(render_duties(found))
