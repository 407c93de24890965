"""Incidents over REST: file, find, open, and what belongs to one."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.events.feed import timeline
from incidents.incident.access import (
    actor_for,
    find_incident,
)
from incidents.incident.deadlines import clocks_of, due_before, with_next_due
from incidents.incident.idempotency import open_once
from incidents.incident.models import Incident, IncidentQuerySet
from incidents.incident.opening import NewIncident, open_incident
from incidents.incident.receipts import receipt_of
from incidents.incident.rendering import (
    render_acknowledgement,
    shown_acknowledgements,
    shown_shares,
)
from incidents.incident.search import matching
from incidents.incident.serializers import (
    ORDERINGS,
    AcknowledgementSerializer,
    IncidentBody,
    IncidentQuery,
    IncidentSerializer,
    OpenedIncidentSerializer,
    ShareSerializer,
    TimelineItemSerializer,
)
from incidents.incident.viewset import IncidentApiViewSet
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.timers.clock import read_now

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the same key and body again answer the same incident, for 7 days",
)
_RELATED = ("organisation", "source", "reported_by")


class IncidentViewSet(IncidentApiViewSet):
    """File incidents, find and open them."""

    def page_order(self) -> Sequence[str]:
        """Return the order that was asked for."""
        return ORDERINGS[self.request.query_params.get("ordering", "-opened_at")]

    @extend_schema(parameters=[IncidentQuery])
    def list(self, request: Request) -> Response:
        """List the incidents that you may see."""
        wanted = self.read_query(IncidentQuery)
        visible = Incident.objects.visible_to(self.person).select_related(*_RELATED)
        visible = with_next_due(visible, self.person)
        return self.respond_page(_narrow(visible, wanted), self._render_page)

    @extend_schema(
        request=IncidentBody,
        parameters=[_IDEMPOTENCY_KEY],
        responses={201: OpenedIncidentSerializer},
    )
    def create(self, request: Request) -> Response:
        """File an incident; 201 means that it is stored and recorded."""
        promise = self.promise()
        body = self.read_body(IncidentBody)
        owner = organisation_for(
            self.person, Action.REPORT, slug=body.pop("organisation")
        )
        now = read_now()
        new = NewIncident(organisation_id=owner.pk, reported_by=self.person, **body)
        actor = actor_for(self.person, owner)
        incident, is_new = open_once(
            promise, lambda: open_incident(new, actor=actor, now=now), now=now
        )
        return self._respond_opened(incident, is_new=is_new)

    def retrieve(self, request: Request, ref: str) -> Response:
        """Open one incident."""
        incident, _ = self.find_for_reading()
        return Response(IncidentSerializer(self.render([incident])[0]).data)

    @extend_schema(responses=TimelineItemSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, ref: str) -> Response:
        """List every step that your side may see, oldest first."""
        incident, sides = self.find_for_reading()
        items = timeline(incident, [side.pk for side in sides])
        return Response(TimelineItemSerializer(items, many=True).data)

    @extend_schema(responses=ShareSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def shares(self, request: Request, ref: str) -> Response:
        """List with whom it is or was shared; an agency sees its own share."""
        incident, sides = self.find_for_reading()
        rows = incident.shares.select_related("agency").order_by("pk")
        mine = {side.pk for side in sides}
        shown = shown_shares(incident, rows, mine)
        if incident.organisation_id not in mine:
            for row in shown:
                row.reason = ""
        return Response(ShareSerializer(shown, many=True).data)

    @extend_schema(responses=AcknowledgementSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def acknowledgements(self, request: Request, ref: str) -> Response:
        """List who acknowledged it, also what has ended."""
        incident, sides = self.find_for_reading()
        mine = {side.pk for side in sides}
        rows = incident.acknowledgements.select_related("organisation", "user")
        shown = shown_acknowledgements(incident, rows.order_by("pk"), mine)
        body = [render_acknowledgement(row, mine) for row in shown]
        return Response(AcknowledgementSerializer(body, many=True).data)

    def _render_page(self, rows: Sequence[Incident]) -> Sequence[Any]:
        self.note(rows, [f"list:{row.ref}" for row in rows])
        return list(IncidentSerializer(self.render(rows), many=True).data)

    def _respond_opened(self, incident: Incident, *, is_new: bool) -> Response:
        # Of a repeat, only what the caller may see now.
        incident = find_incident(self.person, incident.ref)
        path = reverse("api:incident-detail", args=[incident.ref])
        body = self.render([incident])[0] | {
            "receipt": self.with_address(receipt_of(incident)),
            "clocks": clocks_of(incident.pk, self.person, read_now()),
            "clocks_url": self.request.build_absolute_uri(f"{path}clocks/"),
        }
        headers = {"Location": body["url"]}
        if not is_new:
            headers["Idempotent-Replayed"] = "true"
        shown = OpenedIncidentSerializer(body).data
        return Response(shown, status=status.HTTP_201_CREATED, headers=headers)


def _narrow(rows: IncidentQuerySet, wanted: dict[str, Any]) -> IncidentQuerySet:
    for name in ("status", "severity", "category", "tlp"):
        if wanted.get(name):
            rows = rows.filter(**{f"{name}__in": wanted[name]})
    if wanted.get("due_before"):
        rows = due_before(rows, wanted["due_before"])
    if wanted.get("organisation"):
        rows = rows.filter(organisation__slug=wanted["organisation"])
    return matching(rows, wanted.get("q", ""))
