"""The clocks of an incident over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.clocks.lookup import clock_to_change
from escalation.clocks.models import Clock
from escalation.clocks.pausing import pause_clock, resume_clock
from escalation.clocks.rendering import ClockSerializer, render_clocks
from escalation.clocks.showing import shown_clocks
from incidents.incident.access import actor_for
from incidents.incident.viewset import IncidentApiViewSet
from incidents.rest import StrictSerializer
from incidents.timers.clock import read_now

_CLOCK = r"clocks/(?P<clock>[0-9]{1,18})"


class ClockReasonBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=500)


class ClockViewSet(IncidentApiViewSet):
    """Clocks of an incident that people stop and let go on."""

    @extend_schema(request=ClockReasonBody, responses=ClockSerializer)
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/pause")
    def pause(self, request: Request, ref: str, clock: str) -> Response:
        """Stop a clock for a reason; its time does not count until it is resumed."""
        return self._change(pause_clock, clock)

    @extend_schema(request=ClockReasonBody, responses=ClockSerializer)
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/resume")
    def resume(self, request: Request, ref: str, clock: str) -> Response:
        """Let a clock that a person paused go on."""
        return self._change(resume_clock, clock)

    def _change(self, change: Any, pk: str) -> Response:
        found = clock_to_change(self.find(), int(pk), self.person)
        body = self.read_body(ClockReasonBody)
        actor = actor_for(self.person, found.organisation)
        changed: Clock = change(
            found, reason=body["reason"], actor=actor, now=read_now()
        )
        shown = shown_clocks(changed.incident_id, [changed.organisation_id], read_now())
        return Response(
            render_clocks([s for s in shown if s.clock.pk == changed.pk])[0]
        )
