"""What people do to an incident over REST; each action answers the incident as it now is."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.incident import lifecycle, shares
from incidents.incident.access import (
    acting_organisation,
    actor_for,
    named_incident,
    require_owner,
)
from incidents.incident.models import AcknowledgedVia
from incidents.incident.receipts import (
    acknowledgement_receipts,
    own_acknowledgements,
)
from incidents.incident.serializers import (
    AcknowledgedIncidentSerializer,
    IncidentSerializer,
    ReceiptSerializer,
)
from incidents.incident.severity import SEVERITY_CHOICES
from incidents.incident.viewset import IncidentApiViewSet, SideBody
from incidents.organisations.directory import agency_named
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.rest import StrictSerializer
from incidents.timers.clock import read_now

MAX_REASON = 2000


class CommentBody(SideBody):
    """A comment, for one's own side unless it is shared."""

    text = serializers.CharField(max_length=20_000)
    is_shared = serializers.BooleanField(default=False)


class ReasonBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=MAX_REASON)


class SeverityBody(ReasonBody):
    """Another severity."""

    severity = serializers.ChoiceField(SEVERITY_CHOICES)


class MergeBody(ReasonBody):
    """The incident that stays."""

    into = serializers.CharField(max_length=20, help_text="its ref")


class AgencyBody(ReasonBody):
    """An agency, by its slug."""

    agency = serializers.SlugField()


class IncidentActionViewSet(IncidentApiViewSet):
    """Acknowledge, comment, change, share, merge, resolve and reopen."""

    @extend_schema(request=SideBody, responses=AcknowledgedIncidentSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, ref: str) -> Response:
        """Say that your organisation has it; stops your organisation's run only."""
        incident, body = self.find(), self.read_body(SideBody)
        organisation = acting_organisation(
            self.person, incident, Action.ACKNOWLEDGE, slug=body["organisation"]
        )
        incident = lifecycle.acknowledge(
            incident,
            organisation=organisation,
            via=AcknowledgedVia.API,
            **self._who(organisation),
        )
        own = own_acknowledgements(self.person, [organisation.pk], [incident.ref])
        receipts = [self.with_address(one) for one in acknowledgement_receipts(own)]
        answer = self.respond_incident(incident)
        [shown] = ReceiptSerializer(receipts, many=True).data
        return Response({**answer.data, "receipt": shown})

    @extend_schema(request=CommentBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, ref: str) -> Response:
        """Add a comment."""
        incident, body = self.find(), self.read_body(CommentBody)
        organisation = acting_organisation(
            self.person, incident, Action.COMMENT, slug=body["organisation"]
        )
        incident = lifecycle.comment(
            incident,
            text=body["text"],
            is_shared=body["is_shared"],
            organisation=organisation,
            **self._who(organisation),
        )
        return self.respond_incident(incident)

    @extend_schema(request=SeverityBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, ref: str) -> Response:
        """Set another severity; routing looks at the incident again."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.MANAGE)
        body = self.read_body(SeverityBody)
        return self.respond_incident(
            lifecycle.change_severity(incident, **body, **self._who(owner))
        )

    @extend_schema(request=ReasonBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, ref: str) -> Response:
        """Close it; every organisation's run ends."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.MANAGE)
        body = self.read_body(ReasonBody)
        return self.respond_incident(
            lifecycle.resolve(incident, **body, **self._who(owner))
        )

    @extend_schema(request=ReasonBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, ref: str) -> Response:
        """Open a resolved incident again; routing starts anew."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.MANAGE)
        body = self.read_body(ReasonBody)
        return self.respond_incident(
            lifecycle.reopen(incident, **body, **self._who(owner))
        )

    @extend_schema(request=MergeBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, ref: str) -> Response:
        """Close it as part of another incident of the same owner."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.MANAGE)
        body = self.read_body(MergeBody)
        into = named_incident(self.person, body["into"], field="into")
        merged = lifecycle.merge(
            incident, into=into, reason=body["reason"], **self._who(owner)
        )
        return self.respond_incident(merged)

    @extend_schema(request=AgencyBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def share(self, request: Request, ref: str) -> Response:
        """Make it visible to an agency."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.SHARE)
        body = self.read_body(AgencyBody)
        agency = agency_named(body["agency"])
        shares.share(incident, agency=agency, reason=body["reason"], **self._who(owner))
        return self.respond_incident(incident)

    @extend_schema(request=AgencyBody, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def unshare(self, request: Request, ref: str) -> Response:
        """End what an agency sees: no new entries and no new reads."""
        incident = self.find()
        owner = require_owner(self.person, incident, Action.SHARE)
        body = self.read_body(AgencyBody)
        agency = agency_named(body["agency"])
        shares.unshare(
            incident, agency=agency, reason=body["reason"], **self._who(owner)
        )
        return self.respond_incident(incident)

    def _who(self, organisation: Organisation) -> dict[str, Any]:
        actor = actor_for(self.person, organisation)
        return {"user": self.person, "actor": actor, "now": read_now()}
