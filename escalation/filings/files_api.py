"""The files of a filing over REST."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.filings.downloads import (
    FORMS,
    file_response,
    make_file,
    targets_of,
)
from escalation.filings.viewset import PART, FilingApiViewSet
from incidents.rest import StrictSerializer
from incidents.timers.clock import read_now


class FilingFileSerializer(serializers.Serializer[Any]):
    """One file that there is."""

    recipient = serializers.CharField(help_text="the recipient's key")
    form = serializers.ChoiceField(choices=list(FORMS))
    media_type = serializers.CharField()
    url = serializers.CharField()


class FileQuery(StrictSerializer):
    """Which version; without one the newest, to an agency the one that it was sent."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=9999)
    part = serializers.CharField(
        required=False, max_length=60, help_text="as elsewhere; `key` says which file"
    )


class FilingFileViewSet(FilingApiViewSet):
    """List and download the files of a filing."""

    @extend_schema(parameters=[PART], responses=FilingFileSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def files(self, request: Request, ref: str) -> Response:
        """List the files that your side may have."""
        seen = self.find()
        rows = [
            {
                "recipient": recipient.key,
                "form": name,
                "media_type": form.media_type,
                "url": request.build_absolute_uri(
                    f"{request.path}{recipient.key}/{name}/"
                ),
            }
            for recipient in seen.recipients
            for name, form in FORMS.items()
        ]
        return Response(FilingFileSerializer(rows, many=True).data)

    @extend_schema(
        parameters=[
            FileQuery,
            OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH),
            OpenApiParameter(
                "form", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(FORMS)
            ),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    @action(detail=True, url_path="files/(?P<key>[a-z0-9-]+)/(?P<form>[a-z]+)")
    def download(self, request: Request, ref: str, key: str, form: str) -> HttpResponse:
        """Make one file; the same version gives the same bytes to both sides."""
        seen = self.find()
        number = self.read_query(FileQuery).get("version")
        file = make_file(seen, key, form, number=number, now=read_now())
        self.note([seen.filing], targets_of(seen, key, form))
        return file_response(file)
