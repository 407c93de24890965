"""Escalation policies over REST: a change is a new version."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.authoring.access import find_policy, policies_visible_to, require
from escalation.authoring.checking import check_policy, require_sound
from escalation.authoring.serializers import (
    CheckedSerializer,
    PolicyBody,
    PolicyChangeBody,
    PolicyCheckBody,
    PolicySerializer,
    SavedPolicySerializer,
    body_of,
    render_checked,
    render_findings,
    render_policies,
)
from escalation.policies.findings import Finding
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.versions import (
    PolicyDraft,
    archive_policy,
    save_policy,
)
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery
from incidents.timers.clock import read_now


class PolicyViewSet(ApiViewSet):
    """The escalation paths of your organisations."""

    queryset = Policy.objects.none()
    serializer_class = PolicySerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the policies in use."""
        wanted = self.read_query(OrganisationQuery)
        rows = policies_visible_to(self.person).filter(archived_at=None, **wanted)
        return self.respond_page(rows, render_policies)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one policy."""
        policy = find_policy(self.person, pk, is_listed=True)
        return Response(render_policies([policy])[0])

    @extend_schema(request=PolicyBody, responses={201: SavedPolicySerializer})
    def create(self, request: Request) -> Response:
        """Make a policy."""
        body = self.read_body(PolicyBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        taken = Policy.objects.filter(
            organisation=organisation, slug=body["slug"], archived_at=None
        )
        if taken.exists():
            raise BadInput("slug", body["slug"], "It is taken; change it with PUT.")
        saved = self._save(organisation, body["slug"], body)
        return self._respond_saved(*saved, status.HTTP_201_CREATED)

    @extend_schema(request=PolicyChangeBody, responses=SavedPolicySerializer)
    def update(self, request: Request, pk: str) -> Response:
        """Give it a new version, or propose one; runs that are under way keep theirs."""
        policy = find_policy(self.person, pk, is_listed=True)
        organisation = require(self.person, Action.CONFIGURE, policy)
        given = self.read_body(PolicyChangeBody)
        saved = self._save(organisation, policy.slug, given)
        return self._respond_saved(*saved, status.HTTP_200_OK)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it out of use; not while a route leads to it."""
        policy = find_policy(self.person, pk, is_listed=True)
        organisation = require(self.person, Action.CONFIGURE, policy)
        actor = actor_for(self.person, organisation)
        archive_policy(policy, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=PolicyCheckBody, responses=CheckedSerializer)
    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:
        """Say everything that is wrong or looks so in a policy, and save nothing."""
        given = self.read_body(PolicyCheckBody)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=given["organisation"]
        )
        checked = check_policy(
            organisation, body_of(given), slug=given["slug"], now=read_now()
        )
        return Response(render_checked(checked))

    def _save(
        self, organisation: Organisation, slug: str, given: dict[str, Any]
    ) -> tuple[PolicyVersion, Sequence[Finding]]:
        body, now = body_of(given), read_now()
        warnings = require_sound(organisation, body, slug=slug, now=now)
        version = save_policy(
            organisation,
            PolicyDraft(slug, given["name"], body, reason=given["reason"]),
            user=self.person,
            actor=actor_for(self.person, organisation),
            now=now,
        )
        return version, warnings

    def _respond_saved(
        self, version: PolicyVersion, warnings: Sequence[Finding], code: int
    ) -> Response:
        policy = find_policy(self.person, version.policy_id, is_listed=True)
        shown = render_policies([policy])[0]
        return Response({**shown, "warnings": render_findings(warnings)}, status=code)
