"""Decisions on whether an incident is to be reported, over REST."""

from datetime import datetime

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.duties.decisions import MAX_REASON, Judgement, confirm, decide
from escalation.duties.lookup import decision_to_confirm
from escalation.duties.models import Decision, Verdict
from escalation.duties.rendering import DecisionSerializer, render_decisions
from incidents.incident.access import acting_organisation
from incidents.incident.viewset import IDEMPOTENCY_KEY, IncidentApiViewSet, SideBody
from incidents.organisations.roles import Action
from incidents.rest import StrictSerializer

_DECISION = r"decisions/(?P<decision>[0-9]{1,18})"
_PEOPLE = ("organisation", "decided_by", "confirmed_by")
_MAX_LIMBS = 100


class DecideBody(SideBody):
    """A verdict under one regime."""

    regime = serializers.CharField(max_length=60)
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    limbs = serializers.ListField(
        child=serializers.CharField(max_length=60),
        default=list,
        max_length=_MAX_LIMBS,
        help_text="ids of the law's conditions that are met; a yes needs one",
    )
    reason = serializers.CharField(max_length=MAX_REASON)
    review_on = serializers.DateField(
        default=None, allow_null=True, help_text="when to look again; a no needs it"
    )


class ConfirmBody(StrictSerializer):
    """Nothing more to say."""


class DecisionViewSet(IncidentApiViewSet):
    """Whether an incident is to be reported, decided by two people for each regime."""

    @extend_schema(responses=DecisionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def decisions(self, request: Request, ref: str) -> Response:
        """List your own organisations' decisions, former ones too, the oldest first."""
        incident, sides = self.find_for_reading()
        rows = Decision.objects.filter(
            incident=incident, organisation__in=[side.pk for side in sides]
        )
        return Response(render_decisions(rows.select_related(*_PEOPLE).order_by("pk")))

    @extend_schema(
        request=DecideBody,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DecisionSerializer},
    )
    @decisions.mapping.post
    def decide(self, request: Request, ref: str) -> Response:
        """Decide under one regime; it counts once another person has confirmed it."""
        promise = self.promise()
        incident, body = self.find(), self.read_body(DecideBody)
        slug = body.pop("organisation")
        side = acting_organisation(self.person, incident, Action.DUTIES, slug=slug)
        judgement = Judgement(regime_id=body.pop("regime"), **body)

        def act(now: datetime) -> int:
            made = decide(
                incident, judgement, organisation=side, author=self.person, now=now
            )
            return made.pk

        return self._respond(
            *self.once(promise, incident, act), status=status.HTTP_201_CREATED
        )

    @extend_schema(
        request=ConfirmBody, parameters=[IDEMPOTENCY_KEY], responses=DecisionSerializer
    )
    @action(detail=True, methods=["post"], url_path=f"{_DECISION}/confirm")
    def confirm(self, request: Request, ref: str, decision: str) -> Response:
        """Confirm what another person decided."""
        promise = self.promise()
        found = decision_to_confirm(self.find(), int(decision), self.person)
        self.read_body(ConfirmBody)

        def act(now: datetime) -> int:
            return confirm(found, by=self.person, now=now).pk

        return self._respond(*self.once(promise, found.incident, act))

    def _respond(
        self, pk: int, headers: dict[str, str], status: int = status.HTTP_200_OK
    ) -> Response:
        """Return a decision; those that took its place are read, to say what counts."""
        one = Decision.objects.select_related(*_PEOPLE).get(pk=pk)
        later = Decision.objects.filter(
            incident=one.incident_id,
            organisation=one.organisation_id,
            regime_id=one.regime_id,
            pk__gt=pk,
        ).select_related(*_PEOPLE)
        shown = render_decisions([one, *later])[0]
        return Response(shown, status=status, headers=headers)
