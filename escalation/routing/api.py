"""Routes over REST: ordered, the first that matches wins, one default goes last."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.policies.matchers import describe, parse_matchers
from escalation.policies.models import Policy
from escalation.routing.editing import RouteDraft, remove_route, save_route
from escalation.routing.models import Route
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import agency_named, organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class RouteSerializer(serializers.Serializer[Any]):
    """A rule that leads incidents to a policy, and to agencies."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    position = serializers.IntegerField()
    name = serializers.CharField()
    matchers = serializers.ListField(child=serializers.DictField())
    description = serializers.SerializerMethodField()
    is_default = serializers.BooleanField()
    policy = serializers.CharField(source="policy.slug", default=None, allow_null=True)
    share_with = serializers.SerializerMethodField()

    def get_description(self, route: Route) -> str:
        """Return the matchers in words."""
        return describe(parse_matchers(route.matchers))

    def get_share_with(self, route: Route) -> list[str]:
        """Return the agencies' slugs."""
        return sorted(agency.slug for agency in route.share_with.all())


class RouteChangeBody(StrictSerializer):
    """What a route says; sent as a whole."""

    name = serializers.CharField(max_length=200)
    matchers = serializers.ListField(
        child=serializers.DictField(), default=list, help_text="{field, op, value}"
    )
    is_default = serializers.BooleanField(default=False)
    policy = serializers.SlugField(default=None, allow_null=True)
    share_with = serializers.ListField(child=serializers.SlugField(), default=list)
    position = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=1000
    )


class RouteBody(RouteChangeBody):
    """A route to be made."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class RouteViewSet(ApiViewSet):
    """The routes of your organisations, in the order in which they are tried."""

    queryset = Route.objects.none()
    serializer_class = RouteSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("organisation_id", "position", "id")

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the routes."""
        wanted = self.read_query(OrganisationQuery)
        return self.respond_page(
            self._visible().filter(**wanted),
            lambda page: list(RouteSerializer(page, many=True).data),
        )

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one route."""
        return Response(RouteSerializer(self._find(pk)).data)

    @extend_schema(request=RouteBody, responses={201: RouteSerializer})
    def create(self, request: Request) -> Response:
        """Make a route, at a position or as the last before the default one."""
        body = self.read_body(RouteBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        route = self._save(organisation, body, route=None)
        shown = RouteSerializer(self._find(str(route.pk))).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=RouteChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Change a route as a whole; without a position it goes to the end."""
        route = self._find(pk)
        organisation = self._configurable(route)
        self._save(organisation, self.read_body(RouteChangeBody), route=route)
        return Response(RouteSerializer(self._find(pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a route; those behind it move up."""
        route = self._find(pk)
        actor = actor_for(self.person, self._configurable(route))
        remove_route(route, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _visible(self) -> QuerySet[Route]:
        own = Organisation.objects.of(self.person).values("pk")
        rows = Route.objects.filter(organisation__in=own)
        return rows.select_related("organisation", "policy").prefetch_related(
            "share_with"
        )

    def _find(self, pk: str) -> Route:
        route = self._visible().filter(pk=pk).first()
        if route is None:
            raise Http404
        return route

    def _configurable(self, route: Route) -> Organisation:
        slug = route.organisation.slug
        return organisation_for(self.person, Action.CONFIGURE, slug=slug)

    def _save(
        self, organisation: Organisation, body: dict[str, Any], *, route: Route | None
    ) -> Route:
        agencies = [agency_named(s, field="share_with") for s in body.pop("share_with")]
        policy = _policy_named(organisation, body.pop("policy"))
        draft = RouteDraft(policy=policy, share_with=agencies, **body)
        actor = actor_for(self.person, organisation)
        return save_route(organisation, draft, route=route, actor=actor, now=read_now())


def _policy_named(organisation: Organisation, slug: str | None) -> Policy | None:
    if slug is None:
        return None
    own = Policy.objects.filter(organisation=organisation, archived_at=None)
    policy = own.filter(slug=slug).first()
    if policy is None:
        known = ", ".join(own.order_by("slug").values_list("slug", flat=True))
        raise BadInput("policy", slug, f"Name one of {known or 'none there are yet'}.")
    return policy
