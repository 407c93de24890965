"""People and teams of your organisations over REST; each change is recorded.

It stands in this slice because it is the lowest that may both record and read the clock.
"""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.events.access import end_role, grant_role, save_team
from incidents.incident.access import actor_for
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Membership, Organisation, Team, User
from incidents.organisations.roles import Action, Role, organisations_allowing
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class MemberSerializer(serializers.Serializer[Any]):
    """One role of one person."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    role = serializers.ChoiceField(Role.choices)
    granted_at = serializers.DateTimeField()


class MemberBody(StrictSerializer):
    """A role to be given; the account is made if there is none."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=200, default="", allow_blank=True)
    role = serializers.ChoiceField(Role.choices)
    organisation = serializers.SlugField(default="", allow_blank=True)


class TeamSerializer(serializers.Serializer[Any]):
    """People who are notified together."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    slug = serializers.CharField()
    name = serializers.CharField()
    members = serializers.SerializerMethodField()

    def get_members(self, team: Team) -> list[str]:
        """Return the e-mail addresses."""
        return sorted(user.email for user in team.members.all())


class TeamBody(StrictSerializer):
    """A team; sent again with the same slug it replaces name and members."""

    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=200)
    members = serializers.ListField(child=serializers.EmailField(), default=list)
    organisation = serializers.SlugField(default="", allow_blank=True)


class MemberViewSet(ApiViewSet):
    """Who is what in your organisations."""

    queryset = Membership.objects.none()
    serializer_class = MemberSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the members of your organisations."""
        wanted = self.read_query(OrganisationQuery)
        rows = _active_members(self.person).filter(**wanted)
        return self.respond_page(rows, _render_members)

    @extend_schema(request=MemberBody, responses={201: MemberSerializer})
    def create(self, request: Request) -> Response:
        """Give a person a role."""
        body = self.read_body(MemberBody)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=body["organisation"]
        )
        email = body["email"].lower()
        _check_not_elsewhere(email, organisation=organisation, admin=self.person)
        membership = grant_role(
            organisation,
            user=_person(email, name=body["name"]),
            role=body["role"],
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        shown = MemberSerializer(membership).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End a role."""
        membership = _active_members(self.person).filter(pk=pk).first()
        if membership is None:
            raise Http404
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=membership.organisation.slug
        )
        actor = actor_for(self.person, organisation)
        end_role(membership, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class TeamViewSet(ApiViewSet):
    """Teams of your organisations."""

    queryset = Team.objects.none()
    serializer_class = TeamSerializer
    write_scope = Scope.CONFIGURE

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the teams of your organisations."""
        wanted = self.read_query(OrganisationQuery)
        own = Organisation.objects.of(self.person).values("pk")
        rows = Team.objects.filter(organisation__in=own, **wanted)
        rows = rows.select_related("organisation").prefetch_related("members")
        return self.respond_page(
            rows, lambda page: list(TeamSerializer(page, many=True).data)
        )

    @extend_schema(request=TeamBody, responses={201: TeamSerializer})
    def create(self, request: Request) -> Response:
        """Make a team, or replace the name and members of the one with this slug."""
        body = self.read_body(TeamBody)
        organisation = organisation_for(
            self.person, Action.CONFIGURE, slug=body["organisation"]
        )
        team = save_team(
            organisation,
            slug=body["slug"],
            name=body["name"],
            members=_people(body["members"], organisation),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(TeamSerializer(team).data, status=status.HTTP_201_CREATED)


def _active_members(user: User) -> Any:
    own = Organisation.objects.of(user).values("pk")
    rows = Membership.objects.filter(organisation__in=own, ended_at=None)
    return rows.select_related("organisation", "user")


def _render_members(rows: Sequence[Membership]) -> list[Any]:
    return list(MemberSerializer(rows, many=True).data)


def _check_not_elsewhere(
    email: str, *, organisation: Organisation, admin: User
) -> None:
    """Raise BadInput for a person of an organisation that the administrator has not.

    Who gets a second organisation sees and answers for both, so it is not for one of
    the two to say; the operator's file may.
    """
    managed = organisations_allowing(admin, Action.CONFIGURE)
    roles = Membership.objects.filter(user__email=email, ended_at=None)
    is_new_here = not roles.filter(organisation=organisation).exists()
    if is_new_here and roles.exclude(organisation__in=managed).exists():
        remedy = (
            "This person belongs to another organisation. Give another address, or ask "
            "the platform's operator to add them."
        )
        raise BadInput("email", email, remedy)


def _person(email: str, *, name: str) -> User:
    """Return the account of this address, made without a password if there is none."""
    user, _ = User.objects.get_or_create(
        email=email, defaults={"name": name, "password": "!"}
    )
    return user


def _people(emails: Sequence[str], organisation: Organisation) -> list[User]:
    wanted = {email.lower() for email in emails}
    members = organisation.memberships.filter(ended_at=None, user__email__in=wanted)
    users = {row.user.email: row.user for row in members.select_related("user")}
    for email in sorted(wanted):
        if email not in users:
            raise BadInput("members", email, f"Name people of {organisation}.")
    return list(users.values())
