"""Versions of a policy over REST: read, compare, and decide on a proposed one."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.authoring.access import (
    action_for_rule,
    find_policy,
    find_version,
    require,
)
from escalation.authoring.serializers import (
    ChangeSerializer,
    VersionSerializer,
    render_changes,
    render_versions,
)
from escalation.policies.approval import (
    approve_version,
    end_second_person,
    reject_version,
    require_second_person,
    rules_of,
    withdraw_version,
)
from escalation.policies.diff import diff_plans
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.steps import parse_policy
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, StrictSerializer
from incidents.timers.clock import read_now

_NUMBER = r"versions/(?P<number>[0-9]{1,9})"


class DiffQuery(StrictSerializer):
    """Which two versions are compared."""

    from_version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    to_version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class RejectBody(StrictSerializer):
    """Why a proposed version is turned down."""

    reason = serializers.CharField(max_length=500)


class SecondPersonBody(StrictSerializer):
    """Whether a second person approves each version."""

    second_person = serializers.BooleanField()


class SecondPersonOfAllBody(SecondPersonBody):
    """The same for all policies of an organisation."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class SecondPersonQuery(StrictSerializer):
    """Of which organisation; needed only if you have several."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class SecondPersonSerializer(serializers.Serializer[Any]):
    """The rule; `end_asked_by` waits for another person to confirm the end."""

    second_person = serializers.BooleanField()
    end_asked_by = serializers.CharField(allow_null=True)
    end_asked_at = serializers.DateTimeField(allow_null=True)


class PolicyVersionViewSet(ApiViewSet):
    """What your policies say and said, and who decides on that."""

    queryset = Policy.objects.none()
    serializer_class = VersionSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("-number", "id")

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True)
    def versions(self, request: Request, pk: str) -> Response:
        """List its versions, newest first."""
        policy = find_policy(self.person, pk)
        rows = policy.versions.select_related("made_by", "decided_by")
        return self.respond_page(rows, lambda page: render_versions(policy, page))

    @action(detail=True, url_path=_NUMBER)
    def version(self, request: Request, pk: str, number: str) -> Response:
        """Open one version, in force or not."""
        version = find_version(find_policy(self.person, pk), number)
        return self._respond(version)

    @extend_schema(parameters=[DiffQuery], responses=ChangeSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def diff(self, request: Request, pk: str) -> Response:
        """Say sentence by sentence what differs between two versions."""
        policy = find_policy(self.person, pk)
        wanted = self.read_query(DiffQuery)
        before = find_version(policy, wanted["from_version"])
        after = find_version(policy, wanted["to_version"])
        changes = diff_plans(parse_policy(before.body), parse_policy(after.body))
        return Response(render_changes(changes))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path=f"{_NUMBER}/approve")
    def approve(self, request: Request, pk: str, number: str) -> Response:
        """Put a proposed version in force; not for who wrote it."""
        policy = find_policy(self.person, pk)
        organisation = require(self.person, Action.APPROVE, policy)
        version = approve_version(
            find_version(policy, number), **self._decider(organisation)
        )
        return self._respond(version)

    @extend_schema(request=RejectBody)
    @action(detail=True, methods=["post"], url_path=f"{_NUMBER}/reject")
    def reject(self, request: Request, pk: str, number: str) -> Response:
        """Turn a proposed version down, with the reason."""
        policy = find_policy(self.person, pk)
        organisation = require(self.person, Action.APPROVE, policy)
        reason = self.read_body(RejectBody)["reason"]
        version = reject_version(
            find_version(policy, number), reason=reason, **self._decider(organisation)
        )
        return self._respond(version)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path=f"{_NUMBER}/withdraw")
    def withdraw(self, request: Request, pk: str, number: str) -> Response:
        """Take your own proposed version back."""
        policy = find_policy(self.person, pk)
        organisation = require(self.person, Action.CONFIGURE, policy)
        version = withdraw_version(
            find_version(policy, number), **self._decider(organisation)
        )
        return self._respond(version)

    @extend_schema(responses=SecondPersonSerializer)
    @action(detail=True, url_path="second-person")
    def second_person(self, request: Request, pk: str) -> Response:
        """Tell whether a second person approves each version of this policy."""
        policy = find_policy(self.person, pk)
        return self._respond_rule(policy.organisation, policy)

    @extend_schema(request=SecondPersonBody, responses=SecondPersonSerializer)
    @second_person.mapping.put
    def set_second_person(self, request: Request, pk: str) -> Response:
        """Begin that at once, or ask for its end, which another person confirms."""
        policy = find_policy(self.person, pk)
        is_on = self.read_body(SecondPersonBody)["second_person"]
        organisation = require(self.person, action_for_rule(is_on=is_on), policy)
        return self._set_rule(organisation, policy, is_on=is_on)

    @extend_schema(
        operation_id="policies_second_person_of_all_retrieve",
        parameters=[SecondPersonQuery],
        responses=SecondPersonSerializer,
    )
    @action(detail=False, url_path="second-person")
    def second_person_of_all(self, request: Request) -> Response:
        """Tell whether a second person approves each version of all policies."""
        slug = self.read_query(SecondPersonQuery)["organisation"]
        organisation = organisation_for(self.person, Action.READ, slug=slug)
        return self._respond_rule(organisation, None)

    @extend_schema(
        operation_id="policies_second_person_of_all_update",
        request=SecondPersonOfAllBody,
        responses=SecondPersonSerializer,
    )
    @second_person_of_all.mapping.put
    def set_second_person_of_all(self, request: Request) -> Response:
        """Begin that at once, or ask for its end, which another person confirms."""
        body = self.read_body(SecondPersonOfAllBody)
        is_on = body["second_person"]
        organisation = organisation_for(
            self.person, action_for_rule(is_on=is_on), slug=body["organisation"]
        )
        return self._set_rule(organisation, None, is_on=is_on)

    def _decider(self, organisation: Organisation) -> dict[str, Any]:
        return {
            "user": self.person,
            "actor": actor_for(self.person, organisation),
            "now": read_now(),
        }

    def _set_rule(
        self, organisation: Organisation, policy: Policy | None, *, is_on: bool
    ) -> Response:
        decider = self._decider(organisation)
        if is_on:
            decider.pop("user")
            require_second_person(organisation, policy, **decider)
        else:
            end_second_person(organisation, policy, **decider)
        return self._respond_rule(organisation, policy)

    def _respond_rule(
        self, organisation: Organisation, policy: Policy | None
    ) -> Response:
        rule = rules_of(organisation).get(policy.pk if policy else None)
        asked_by = rule.end_asked_by if rule else None
        shown = {
            "second_person": rule is not None,
            "end_asked_by": str(asked_by) if asked_by else None,
            "end_asked_at": rule.end_asked_at if rule else None,
        }
        return Response(SecondPersonSerializer(shown).data)

    def _respond(self, version: PolicyVersion) -> Response:
        row = find_version(version.policy, version.number)
        return Response(render_versions(version.policy, [row])[0])
