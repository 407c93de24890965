"""Notification rules over REST."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.notifications.models import NotificationRules
from escalation.notifications.paged_now import paged_now
from escalation.notifications.rule_editing import forget_rules, save_rules
from escalation.notifications.rules import DAYS, DIGEST_AFTER, DIGEST_MINUTES
from incidents.errors import BadInput, NotAllowed
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now


class LineBody(StrictSerializer):
    """One contact method of a list, and its delay."""

    method = serializers.CharField(max_length=60, help_text="a contact method's slug")
    after_minutes = serializers.IntegerField(default=0)


class QuietBody(StrictSerializer):
    """Local times; `days` are those on which it begins."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; one has a name that Python reserves."""
        fields = super().get_fields()
        first = serializers.CharField(max_length=5, help_text="such as 22:00")
        return {"from": first, **fields}

    to = serializers.CharField(max_length=5, help_text="such as 07:00")
    days = serializers.ListField(child=serializers.CharField(), default=list(DAYS))


class RulesChangeBody(StrictSerializer):
    """All rules of one person; what is left out is as without rules."""

    normal = LineBody(many=True, default=list)
    urgent = LineBody(many=True, default=list)
    zone = serializers.CharField(max_length=64, default="UTC")
    quiet = QuietBody(allow_null=True, default=None)
    digest_after = serializers.IntegerField(default=DIGEST_AFTER)
    digest_minutes = serializers.IntegerField(default=DIGEST_MINUTES)


class RulesBody(RulesChangeBody):
    """Your own rules in one organisation."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class RulesSerializer(serializers.Serializer[Any]):
    """How a person is paged, and what that would mean now."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    person = serializers.CharField(source="user.email")
    normal = serializers.ListField(child=serializers.DictField())
    urgent = serializers.ListField(child=serializers.DictField())
    zone = serializers.CharField()
    quiet = serializers.DictField(allow_null=True)
    digest_after = serializers.IntegerField()
    digest_minutes = serializers.IntegerField()
    paged_now = serializers.SerializerMethodField()

    def get_paged_now(self, row: NotificationRules) -> dict[str, str]:
        """Return what a normal and an urgent page would do now, in words."""
        said = self.context["paged_now"][row.organisation_id, row.user_id]
        return {"normal": said.normal, "urgent": said.urgent}


class NotificationRulesViewSet(ApiViewSet):
    """How you are paged; administrators may read it of their members."""

    queryset = NotificationRules.objects.none()
    serializer_class = RulesSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List your rules; administrators see those of all members."""
        wanted = self.read_query(OrganisationQuery)
        return self.respond_page(self._visible().filter(**wanted), _render)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one person's rules."""
        return Response(_render([self._find(pk)])[0])

    @extend_schema(request=RulesBody, responses={201: RulesSerializer})
    def create(self, request: Request) -> Response:
        """Set your rules in an organisation for the first time."""
        body = self.read_body(RulesBody)
        organisation = self._own_organisation(body.pop("organisation"))
        if NotificationRules.objects.filter(
            organisation=organisation, user=self.person
        ).exists():
            remedy = "You have rules there; change them with PUT."
            raise BadInput("organisation", organisation.slug, remedy)
        shown = self._save(organisation, body)
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=RulesChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Replace your rules; pages on their way keep their instants."""
        row = self._mine(pk)
        return Response(self._save(row.organisation, self.read_body(RulesChangeBody)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove your rules: every method is used at once again."""
        row = self._mine(pk)
        actor = actor_for(self.person, row.organisation)
        forget_rules(row, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _visible(self) -> QuerySet[NotificationRules]:
        own = Organisation.objects.of(self.person).values("pk")
        managed = organisations_allowing(self.person, Action.CONFIGURE)
        shown = Q(user=self.person) | Q(organisation__in=managed)
        rows = NotificationRules.objects.filter(shown, organisation__in=own)
        return rows.select_related("organisation", "user")

    def _find(self, pk: str) -> NotificationRules:
        row = self._visible().filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    def _mine(self, pk: str) -> NotificationRules:
        row = self._find(pk)
        if row.user_id != self.person.pk:
            raise NotAllowed
        return row

    def _own_organisation(self, slug: str) -> Organisation:
        own = {row.slug: row for row in Organisation.objects.of(self.person)}
        if not slug and len(own) == 1:
            return next(iter(own.values()))
        if slug not in own:
            known = ", ".join(sorted(own)) or "none: you belong to no organisation"
            raise BadInput("organisation", slug, f"Name one of {known}.")
        return own[slug]

    def _save(self, organisation: Organisation, body: dict[str, Any]) -> Any:
        row = save_rules(
            organisation,
            self.person,
            body,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return _render([row])[0]


def _render(rows: list[NotificationRules]) -> list[Any]:
    people = [(row.organisation_id, row.user_id) for row in rows]
    context = {"paged_now": paged_now(people, at=read_now())}
    return list(RulesSerializer(rows, many=True, context=context).data)
