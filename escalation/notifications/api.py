"""Notifications of an incident, and contact methods, over REST."""

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.notifications.channels.registry import CHANNEL_CHOICES
from escalation.notifications.methods import (
    add_contact_method,
    remove_contact_method,
)
from escalation.notifications.models import (
    ContactMethod,
    Notification,
    NotificationStatus,
)
from escalation.notifications.verification import confirm, start_verification
from incidents.errors import BadInput, NotAllowed
from incidents.incident.access import actor_for
from incidents.incident.viewset import IncidentApiViewSet
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action, can, organisations_allowing
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet, OrganisationQuery, StrictSerializer
from incidents.timers.clock import read_now

_WAITING: Final = (NotificationStatus.QUEUED, NotificationStatus.UNKNOWN)


class NotificationSerializer(serializers.Serializer[Any]):
    """One message to one address, sent in your organisation's name."""

    id = serializers.UUIDField(source="uid")
    organisation = serializers.CharField(source="organisation.slug")
    channel = serializers.CharField()
    recipient = serializers.SerializerMethodField()
    address = serializers.CharField()
    purpose = serializers.CharField()
    status = serializers.ChoiceField(NotificationStatus.choices)
    queued_at = serializers.DateTimeField()
    due_at = serializers.SerializerMethodField(help_text="of one that is not ended")
    sent_at = serializers.DateTimeField(allow_null=True)
    digest = serializers.UUIDField(
        source="digest.uid",
        default=None,
        allow_null=True,
        help_text="the message in which it goes with others",
    )
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    step = serializers.SerializerMethodField(help_text="counted from 1")
    round = serializers.IntegerField(allow_null=True)

    def get_recipient(self, row: Notification) -> str:
        """Return the person's or the desk's name."""
        return row.recipient_name or row.address

    def get_due_at(self, row: Notification) -> str | None:
        """Return when it is tried next, with its digest or alone."""
        if row.status not in _WAITING:
            return None
        due_at = row.digest.next_attempt_at if row.digest else row.next_attempt_at
        return serializers.DateTimeField().to_representation(due_at)

    def get_step(self, row: Notification) -> int | None:
        """Return the step of the run that queued it, None without one."""
        is_of_step = row.step_index is not None and row.step_index >= 0
        return (row.step_index or 0) + 1 if is_of_step else None


class ContactMethodSerializer(serializers.Serializer[Any]):
    """A way to reach a person, or an organisation's desk."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    person = serializers.CharField(source="user.email", default=None, allow_null=True)
    slug = serializers.CharField()
    channel = serializers.ChoiceField(CHANNEL_CHOICES)
    address = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class NewContactMethodSerializer(ContactMethodSerializer):
    """A new method; the secret of a webhook is in this answer only."""

    secret = serializers.CharField(allow_null=True)


class ContactMethodBody(StrictSerializer):
    """A way to reach you, or with `desk` your organisation."""

    slug = serializers.SlugField(max_length=60)
    channel = serializers.ChoiceField(CHANNEL_CHOICES)
    address = serializers.CharField(max_length=500)
    desk = serializers.BooleanField(default=False)
    organisation = serializers.SlugField(default="", allow_blank=True)


class CodeBody(StrictSerializer):
    """The code that arrived."""

    code = serializers.CharField(max_length=20)


class NotificationViewSet(IncidentApiViewSet):
    """Who was told of an incident."""

    @extend_schema(responses=NotificationSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def notifications(self, request: Request, ref: str) -> Response:
        """List what went out in your own organisations' name, oldest first."""
        incident, sides = self.find_for_reading()
        rows = Notification.objects.filter(
            incident=incident, organisation__in=[side.pk for side in sides]
        )
        rows = rows.select_related("organisation", "digest").order_by("pk")
        return Response(NotificationSerializer(rows, many=True).data)


class ContactMethodViewSet(ApiViewSet):
    """Your own contact methods, and your organisations' desks."""

    queryset = ContactMethod.objects.none()
    serializer_class = ContactMethodSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List your own methods and desks; administrators see all of theirs."""
        wanted = self.read_query(OrganisationQuery)
        return self.respond_page(
            self._visible().filter(**wanted),
            lambda page: list(ContactMethodSerializer(page, many=True).data),
        )

    @extend_schema(
        request=ContactMethodBody, responses={201: NewContactMethodSerializer}
    )
    def create(self, request: Request) -> Response:
        """Add a method; it is used once it is verified."""
        body = self.read_body(ContactMethodBody)
        is_desk = body.pop("desk")
        organisation = self._organisation(body.pop("organisation"), is_desk=is_desk)
        method, secret = add_contact_method(
            organisation,
            user=None if is_desk else self.person,
            **body,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        shown = {**ContactMethodSerializer(method).data, "secret": secret or None}
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a method."""
        method = self._own(pk)
        actor = actor_for(self.person, method.organisation)
        remove_contact_method(method, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: ContactMethodSerializer})
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Send a code to the method."""
        method = self._own(pk)
        start_verification(method, now=read_now())
        shown = ContactMethodSerializer(method).data
        return Response(shown, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=CodeBody, responses=ContactMethodSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Give the code that arrived; from then on the method is used."""
        method = self._own(pk)
        body = self.read_body(CodeBody)
        method = confirm(
            method,
            code=body["code"],
            actor=actor_for(self.person, method.organisation),
            now=read_now(),
        )
        return Response(ContactMethodSerializer(method).data)

    def _visible(self) -> QuerySet[ContactMethod]:
        own = Organisation.objects.of(self.person).values("pk")
        managed = organisations_allowing(self.person, Action.CONFIGURE)
        shown = Q(user=self.person) | Q(user=None) | Q(organisation__in=managed)
        rows = ContactMethod.objects.filter(
            shown, organisation__in=own, disabled_at=None
        )
        return rows.select_related("organisation", "user")

    def _own(self, pk: str) -> ContactMethod:
        """Return a method that the person may change. Raises Http404, NotAllowed."""
        method = self._visible().filter(pk=pk).first()
        if method is None:
            raise Http404
        is_mine = method.user_id == self.person.pk
        if not is_mine and not can(self.person, Action.CONFIGURE, method.organisation):
            raise NotAllowed
        return method

    def _organisation(self, slug: str, *, is_desk: bool) -> Organisation:
        if is_desk:
            return organisation_for(self.person, Action.CONFIGURE, slug=slug)
        own = {row.slug: row for row in Organisation.objects.of(self.person)}
        if not slug and len(own) == 1:
            return next(iter(own.values()))
        if slug not in own:
            known = (
                ", ".join(sorted(own)) or "none: you are a member of no organisation"
            )
            raise BadInput("organisation", slug, f"Name one of {known}.")
        return own[slug]
