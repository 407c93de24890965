"""Files of an incident over REST: streamed in, never served as anything but a download."""

import sys
import uuid
from typing import Any, ClassVar

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import acting_organisation, actor_for
from incidents.incident.attachments import (
    store_upload,
    visible_attachments,
)
from incidents.incident.downloads import download_response
from incidents.incident.viewset import IncidentApiViewSet
from incidents.organisations.roles import Action
from incidents.rest import StrictSerializer
from incidents.timers.clock import read_now


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file, as measured while it was stored."""

    id = serializers.UUIDField(source="uid")
    filename = serializers.CharField()
    media_type = serializers.CharField(help_text="sniffed from the bytes")
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    organisation = serializers.CharField(source="organisation.slug")
    is_shared = serializers.BooleanField()
    uploaded_at = serializers.DateTimeField()


class AttachmentBody(StrictSerializer):
    """A multipart form with one file."""

    file = serializers.FileField(max_length=255)
    is_shared = serializers.BooleanField(
        default=False, help_text="also for the other side of each share"
    )
    organisation = serializers.SlugField(default="", allow_blank=True)


class AttachmentViewSet(IncidentApiViewSet):
    """List, add and download the files of an incident."""

    # `config/body_limit.py` says how large a form with a file may be.
    max_body_bytes: ClassVar[int] = sys.maxsize

    @extend_schema(responses=AttachmentSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def attachments(self, request: Request, ref: str) -> Response:
        """List the files that your side may see."""
        incident, sides = self.find_for_reading()
        rows = visible_attachments(incident, [side.pk for side in sides])
        shown = AttachmentSerializer(rows.select_related("organisation"), many=True)
        return Response(shown.data)

    @extend_schema(
        request={"multipart/form-data": AttachmentBody},
        responses={201: AttachmentSerializer},
    )
    @attachments.mapping.post
    def attach(self, request: Request, ref: str) -> Response:
        """Add a file; it is streamed to disk and measured."""
        incident, body = self.find(), self.read_body(AttachmentBody)
        organisation = acting_organisation(
            self.person, incident, Action.COMMENT, slug=body["organisation"]
        )
        attachment = store_upload(
            incident,
            body["file"],
            filename=body["file"].name,
            organisation=organisation,
            user=self.person,
            is_shared=body["is_shared"],
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        shown = AttachmentSerializer(attachment).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="attachments/(?P<uid>[0-9a-f-]{36})")
    def download(self, request: Request, ref: str, uid: str) -> FileResponse:
        """Download a file; it is never shown inline."""
        incident, sides = self.find_for_reading()
        rows = visible_attachments(incident, [side.pk for side in sides])
        attachment = rows.filter(uid=_uuid(uid)).first()
        if attachment is None:
            raise Http404
        self.note([incident], [f"attachment:{attachment.uid}"])
        return download_response(attachment, by=f"user:{self.person.pk}")

    def get_parsers(self) -> list[Any]:
        """Return the form parser for uploads, JSON for the rest."""
        request = getattr(self, "request", None)
        if request is None or request.method == "POST":
            return [MultiPartParser()]
        return super().get_parsers()


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None
