"""Who has seen an incident, legal holds and erasure, over REST."""

from collections.abc import Callable
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.custody.holds import place_hold, release_hold
from incidents.custody.lists import (
    decider,
    erasures_for,
    find_erasure,
    find_hold,
    holds_for,
    note_listed,
    subject_of,
)
from incidents.custody.models import Erasure, Hold
from incidents.custody.places import erasable
from incidents.custody.readers import (
    may_see_names,
    other_readers,
    readings_of,
    shown_readings,
)
from incidents.custody.requests import (
    approve_erasure,
    ask_erasure,
    carry_out,
    decline_erasure,
)
from incidents.custody.serializers import (
    BecauseBody,
    ErasableSerializer,
    ErasureBody,
    ErasureSerializer,
    HoldBody,
    HoldSerializer,
    OtherReaderSerializer,
    ReadingSerializer,
    render_erasure,
    render_hold,
)
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.incident.models import Incident
from incidents.incident.viewset import IncidentApiViewSet
from incidents.organisations.authentication import reader_name
from incidents.rest import UID, ApiViewSet, OrganisationQuery
from incidents.timers.clock import read_now


class ReadersViewSet(IncidentApiViewSet):
    """Who has opened the incident, and what of it may be erased."""

    ordering = ("-id",)

    @extend_schema(responses=ReadingSerializer(many=True))
    @action(detail=True)
    def readers(self, request: Request, ref: str) -> Response:
        """List when your side opened it, newest first."""
        incident, sides = self.find_for_reading()
        names = may_see_names(self.person, sides)
        return self.respond_page(
            readings_of(incident, [side.pk for side in sides]),
            lambda rows: [
                ReadingSerializer(reading).data
                for reading in shown_readings(rows, names=names)
            ],
        )

    @extend_schema(responses=OtherReaderSerializer(many=True))
    @action(detail=True, url_path="other-readers", pagination_class=None)
    def other_readers(self, request: Request, ref: str) -> Response:
        """List which roles of the other side have opened it."""
        incident, sides = self.find_for_reading()
        found = other_readers(incident, [side.pk for side in sides])
        return Response(OtherReaderSerializer(found, many=True).data)

    @extend_schema(responses=ErasableSerializer(many=True))
    @action(detail=True)
    def erasable(self, request: Request, ref: str) -> Response:
        """List the values of the incident's entries that your side may have erased."""
        incident, sides = self.find_for_reading()
        rows = erasable(incident, sides[0]).select_related("entry")
        return self.respond_page(
            rows,
            lambda page: [
                ErasableSerializer(
                    {
                        "stream": row.entry.stream_id,
                        "seq": row.entry.seq,
                        "field": row.name,
                        "kind": row.entry.kind,
                        "at": row.entry.at,
                    }
                ).data
                for row in page
            ],
        )


class HoldViewSet(ApiViewSet):
    """Legal holds of your organisations, if you may approve for them."""

    queryset = Hold.objects.none()
    serializer_class = HoldSerializer
    lookup_field = "uid"
    lookup_value_regex = UID
    ordering = ("-placed_at", "-id")

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the holds."""
        rows = holds_for(self.person).filter(**self.read_query(OrganisationQuery))
        return self.respond_page(rows, partial(_listed, self, render_hold))

    @extend_schema(request=HoldBody, responses={201: HoldSerializer})
    def create(self, request: Request) -> Response:
        """Place a hold on an incident, or on a person."""
        body = self.read_body(HoldBody)
        side, on = _subject(self, body)
        hold = place_hold(
            side,
            on=on,
            matter=body["matter"],
            reason=body["reason"],
            user=self.person,
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        return Response(render_hold(hold), status=status.HTTP_201_CREATED)

    @extend_schema(request=BecauseBody, responses=HoldSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, uid: str) -> Response:
        """Release a hold."""
        hold = find_hold(self.person, uid)
        release_hold(
            hold,
            reason=self.read_body(BecauseBody)["reason"],
            user=self.person,
            actor=decider(self.person, hold),
            now=read_now(),
        )
        return Response(render_hold(find_hold(self.person, uid)))


class ErasureViewSet(ApiViewSet):
    """Requests to erase of your organisations, if you may approve for them."""

    queryset = Erasure.objects.none()
    serializer_class = ErasureSerializer
    lookup_field = "uid"
    lookup_value_regex = UID
    ordering = ("-asked_at", "-id")

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the requests."""
        rows = erasures_for(self.person).filter(**self.read_query(OrganisationQuery))
        return self.respond_page(rows, partial(_listed, self, render_erasure))

    @extend_schema(request=ErasureBody, responses={201: ErasureSerializer})
    def create(self, request: Request) -> Response:
        """Ask for values of an incident, or everything of a person, to be erased."""
        body = self.read_body(ErasureBody)
        side, of = _subject(self, body)
        if body["values"] and not isinstance(of, Incident):
            raise BadInput("values", "", "Leave it out: everything of a person goes.")
        erasure = ask_erasure(
            side,
            of=of,
            fields=[
                {**value, "stream": str(value["stream"])} for value in body["values"]
            ],
            basis=body["basis"],
            reason=body["reason"],
            user=self.person,
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        return Response(render_erasure(erasure), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ErasureSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, uid: str) -> Response:
        """Say yes; the second person's yes carries it out."""
        erasure = find_erasure(self.person, uid)
        actor, now = decider(self.person, erasure), read_now()
        approve_erasure(erasure, user=self.person, actor=actor, now=now)
        return self._shown(uid)

    @extend_schema(request=BecauseBody, responses=ErasureSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, uid: str) -> Response:
        """Say no, which ends the request."""
        erasure = find_erasure(self.person, uid)
        reason = self.read_body(BecauseBody)["reason"]
        actor, now = decider(self.person, erasure), read_now()
        decline_erasure(erasure, reason=reason, actor=actor, now=now)
        return self._shown(uid)

    @extend_schema(request=None, responses=ErasureSerializer)
    @action(detail=True, methods=["post"], url_path="carry-out")
    def carry_out(self, request: Request, uid: str) -> Response:
        """Carry out what was approved, if a crash came in between."""
        erasure = find_erasure(self.person, uid)
        carry_out(erasure, actor=decider(self.person, erasure), now=read_now())
        return self._shown(uid)

    def _shown(self, uid: str) -> Response:
        return Response(render_erasure(find_erasure(self.person, uid)))


def _listed(
    view: ApiViewSet, render: Callable[[Any], Any], rows: list[Any]
) -> list[Any]:
    """Return the rows, once it is recorded that they are read."""
    reader = reader_name(view.request)
    note_listed(rows, user=view.person, reader=reader, now=read_now())
    return [render(row) for row in rows]


def _subject(view: ApiViewSet, body: dict[str, Any]) -> Any:
    named = {name: body[name] for name in ("incident", "person", "organisation")}
    return subject_of(view.person, **named)
