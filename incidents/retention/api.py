"""Retention schedules, their preview and their runs, over REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident.access import actor_for
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.rest import OrganisationQuery, OwnedViewSet, StrictSerializer
from incidents.retention.announcing import NOTICE, preview, sum_up
from incidents.retention.classes import ValueClass
from incidents.retention.lists import runs_for, schedules_for
from incidents.retention.models import RetentionRun, RetentionSchedule
from incidents.retention.schedules import (
    approve_schedule,
    ask_schedule,
    check_terms,
    decline_schedule,
    terms_of,
)
from incidents.timers.clock import read_now


class RetentionScheduleSerializer(serializers.Serializer[Any]):
    """How long one class of values is kept."""

    uid = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation.slug")
    of = serializers.ChoiceField(ValueClass.choices)
    keep_days = serializers.IntegerField(allow_null=True, help_text="null: for ever")
    asked_days = serializers.IntegerField(
        allow_null=True, help_text="waits for another person's approval"
    )
    asked_by = serializers.CharField(allow_null=True)
    asked_at = serializers.DateTimeField(allow_null=True)


class RetentionScheduleBody(StrictSerializer):
    """A schedule to be set; `keep_days` null keeps for ever."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    of = serializers.ChoiceField(ValueClass.choices)
    keep_days = serializers.IntegerField(allow_null=True)


class RetentionPreviewQuery(StrictSerializer):
    """Whose, and optionally one class with the days to try."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    of = serializers.ChoiceField(ValueClass.choices, required=False)
    keep_days = serializers.IntegerField(required=False)


class RetentionClassCountSerializer(serializers.Serializer[Any]):
    """What would go of one class."""

    of = serializers.CharField()
    values = serializers.IntegerField()
    incidents = serializers.IntegerField()


class RetentionPreviewSerializer(serializers.Serializer[Any]):
    """What a run announced now would erase, and when."""

    erases_at = serializers.DateTimeField()
    classes = RetentionClassCountSerializer(many=True)


class RetentionRunSerializer(serializers.Serializer[Any]):
    """A run: what was announced, and what went."""

    uid = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation.slug")
    announced_at = serializers.DateTimeField()
    erases_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    terms = serializers.DictField(child=serializers.IntegerField())
    incidents = serializers.IntegerField()
    values_announced = serializers.IntegerField()
    values_erased = serializers.IntegerField()


class RetentionViewSet(OwnedViewSet):
    """Retention schedules of your organisations, if you may approve for them.

    What has no schedule is kept for ever.
    """

    queryset = RetentionSchedule.objects.none()
    serializer_class = RetentionScheduleSerializer

    def visible(self) -> QuerySet[RetentionSchedule]:
        """Return the schedules of the person's organisations."""
        return schedules_for(self.person)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the schedules."""
        return self.list_rows(
            lambda rows: [RetentionScheduleSerializer(row).data for row in rows]
        )

    @extend_schema(
        request=RetentionScheduleBody, responses={201: RetentionScheduleSerializer}
    )
    def create(self, request: Request) -> Response:
        """Set a schedule; what makes values go earlier waits for another person."""
        body = self.read_body(RetentionScheduleBody)
        side = organisation_for(
            self.person, Action.APPROVE, slug=body.pop("organisation")
        )
        actor, now = actor_for(self.person, side), read_now()
        row = ask_schedule(side, **body, user=self.person, actor=actor, now=now)
        return Response(
            RetentionScheduleSerializer(row).data, status=status.HTTP_201_CREATED
        )

    @extend_schema(request=None, responses=RetentionScheduleSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, uid: str) -> Response:
        """Put into force what another person asked for."""
        row = self.find()
        actor = actor_for(self.person, row.organisation)
        row = approve_schedule(row, user=self.person, actor=actor, now=read_now())
        return Response(RetentionScheduleSerializer(row).data)

    @extend_schema(request=None, responses=RetentionScheduleSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, uid: str) -> Response:
        """Drop what was asked for."""
        row = self.find()
        actor = actor_for(self.person, row.organisation)
        row = decline_schedule(row, actor=actor, now=read_now())
        return Response(RetentionScheduleSerializer(row).data)

    @extend_schema(
        parameters=[RetentionPreviewQuery], responses=RetentionPreviewSerializer
    )
    @action(detail=False)
    def preview(self, request: Request) -> Response:
        """Count what would be erased, by your schedules or by the days that you give."""
        query = self.read_query(RetentionPreviewQuery)
        side = organisation_for(self.person, Action.APPROVE, slug=query["organisation"])
        terms = terms_of(side.pk)
        if "of" in query:
            days = query.get("keep_days")
            check_terms(query["of"], days)
            terms = {query["of"]: days} if days else {}
        erases_at = read_now() + NOTICE
        found = preview(side.pk, terms, as_of=erases_at) if terms else []
        classes = [
            {"of": of, "values": total.values, "incidents": total.incidents}
            for of in sorted(terms)
            for total in [sum_up(row for row in found if row.of == of)]
        ]
        shown = {"erases_at": erases_at, "classes": classes}
        return Response(RetentionPreviewSerializer(shown).data)


class RetentionRunViewSet(OwnedViewSet):
    """What schedules erase next and have erased, if you may approve for them."""

    queryset = RetentionRun.objects.none()
    serializer_class = RetentionRunSerializer
    ordering = ("-announced_at", "-id")

    def visible(self) -> QuerySet[RetentionRun]:
        """Return the runs of the person's organisations."""
        return runs_for(self.person)

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the runs, announced ones and those that have ended."""
        return self.list_rows(
            lambda rows: [RetentionRunSerializer(row).data for row in rows]
        )
