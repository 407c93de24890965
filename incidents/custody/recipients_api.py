"""Recipients of what was erased since, over REST."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.custody.lists import note_listed
from incidents.custody.models import RecipientNotice
from incidents.custody.recipients import HOW_LENGTH, mark_told, notices_for
from incidents.incident.access import actor_for
from incidents.organisations.authentication import reader_name
from incidents.rest import OrganisationQuery, OwnedViewSet, StrictSerializer
from incidents.timers.clock import read_now


class ErasureRecipientSerializer(serializers.Serializer[Any]):
    """Somebody who holds erased values in a bundle; `told_at` null: still to be told."""

    uid = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation.slug")
    incident = serializers.CharField(source="incident.ref")
    bundle = serializers.UUIDField()
    recipient = serializers.CharField()
    exported_at = serializers.DateTimeField()
    erasure = serializers.UUIDField(help_text="the request or the run that erased")
    basis = serializers.CharField()
    values = serializers.IntegerField(source="value_count")
    noted_at = serializers.DateTimeField()
    told_at = serializers.DateTimeField(allow_null=True)
    told_by = serializers.CharField(allow_null=True)
    told_how = serializers.CharField(allow_blank=True)


class ToldBody(StrictSerializer):
    """How they were told."""

    how = serializers.CharField(max_length=HOW_LENGTH)


class RecipientViewSet(OwnedViewSet):
    """Whom to tell that what they were handed is erased, if you may approve."""

    queryset = RecipientNotice.objects.none()
    serializer_class = ErasureRecipientSerializer
    ordering = ("-noted_at", "-id")

    def visible(self) -> QuerySet[RecipientNotice]:
        """Return those that the person's organisations handed out to."""
        return notices_for(self.person)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the recipients, told ones too."""
        return self.list_rows(self._listed)

    @extend_schema(request=ToldBody, responses=ErasureRecipientSerializer)
    @action(detail=True, methods=["post"])
    def told(self, request: Request, uid: str) -> Response:
        """Note that a recipient was told."""
        notice = self.find()
        mark_told(
            notice,
            how=self.read_body(ToldBody)["how"],
            user=self.person,
            actor=actor_for(self.person, notice.organisation),
            now=read_now(),
        )
        return Response(ErasureRecipientSerializer(self.find()).data)

    def _listed(self, rows: Sequence[RecipientNotice]) -> Sequence[Any]:
        """Return the rows, once it is recorded that they are read."""
        reader = reader_name(self.request)
        note_listed(rows, user=self.person, reader=reader, now=read_now())
        return [ErasureRecipientSerializer(row).data for row in rows]
