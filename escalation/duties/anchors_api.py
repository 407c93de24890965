"""The time record of an incident over REST, each organisation its own."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.duties.anchor_reading import Written, read_written
from escalation.duties.anchor_words import WORDS
from escalation.duties.instants import (
    MAX_REASON,
    MAX_SOURCE,
    choose_anchor,
    note_anchor,
    withdraw_anchor,
)
from escalation.duties.lookup import anchor_to_change
from escalation.duties.models import AnchorValue
from escalation.duties.rendering import AnchorSerializer, render_anchors
from escalation.regimes.anchors import AnchorError
from incidents.errors import BadInput
from incidents.incident.access import acting_organisation
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet, SideBody
from incidents.organisations.roles import Action
from incidents.rest import StrictSerializer

_ANCHOR = r"anchors/(?P<anchor>[0-9]{1,18})"


class NoteAnchorBody(SideBody):
    """A candidate for an instant."""

    name = serializers.ChoiceField(choices=list(WORDS))
    at = serializers.CharField(
        max_length=40,
        help_text="2026-12-25T03:10:00+01:00; without an offset it is local in `zone`,"
        " and a date alone counts from its first instant",
    )
    zone = serializers.CharField(
        default="UTC", max_length=40, help_text="such as Europe/Brussels"
    )
    source = serializers.CharField(  # type: ignore[assignment]  # the API's name for it
        max_length=MAX_SOURCE, help_text="who or what says so"
    )
    reason = serializers.CharField(default="", allow_blank=True, max_length=MAX_REASON)
    confirm = serializers.BooleanField(
        default=False,
        help_text="it is right although in the future, or before it happened",
    )


class ChooseAnchorBody(StrictSerializer):
    """Under which regime it counts, and why."""

    regime = serializers.CharField(max_length=60)
    reason = serializers.CharField(max_length=MAX_REASON)


class WithdrawAnchorBody(StrictSerializer):
    """What was wrong with it."""

    reason = serializers.CharField(max_length=MAX_REASON)


class AnchorViewSet(IncidentApiViewSet):
    """When things happened that laws may count from, for your own organisations."""

    @extend_schema(responses=AnchorSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def anchors(self, request: Request, ref: str) -> Response:
        """List the candidates in your own organisations' time records, withdrawn ones too."""
        incident, sides = self.find_for_reading()
        rows = AnchorValue.objects.filter(
            incident=incident, organisation__in=[side.pk for side in sides]
        ).select_related("organisation", "author")
        return Response(render_anchors(rows.order_by("at", "pk")))

    @extend_schema(
        request=NoteAnchorBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: AnchorSerializer},
    )
    @anchors.mapping.post
    def note_anchor(self, request: Request, ref: str) -> Response:
        """Add a candidate to your organisation's time record."""
        promise = self.promise()
        incident, body = self.find(), self.read_body(NoteAnchorBody)
        side = acting_organisation(
            self.person, incident, Action.DUTIES, slug=body["organisation"]
        )
        written = _read(body)

        def note(now: datetime) -> int:
            return note_anchor(
                incident,
                organisation=side,
                name=body["name"],
                written=written.text,
                at=written.at,
                precision=written.precision,
                source=body["source"],
                reason=body["reason"],
                author=self.person,
                now=now,
                confirm=body["confirm"],
            ).pk

        return self._respond(
            *self.once(promise, incident, note), status=status.HTTP_201_CREATED
        )

    @extend_schema(
        request=ChooseAnchorBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=AnchorSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_ANCHOR}/choose")
    def choose(self, request: Request, ref: str, anchor: str) -> Response:
        """Have a candidate count under a regime, with the reason why."""
        promise = self.promise()
        value = anchor_to_change(self.find(), int(anchor), self.person)
        body = self.read_body(ChooseAnchorBody)

        def choose(now: datetime) -> int:
            regime_id, reason = body["regime"], body["reason"]
            choice = choose_anchor(
                value, regime_id=regime_id, reason=reason, author=self.person, now=now
            )
            return choice.value_id

        return self._respond(*self.once(promise, value.incident, choose))

    @extend_schema(
        request=WithdrawAnchorBody,
        parameters=[IDEMPOTENCY_KEY],
        responses=AnchorSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{_ANCHOR}/withdraw")
    def withdraw(self, request: Request, ref: str, anchor: str) -> Response:
        """Take back a candidate that was wrong; it stays in the record."""
        promise = self.promise()
        value = anchor_to_change(self.find(), int(anchor), self.person)
        reason = self.read_body(WithdrawAnchorBody)["reason"]

        def withdraw(now: datetime) -> int:
            return withdraw_anchor(value, reason=reason, author=self.person, now=now).pk

        return self._respond(*self.once(promise, value.incident, withdraw))

    def _respond(
        self, pk: int, headers: dict[str, str], status: int = status.HTTP_200_OK
    ) -> Response:
        rows = AnchorValue.objects.select_related("organisation", "author")
        shown = render_anchors([rows.get(pk=pk)])[0]
        return Response(shown, status=status, headers=headers)


def _read(body: dict[str, Any]) -> Written:
    try:
        return read_written(body["at"], name="at", zone=body["zone"])
    except AnchorError as error:
        field = "zone" if error.value == body["zone"] else "at"
        raise BadInput(field, error.value, error.remedy) from error
