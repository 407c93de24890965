"""Authorities that stamp the time, over REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.stamps.editing import (
    MAX_PEM,
    AuthorityDraft,
    add_authority,
    change_authority,
)
from incidents.organisations.tokens import Scope
from incidents.rest import OwnedViewSet, StrictSerializer
from incidents.stamping.models import TimeStampAuthority
from incidents.timers.clock import read_now
from incidents.witnessing.editing import may_configure, platform_actor


class TimeStampAuthoritySerializer(serializers.Serializer[Any]):
    """An authority, and how it stands."""

    id = serializers.UUIDField(source="uid")
    slug = serializers.CharField()
    certificates = serializers.CharField(help_text="by which we verify it, in PEM")
    policy = serializers.CharField(help_text="empty: its usual one")
    every_minutes = serializers.IntegerField()
    is_active = serializers.BooleanField()
    added_at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="the newest head that it stamped")
    stamped_at = serializers.DateTimeField(allow_null=True, help_text="by our clock")
    said_at = serializers.DateTimeField(allow_null=True, help_text="by its own clock")
    failures = serializers.IntegerField(help_text="how often in a row it did not")


class TimeStampAuthorityOfPlatformSerializer(TimeStampAuthoritySerializer):
    """The same, with where and as whom it is asked."""

    address = serializers.CharField()
    username = serializers.CharField()
    failed_why = serializers.CharField()


class TimeStampAuthorityChangeBody(StrictSerializer):
    """What is to be changed. An empty password leaves the one that is kept."""

    address = serializers.CharField(required=False, max_length=500)
    certificates = serializers.CharField(
        required=False, max_length=MAX_PEM, trim_whitespace=False
    )
    policy = serializers.CharField(required=False, allow_blank=True, max_length=200)
    username = serializers.CharField(required=False, allow_blank=True, max_length=200)
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=200, trim_whitespace=False
    )
    every_minutes = serializers.IntegerField(required=False)
    is_active = serializers.BooleanField(required=False)
    check = serializers.BooleanField(
        default=True, help_text="false: save without asking it for a stamp now"
    )


class TimeStampAuthorityBody(TimeStampAuthorityChangeBody):
    """An authority to be added."""

    slug = serializers.SlugField(max_length=60)
    address = serializers.CharField(max_length=500)
    certificates = serializers.CharField(max_length=MAX_PEM, trim_whitespace=False)


class TimeStampAuthorityViewSet(OwnedViewSet):
    """Who stamps the heads of our log with the time."""

    queryset = TimeStampAuthority.objects.none()
    serializer_class = TimeStampAuthoritySerializer
    write_scope = Scope.CONFIGURE

    def list(self, request: Request) -> Response:
        """List the authorities that stamp the time, ended ones too."""
        return self.respond_page(self.visible(), self._shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one authority that stamps the time."""
        return Response(self._shown([self.find()])[0])

    @extend_schema(
        request=TimeStampAuthorityBody,
        responses={201: TimeStampAuthorityOfPlatformSerializer},
    )
    def create(self, request: Request) -> Response:
        """Have an authority stamp the time, for administrators of the platform."""
        actor = platform_actor(self.person)
        body = self.read_body(TimeStampAuthorityBody)
        is_tried = body.pop("check")
        row = add_authority(
            AuthorityDraft(**body), actor=actor, now=read_now(), is_tried=is_tried
        )
        return Response(self._shown([row])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=TimeStampAuthorityChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Ask it elsewhere or otherwise, end it or begin with it again."""
        row, actor = self.find(), platform_actor(self.person)
        changes = self.read_body(TimeStampAuthorityChangeBody)
        is_tried = changes.pop("check")
        changed = change_authority(
            row, changes, actor=actor, now=read_now(), is_tried=is_tried
        )
        return Response(self._shown([changed])[0])

    def visible(self) -> QuerySet[TimeStampAuthority]:
        """Return all of them: by whose clock the record is bounded is no secret."""
        return TimeStampAuthority.objects.all()

    def _shown(self, rows: Any) -> Any:
        of_platform = may_configure(self.person)
        kind = (
            TimeStampAuthorityOfPlatformSerializer
            if of_platform
            else TimeStampAuthoritySerializer
        )
        return kind(rows, many=True).data
