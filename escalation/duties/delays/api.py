"""Notices of delay and extensions over REST."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.duties.delays.extensions import (
    Determined,
    confirm_extension,
    record_extension,
    request_extension,
    withdraw_extension,
)
from escalation.duties.delays.granting import grant_extension, refuse_extension
from escalation.duties.delays.law import MAX_TEXT
from escalation.duties.delays.lookup import (
    answering_agency,
    clock_to_delay,
    confirming,
    extension_of,
    side_that_withdraws,
    visible_extensions,
    visible_notices,
)
from escalation.duties.delays.models import DelayNotice, Extension
from escalation.duties.delays.notices import MAX_REFERENCE, NewNotice, notify_delay
from escalation.duties.delays.rendering import (
    DelayNoticeSerializer,
    ExtensionSerializer,
    render_extension,
    render_notice,
)
from escalation.duties.models import StatutoryClock
from incidents.incident.access import actor_for, sides_of
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet
from incidents.models import Organisation
from incidents.organisations.directory import agency_named
from incidents.rest import InstantField, StrictSerializer
from incidents.timers.clock import read_now

_EXTENSION = r"extensions/(?P<extension>[0-9]{1,18})"
_CLOCK = r"statutory-clocks/(?P<clock>[0-9]{1,18})"
_PEOPLE = ("clock__incident", "organisation", "agency", "author")


class DelayNoticeBody(StrictSerializer):
    """To whom; without an agency on this instance, what was told by hand."""

    agency = serializers.SlugField(default="", allow_blank=True)
    reasons = serializers.CharField(max_length=MAX_TEXT)
    expected_at = InstantField()
    authority = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_REFERENCE
    )
    reference = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_REFERENCE
    )
    notified_at = InstantField(default=None, allow_null=True)


class ExtensionAskBody(StrictSerializer):
    """Of which agency on this instance, until when and why."""

    agency = serializers.SlugField()
    until = InstantField()
    reason = serializers.CharField(max_length=MAX_TEXT)


class ExtensionRecordBody(StrictSerializer):
    """A multipart form with what another authority determined, and its document."""

    days = serializers.IntegerField(min_value=1, max_value=10_000)
    determined_on = serializers.DateField()
    reason = serializers.CharField(max_length=MAX_TEXT)
    file = serializers.FileField(max_length=255)


class ExtensionReasonBody(StrictSerializer):
    """Why it is taken back."""

    reason = serializers.CharField(max_length=MAX_TEXT)


class ExtensionGrantBody(StrictSerializer):
    """Until when, and in which words."""

    until = InstantField()
    text = serializers.CharField(max_length=MAX_TEXT)


class ExtensionRefuseBody(StrictSerializer):
    """Why not."""

    text = serializers.CharField(max_length=MAX_TEXT)


class ExtensionConfirmBody(StrictSerializer):
    """Nothing more to say."""


class _Delays(IncidentApiViewSet):
    """What both views share: who acts, on which clock."""

    def clock_of(self, pk: str, *, tells: bool) -> StatutoryClock:
        """Return the clock of the address. Raises Http404, NotAllowed."""
        incident = self.find()
        sides = sides_of(self.person, incident)
        return clock_to_delay(incident, sides, int(pk), self.person, tells=tells)

    def who(self, side: Organisation, now: datetime) -> dict[str, Any]:
        """Return the arguments of who does it and when."""
        actor = actor_for(self.person, side)
        return {"user": self.person, "actor": actor, "now": now}

    def respond(
        self, pk: int, headers: dict[str, str], *, code: int = status.HTTP_200_OK
    ) -> Response:
        """Return an extension as it now is."""
        rows = Extension.objects.select_related(*_PEOPLE, "confirmed_by")
        own = [side.pk for side in sides_of(self.person, self.find())]
        shown = render_extension(rows.get(pk=pk), own)
        return Response(shown, status=code, headers=headers)


class DelayViewSet(_Delays):
    """Reports that come later: notices, and extensions where a law knows them."""

    @extend_schema(responses=DelayNoticeSerializer(many=True))
    @action(detail=True, url_path="delay-notices", pagination_class=None)
    def notices(self, request: Request, ref: str) -> Response:
        """List the notices of delay that your side told, or was told."""
        incident, sides = self.find_for_reading()
        own = [side.pk for side in sides]
        rows = visible_notices(incident, sides).select_related(*_PEOPLE)
        return Response([render_notice(row, own) for row in rows.order_by("pk")])

    @extend_schema(
        request=DelayNoticeBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DelayNoticeSerializer},
    )
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/delay-notices")
    def notify(self, request: Request, ref: str, clock: str) -> Response:
        """Tell an agency that a limit cannot be met, or record what was told by hand."""
        promise = self.promise()
        found = self.clock_of(clock, tells=True)
        body = self.read_body(DelayNoticeBody)
        slug = body.pop("agency")
        notice = NewNotice(agency=agency_named(slug) if slug else None, **body)

        def act(now: datetime) -> int:
            return notify_delay(found, notice, **self.who(found.organisation, now)).pk

        pk, headers = self.once(promise, found.incident, act)
        row = DelayNotice.objects.select_related(*_PEOPLE).get(pk=pk)
        shown = render_notice(row, [found.organisation_id])
        return Response(shown, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(responses=ExtensionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def extensions(self, request: Request, ref: str) -> Response:
        """List the extensions that your side entered, or was asked for."""
        incident, sides = self.find_for_reading()
        own = [side.pk for side in sides]
        rows = visible_extensions(incident, sides).select_related(
            *_PEOPLE, "confirmed_by"
        )
        return Response([render_extension(row, own) for row in rows.order_by("pk")])

    @extend_schema(
        request=ExtensionAskBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ExtensionSerializer},
    )
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/ask-extension")
    def ask(self, request: Request, ref: str, clock: str) -> Response:
        """Ask an agency on this instance for more time."""
        promise = self.promise()
        found = self.clock_of(clock, tells=True)
        body = self.read_body(ExtensionAskBody)
        agency = agency_named(body.pop("agency"))

        def act(now: datetime) -> int:
            who = self.who(found.organisation, now)
            return request_extension(found, agency=agency, **body, **who).pk

        made = self.once(promise, found.incident, act)
        return self.respond(*made, code=status.HTTP_201_CREATED)

    @extend_schema(
        request=ExtensionConfirmBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=ExtensionSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_EXTENSION}/confirm")
    def confirm(self, request: Request, ref: str, extension: str) -> Response:
        """Confirm what another person recorded; the clock moves."""
        promise, row = self.promise(), self._found(extension)
        confirming(row, self.person)
        self.read_body(ExtensionConfirmBody)

        def act(now: datetime) -> int:
            return confirm_extension(row, by=self.person, now=now).pk

        return self.respond(*self.once(promise, row.clock.incident, act))

    @extend_schema(
        request=ExtensionReasonBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=ExtensionSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_EXTENSION}/withdraw")
    def withdraw(self, request: Request, ref: str, extension: str) -> Response:
        """Take back what was entered in error; what it moved moves back."""
        promise, row = self.promise(), self._found(extension)
        sides = sides_of(self.person, self.find())
        side = side_that_withdraws(row, sides, self.person)
        body = self.read_body(ExtensionReasonBody)

        def act(now: datetime) -> int:
            return withdraw_extension(
                row, **body, by=self.person, side=side, now=now
            ).pk

        return self.respond(*self.once(promise, row.clock.incident, act))

    @extend_schema(
        request=ExtensionGrantBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=ExtensionSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_EXTENSION}/grant")
    def grant(self, request: Request, ref: str, extension: str) -> Response:
        """Grant a lab more time for your agency; its clock moves."""
        return self._answer(extension, ExtensionGrantBody, grant_extension)

    @extend_schema(
        request=ExtensionRefuseBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=ExtensionSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_EXTENSION}/refuse")
    def refuse(self, request: Request, ref: str, extension: str) -> Response:
        """Refuse a lab more time for your agency, and say why."""
        return self._answer(extension, ExtensionRefuseBody, refuse_extension)

    def _answer(
        self, pk: str, body_class: type[StrictSerializer], act: Callable[..., Extension]
    ) -> Response:
        promise, row = self.promise(), self._found(pk)
        sides = sides_of(self.person, self.find())
        agency = answering_agency(row, sides, self.person)
        body = self.read_body(body_class)

        def answer(now: datetime) -> int:
            return act(row, **body, **self.who(agency, now)).pk

        return self.respond(*self.once(promise, row.clock.incident, answer))

    def _found(self, pk: str) -> Extension:
        incident = self.find()
        return extension_of(incident, sides_of(self.person, incident), int(pk))


class DelayWordViewSet(_Delays):
    """Extensions by authorities that are not on this instance."""

    # `config/body_limit.py` says how large a form with a file may be.
    max_body_bytes: ClassVar[int] = sys.maxsize

    @extend_schema(
        request={"multipart/form-data": ExtensionRecordBody},
        responses={201: ExtensionSerializer},
    )
    @action(detail=True, methods=["post"], url_path=f"{_CLOCK}/record-extension")
    def record(self, request: Request, ref: str, clock: str) -> Response:
        """Record what another authority determined; a second person confirms it."""
        found = self.clock_of(clock, tells=False)
        body = self.read_body(ExtensionRecordBody)
        file = body.pop("file")
        word = Determined(upload=file, filename=file.name, **body)
        who = self.who(found.organisation, read_now())
        made = record_extension(found, word, **who)
        return self.respond(made.pk, {}, code=status.HTTP_201_CREATED)

    def get_parsers(self) -> list[Any]:
        """Return the form parser: it takes files."""
        return [MultiPartParser()]
