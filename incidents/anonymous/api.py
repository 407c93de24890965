"""Anonymous reports over REST, for their handlers; and who they are, for administrators."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.anonymous.desks import DeskDraft, handlers_of, save_desk
from incidents.anonymous.handling import (
    IncidentDraft,
    answer,
    close,
    find_report,
    make_incident,
    mark_read,
    note_list_read,
    note_report_read,
)
from incidents.anonymous.models import AnonymousReport, ReportDesk, ReportMessage
from incidents.anonymous.readers import hide_from, readers_of, show_to
from incidents.anonymous.sealing import titles_of
from incidents.anonymous.serializers import (
    ReportDeskBody,
    ReportDeskSerializer,
    ReportDetailSerializer,
    ReportIncidentBody,
    ReportIncidentSerializer,
    ReportPersonBody,
    ReportReadersSerializer,
    ReportSerializer,
    ReportTextBody,
)
from incidents.anonymous.showing import messages_of
from incidents.anonymous.views import file_response
from incidents.incident.access import actor_for
from incidents.organisations.authentication import reader_name
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery
from incidents.timers.clock import read_now

_UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class ReportViewSet(ApiViewSet):
    """The anonymous reports that you handle; to others they are not there."""

    queryset = AnonymousReport.objects.none()
    serializer_class = ReportSerializer
    lookup_field = "ref"
    lookup_value_regex = "[A-Z0-9-]{1,14}"
    # A cursor is read by its holder: from ids anybody could count others' reports.
    ordering = ("-received_at", "-ref")

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the reports."""
        wanted = self.read_query(OrganisationQuery)
        visible = AnonymousReport.objects.visible_to(self.person).filter(**wanted)
        rows = visible.select_related("organisation", "incident")
        return self.respond_page(rows, partial(_listed, request, self.person))

    @extend_schema(responses=ReportDetailSerializer)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Open a report; what its reporter wrote counts as read."""
        report, now = self._find(), read_now()
        note_report_read(
            report,
            user=self.person,
            reader=reader_name(request),
            targets=[f"report:{report.ref}"],
            now=now,
        )
        [shown] = _shown([report])
        messages = messages_of(report)
        mark_read(report, now=now)
        body = {**shown, "state": report.state, "messages": messages}
        return Response(ReportDetailSerializer(body).data)

    @extend_schema(request=ReportTextBody, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, ref: str) -> Response:
        """Write to the reporter; the next word is due in a month."""
        return self._write(answer)

    @extend_schema(request=ReportTextBody, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, ref: str) -> Response:
        """Close the report with a last word."""
        return self._write(close)

    @extend_schema(
        request=ReportIncidentBody, responses={201: ReportIncidentSerializer}
    )
    @action(detail=True, methods=["post"], url_path="make-incident")
    def make_incident(self, request: Request, ref: str) -> Response:
        """Open an incident with what you write here."""
        report = self._find()
        incident = make_incident(
            report,
            IncidentDraft(**self.read_body(ReportIncidentBody)),
            user=self.person,
            actor=actor_for(self.person, report.organisation),
            now=read_now(),
        )
        body = {"incident": incident.ref}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(responses=ReportReadersSerializer)
    @action(detail=True, pagination_class=None)
    def readers(self, request: Request, ref: str) -> Response:
        """List who can read the report."""
        return _readers(self._find())

    @extend_schema(request=ReportPersonBody, responses=ReportReadersSerializer)
    @action(detail=True, methods=["post"])
    def share(self, request: Request, ref: str) -> Response:
        """Let one more colleague read and answer this report; handlers only."""
        return self._change_readers(show_to)

    @extend_schema(request=ReportPersonBody, responses=ReportReadersSerializer)
    @action(detail=True, methods=["post"])
    def unshare(self, request: Request, ref: str) -> Response:
        """End that a colleague reads this report; handlers only."""
        return self._change_readers(hide_from)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=f"files/(?P<file>{_UID})")
    def file(self, request: Request, ref: str, file: str) -> HttpResponse:
        """Download a file of the reporter."""
        reader = reader_name(request)
        return file_response(self.person, self._find(), UUID(file), reader=reader)

    def _find(self) -> AnonymousReport:
        return find_report(self.person, self.kwargs["ref"])

    def _change_readers(self, act: Any) -> Response:
        report = self._find()
        act(
            report,
            person=self.read_body(ReportPersonBody)["person"],
            user=self.person,
            actor=actor_for(self.person, report.organisation),
            now=read_now(),
        )
        return _readers(report)

    def _write(self, act: Any) -> Response:
        report = self._find()
        changed = act(
            report,
            text=self.read_body(ReportTextBody)["text"],
            user=self.person,
            actor=actor_for(self.person, report.organisation),
            now=read_now(),
        )
        return Response(ReportSerializer(_shown([changed])[0]).data)


def _readers(report: AnonymousReport) -> Response:
    shown = {
        "handlers": [row.user.email for row in handlers_of([report.organisation_id])],
        "readers": [row.user.email for row in readers_of([report.pk])],
    }
    return Response(ReportReadersSerializer(shown).data)


def _listed(
    request: Request, person: User, page: Sequence[AnonymousReport]
) -> Sequence[Any]:
    note_list_read(page, user=person, reader=reader_name(request), now=read_now())
    return list(ReportSerializer(_shown(page), many=True).data)


def _shown(reports: Sequence[AnonymousReport]) -> list[dict[str, Any]]:
    unread = ReportMessage.objects.filter(
        report__in=reports, by_reporter=True, read_at=None
    )
    counts = Counter(unread.values_list("report_id", flat=True))
    titles = titles_of(reports)
    return [
        {
            **{name: getattr(report, name) for name in _FIELDS},
            "url": settings.BASE_URL + report.get_absolute_url(),
            "title": titles[report.pk],
            "unread_count": counts[report.pk],
        }
        for report in reports
    ]


_FIELDS = (
    "ref",
    "organisation",
    "category",
    "state",
    "received_at",
    "status_due_at",
    "closed_at",
    "incident",
)


class ReportDeskViewSet(ApiViewSet):
    """Who reads the anonymous reports of your organisations."""

    queryset = ReportDesk.objects.none()
    serializer_class = ReportDeskSerializer
    write_scope = Scope.CONFIGURE
    lookup_field = "organisation"
    lookup_value_regex = "[a-z0-9-]{1,60}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the desks."""
        wanted = self.read_query(OrganisationQuery)
        own = Organisation.objects.of(self.person).values("pk")
        rows = ReportDesk.objects.filter(organisation__in=own, **wanted)
        return self.respond_page(rows.select_related("organisation"), _desks)

    @extend_schema(request=ReportDeskBody)
    def update(self, request: Request, organisation: str) -> Response:
        """Say who reads the reports of an organisation; the list is complete."""
        if not Organisation.objects.of(self.person).filter(slug=organisation).exists():
            raise Http404
        side = organisation_for(self.person, Action.CONFIGURE, slug=organisation)
        desk = save_desk(
            side,
            DeskDraft(**self.read_body(ReportDeskBody)),
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        return Response(_desks([desk])[0])


def _desks(page: QuerySet[ReportDesk] | list[ReportDesk]) -> list[Any]:
    handlers: dict[int, list[str]] = {}
    for row in handlers_of([desk.organisation_id for desk in page]):
        handlers.setdefault(row.organisation_id, []).append(row.user.email)
    shown = [
        {
            "organisation": desk.organisation.slug,
            "is_open": desk.is_open,
            "takes_all": desk.takes_all,
            "handlers": sorted(handlers.get(desk.organisation_id, [])),
        }
        for desk in page
    ]
    return list(ReportDeskSerializer(shown, many=True).data)
