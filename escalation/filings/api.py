"""Filings over REST: the lab's side, and what both sides read."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.filings.access import find_filing, lab_actor
from escalation.filings.approval import approve, ask_review, refuse
from escalation.filings.drafting import (
    NewFiling,
    NewRecipient,
    revise,
    start_filing,
    withdraw,
    write_version,
)
from escalation.filings.listing import filings_for, rows_of
from escalation.filings.models import Filing, FilingState, RecipientState
from escalation.filings.serializers import (
    FilingRowSerializer,
    FilingSerializer,
    NewFilingBody,
    PunctualitySerializer,
    ReadVersionBody,
    RefusalBody,
    VersionBody,
    WithdrawBody,
    render_filing,
    render_row,
)
from escalation.filings.showing import shown_filing
from escalation.filings.statistics import punctuality_for
from escalation.filings.submitting import submit
from escalation.filings.viewset import PART, FilingApiViewSet
from incidents.errors import BadInput
from incidents.incident.access import actor_for, require_owner
from incidents.incident.idempotency import read_promise
from incidents.incident.viewset import IncidentApiViewSet
from incidents.models import Incident, Organisation
from incidents.organisations.authentication import reader_name
from incidents.organisations.directory import agency_named
from incidents.organisations.roles import Action
from incidents.rest import StrictSerializer
from incidents.timers.clock import read_now

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the same key and body again answer the same filing",
)


class FilingQuery(StrictSerializer):
    """Narrow the list."""

    state = serializers.ChoiceField(
        choices=list(dict.fromkeys([*FilingState.values, *RecipientState.values])),
        required=False,
        help_text="your lab's filing's, or your agency's part's",
    )
    regime = serializers.CharField(required=False, max_length=60)
    incident = serializers.CharField(required=False, max_length=20)
    organisation = serializers.SlugField(required=False, help_text="the lab's slug")


class FilingViewSet(FilingApiViewSet):
    """Read filings, and carry your lab's to their submission."""

    ordering = ("-id",)

    @extend_schema(parameters=[FilingQuery], responses=FilingRowSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List your lab's filings, and those that your agency got."""
        wanted = self.read_query(FilingQuery)
        return self.respond_page(filings_for(self.person, **wanted), self._render_page)

    @extend_schema(parameters=[PART])
    def retrieve(self, request: Request, ref: str) -> Response:
        """Open one filing."""
        return self.respond(self.find().filing)

    @extend_schema(responses=PunctualitySerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None)
    def punctuality(self, request: Request) -> Response:
        """Say what share of what your agency got came on time, by law and quarter."""
        rows = punctuality_for(self.person, now=read_now())
        return Response(PunctualitySerializer(rows, many=True).data)

    @extend_schema(request=VersionBody)
    def update(self, request: Request, ref: str) -> Response:
        """Write another version of a draft."""
        seen = self.find()
        actor = lab_actor(seen, Action.MANAGE)
        body = self.read_body(VersionBody)
        write_version(
            seen.filing,
            body["sections"],
            based_on=body["based_on"],
            user=self.person,
            actor=actor,
            now=read_now(),
        )
        return self.respond(seen.filing)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, ref: str) -> Response:
        """Give the newest version to a second person; 409 names what is missing."""
        seen = self.find()
        actor = lab_actor(seen, Action.MANAGE)
        return self.respond(ask_review(seen.filing, actor=actor, now=read_now()))

    @extend_schema(request=ReadVersionBody)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, ref: str) -> Response:
        """Approve the version that you have read; not one of your own."""
        seen = self.find()
        actor = lab_actor(seen, Action.APPROVE)
        body = self.read_body(ReadVersionBody)
        return self.respond(
            approve(seen.filing, **body, user=self.person, actor=actor, now=read_now())
        )

    @extend_schema(request=RefusalBody)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, ref: str) -> Response:
        """Send it back to its authors with what is to be changed."""
        seen = self.find()
        actor = lab_actor(seen, Action.APPROVE)
        body = self.read_body(RefusalBody)
        return self.respond(
            refuse(seen.filing, **body, user=self.person, actor=actor, now=read_now())
        )

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, ref: str) -> Response:
        """Make it a draft again: taken back, or returned by an agency."""
        seen = self.find()
        actor = lab_actor(seen, Action.MANAGE)
        return self.respond(revise(seen.filing, actor=actor, now=read_now()))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, ref: str) -> Response:
        """Submit the approved version; a second time changes nothing."""
        seen = self.find()
        actor = lab_actor(seen, Action.SHARE)
        return self.respond(
            submit(seen.filing, user=self.person, actor=actor, now=read_now())
        )

    @extend_schema(request=WithdrawBody)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, ref: str) -> Response:
        """End a filing that nobody has got."""
        seen = self.find()
        actor = lab_actor(seen, Action.MANAGE)
        body = self.read_body(WithdrawBody)
        return self.respond(withdraw(seen.filing, **body, actor=actor, now=read_now()))

    def _render_page(self, rows: Sequence[Filing]) -> Sequence[Any]:
        self.note(rows, [f"list:{row.ref}" for row in rows])
        return render_rows(self.request, rows)


