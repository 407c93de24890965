"""E-mail over REST, for those who decide on it; and its addresses, for administrators."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import actor_for, named_incident
from incidents.mail.addresses import address_of
from incidents.mail.mailboxes import MailboxDraft, rotate_address, save_mailbox
from incidents.mail.models import Mail, Mailbox
from incidents.mail.review import (
    ReportDraft,
    accept_as_report,
    attach_as_comment,
    discard,
    find_mail,
    letter_of,
    note_mail_read,
)
from incidents.mail.serializers import (
    MailAttachBody,
    MailboxBody,
    MailboxRotateBody,
    MailboxSerializer,
    MailDetailSerializer,
    MailDiscardBody,
    MailQuery,
    MailReportBody,
    MailSerializer,
)
from incidents.mail.source_addresses import mailed_sources, source_address
from incidents.mail.views import file_response
from incidents.organisations.authentication import reader_name
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery
from incidents.timers.clock import read_now

_UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class MailViewSet(ApiViewSet):
    """The mail of your organisations, if you decide on it; else it is not there."""

    queryset = Mail.objects.none()
    serializer_class = MailSerializer
    lookup_field = "uid"
    lookup_url_kwarg = "mail"
    lookup_value_regex = _UID
    ordering = ("-received_at", "-id")

    @extend_schema(parameters=[MailQuery])
    def list(self, request: Request) -> Response:
        """List the mail."""
        wanted = self.read_query(MailQuery)
        visible = Mail.objects.visible_to(self.person).filter(**wanted).defer("raw")
        rows = visible.select_related(
            "organisation", "incident", "member", "decided_by"
        )
        return self.respond_page(rows, partial(_listed, request, self.person))

    @extend_schema(responses=MailDetailSerializer)
    def retrieve(self, request: Request, mail: str) -> Response:
        """Open a mail; its HTML is given as text."""
        found = self._find()
        note_mail_read(
            [found],
            user=self.person,
            reader=reader_name(request),
            target="mail",
            now=read_now(),
        )
        letter = letter_of(found)
        files = letter.files if letter else ()
        body = {
            **MailSerializer(found).data,
            "text": letter.text if letter else None,
            "files": [
                {
                    "number": number,
                    "filename": file.filename,
                    "size_bytes": len(file.content),
                }
                for number, file in enumerate(files, start=1)
            ],
        }
        return Response(body)

    @extend_schema(request=MailReportBody, responses={201: MailSerializer})
    @action(detail=True, methods=["post"])
    def report(self, request: Request, mail: str) -> Response:
        """Open an incident with the mail."""
        found = self._find()
        draft = ReportDraft(**self.read_body(MailReportBody))
        accept_as_report(found, draft, user=self.person, now=read_now())
        return self._shown(status=status.HTTP_201_CREATED)

    @extend_schema(request=MailAttachBody, responses=MailSerializer)
    @action(detail=True, methods=["post"])
    def attach(self, request: Request, mail: str) -> Response:
        """Add the mail to an incident, as a comment of yours."""
        found, ref = self._find(), self.read_body(MailAttachBody)["incident"]
        incident = named_incident(self.person, ref, field="incident")
        attach_as_comment(found, incident, user=self.person, now=read_now())
        return self._shown()

    @extend_schema(request=MailDiscardBody, responses=MailSerializer)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, mail: str) -> Response:
        """Put the mail away with a reason, which is recorded."""
        found, reason = self._find(), self.read_body(MailDiscardBody)["reason"]
        discard(found, reason=reason, user=self.person, now=read_now())
        return self._shown()

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="files/(?P<number>[0-9]{1,4})")
    def file(self, request: Request, mail: str, number: str) -> HttpResponse:
        """Download a file of the mail, counted from 1; 0 is the mail as it came."""
        reader = reader_name(request)
        return file_response(self.person, self._find(), int(number), reader=reader)

    def _find(self) -> Mail:
        return find_mail(self.person, UUID(self.kwargs["mail"]))

    def _shown(self, *, status: int = status.HTTP_200_OK) -> Response:
        return Response(MailSerializer(self._find()).data, status=status)


def _listed(request: Request, person: User, page: Sequence[Mail]) -> Sequence[Any]:
    reader = reader_name(request)
    note_mail_read(page, user=person, reader=reader, target="list", now=read_now())
    return list(MailSerializer(page, many=True).data)


class MailboxViewSet(ApiViewSet):
    """Where your organisations take mail."""

    queryset = Mailbox.objects.none()
    serializer_class = MailboxSerializer
    write_scope = Scope.CONFIGURE
    lookup_field = "organisation"
    lookup_value_regex = "[a-z0-9-]{1,60}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the mailboxes."""
        wanted = self.read_query(OrganisationQuery)
        own = Organisation.objects.of(self.person).values("pk")
        rows = Mailbox.objects.filter(organisation__in=own, **wanted)
        return self.respond_page(rows.select_related("organisation"), _boxes)

    @extend_schema(request=MailboxBody)
    def update(self, request: Request, organisation: str) -> Response:
        """Open or change the mailbox of an organisation; a new one gets an address."""
        side = self._side(organisation)
        box = save_mailbox(
            side,
            MailboxDraft(**self.read_body(MailboxBody)),
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        return Response(_boxes([box])[0])

    @extend_schema(request=MailboxRotateBody)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, organisation: str) -> Response:
        """Give the mailbox another address."""
        side = self._side(organisation)
        box = rotate_address(
            side,
            keep_old=self.read_body(MailboxRotateBody)["keep_old"],
            actor=actor_for(self.person, side),
            now=read_now(),
        )
        return Response(_boxes([box])[0])

    def _side(self, slug: str) -> Organisation:
        if not Organisation.objects.of(self.person).filter(slug=slug).exists():
            raise Http404
        return organisation_for(self.person, Action.CONFIGURE, slug=slug)


def _boxes(page: Sequence[Mailbox]) -> list[Any]:
    sources: dict[int, list[dict[str, str]]] = {}
    for source in mailed_sources([box.organisation for box in page]):
        shown = {"slug": source.slug, "address": source_address(source)}
        sources.setdefault(source.organisation_id, []).append(shown)
    for box in page:
        box.address = address_of(box)  # type: ignore[attr-defined]  # shown, not stored
        box.sources = sources.get(box.organisation_id, [])  # type: ignore[attr-defined]  # the same
    return list(MailboxSerializer(page, many=True).data)
