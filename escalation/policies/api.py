"""Escalation policies over REST: a change is a new version."""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.sentences import describe_plan
from escalation.policies.steps import parse_policy
from escalation.policies.versions import (
    archive_policy,
    check_targets,
    read_plan,
    save_policy,
)
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class PolicySerializer(serializers.Serializer[Any]):
    """A policy as its newest version says it."""

    id = serializers.IntegerField()
    organisation = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    made_at = serializers.DateTimeField()
    steps = serializers.ListField(child=serializers.DictField())
    ack_timeout_minutes = serializers.IntegerField(allow_null=True)
    fallback = serializers.DictField(allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())


class PolicyChangeBody(StrictSerializer):
    """What a version says: steps of notify, wait, share and repeat, and a fallback."""

    name = serializers.CharField(max_length=200)
    steps = serializers.ListField(child=serializers.DictField())
    ack_timeout_minutes = serializers.IntegerField(default=None, allow_null=True)
    fallback = serializers.DictField(default=None, allow_null=True)


class PolicyBody(PolicyChangeBody):
    """A policy to be made."""

    slug = serializers.SlugField(max_length=60)
    organisation = serializers.SlugField(default="", allow_blank=True)


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
        return self.respond_page(self._visible().filter(**wanted), render_policies)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one policy."""
        return Response(render_policies([self._find(pk)])[0])

    @extend_schema(request=PolicyBody, responses={201: PolicySerializer})
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
        version = self._save(organisation, body)
        return self._respond(version, status.HTTP_201_CREATED)

    @extend_schema(request=PolicyChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Give it a new version; runs that are under way keep theirs."""
        policy = self._find(pk)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=policy.organisation.slug
        )
        body = self.read_body(PolicyChangeBody)
        version = self._save(organisation, {**body, "slug": policy.slug})
        return self._respond(version, status.HTTP_200_OK)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it out of use; not while a route leads to it."""
        policy = self._find(pk)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=policy.organisation.slug
        )
        actor = actor_for(self.person, organisation)
        archive_policy(policy, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _visible(self) -> QuerySet[Policy]:
        own = Organisation.objects.of(self.person).values("pk")
        versions = PolicyVersion.objects.filter(policy=OuterRef("pk"))
        newest = versions.order_by("-number").values("number")[:1]
        return (
            Policy.objects.filter(organisation__in=own, archived_at=None)
            .select_related("organisation")
            .annotate(newest=Subquery(newest))
        )

    def _find(self, pk: str) -> Policy:
        policy = self._visible().filter(pk=pk).first()
        if policy is None:
            raise Http404
        return policy

    def _save(self, organisation: Organisation, body: dict[str, Any]) -> PolicyVersion:
        plan = {"steps": body["steps"]}
        for name in ("ack_timeout_minutes", "fallback"):
            if body[name] is not None:
                plan[name] = body[name]
        check_targets(organisation, read_plan(plan))
        return save_policy(
            organisation,
            slug=body["slug"],
            name=body["name"],
            body=plan,
            user=self.person,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )

    def _respond(self, version: PolicyVersion, code: int) -> Response:
        shown = render_policies([self._find(str(version.policy_id))])[0]
        return Response(shown, status=code)


def render_policies(policies: Sequence[Policy]) -> list[Any]:
    """Return policies with their newest version, in one query. Needs `newest`."""
    rows = PolicyVersion.objects.filter(policy__in=policies)
    versions = {(row.policy_id, row.number): row for row in rows}
    shown = [
        _shown(policy, versions[policy.pk, policy.newest])  # type: ignore[attr-defined]  # annotated
        for policy in policies
    ]
    return list(PolicySerializer(shown, many=True).data)


def _shown(policy: Policy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "id": policy.pk,
        "organisation": policy.organisation.slug,
        "slug": policy.slug,
        "name": policy.name,
        "version": version.number,
        "made_at": version.made_at,
        "steps": version.body["steps"],
        "ack_timeout_minutes": version.body.get("ack_timeout_minutes"),
        "fallback": version.body.get("fallback"),
        "sentences": list(describe_plan(parse_policy(version.body))),
    }