class IncidentFilingViewSet(IncidentApiViewSet):
    """The filings of one incident."""

    @extend_schema(responses=FilingRowSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def filings(self, request: Request, ref: str) -> Response:
        """List what your side has filed or got, the newest first."""
        incident, _ = self.find_for_reading()
        rows = filings_for(self.person, incident=incident.ref).order_by("-pk")
        return Response(render_rows(self.request, list(rows)))

    @extend_schema(
        request=NewFilingBody,
        parameters=[_IDEMPOTENCY_KEY],
        responses={201: FilingSerializer},
    )
    @filings.mapping.post
    def begin(self, request: Request, ref: str) -> Response:
        """Begin a filing; its answers are proposed from what the incident knows."""
        promise = read_promise(
            caller=reader_name(request),
            endpoint=f"POST {request.path}",
            key=request.headers.get("Idempotency-Key"),
            body=request._request.body,  # noqa: SLF001  the exact bytes, before parsing
        )
        incident = self.find()
        owner = require_owner(self.person, incident, Action.MANAGE)
        body = self.read_body(NewFilingBody)
        new = NewFiling(
            recipients=[_recipient(one) for one in body["recipients"]],
            amends=_amended(self.person, incident, body["amends"]),
            promise=promise,
            rows=body.get("sections", ()),
        )
        actor = actor_for(self.person, owner)
        filing = start_filing(
            incident, new, user=self.person, actor=actor, now=read_now()
        )
        return Response(self._body(filing), status=status.HTTP_201_CREATED)

    def _body(self, filing: Filing) -> Any:
        shown = shown_filing(find_filing(self.person, filing.ref))
        absolute = self.request.build_absolute_uri
        body = render_filing(shown, absolute=absolute, now=read_now())
        return FilingSerializer(body).data


def render_rows(request: Request, rows: Sequence[Filing]) -> list[Any]:
    """Return the bodies of filings in a list, as the caller sees them."""
    person: Any = request.user
    bodies = [
        render_row(row, absolute=request.build_absolute_uri)
        for row in rows_of(person, rows)
    ]
    return list(FilingRowSerializer(bodies, many=True).data)


def _recipient(body: dict[str, Any]) -> NewRecipient:
    agency: Organisation | None = None
    if body["agency"]:
        agency = agency_named(body["agency"])
    return NewRecipient(body["regime"], body["stage"], agency, body["name"])


def _amended(person: Any, incident: Incident, ref: str) -> Filing | None:
    if not ref:
        return None
    found = Filing.objects.visible_to(person).filter(incident=incident, ref=ref.upper())
    filing = found.first()
    if filing is None:
        raise BadInput("amends", ref, "Name a filing of this incident.")
    return filing
