"""Overrides and swaps over REST."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.oncall.access import (
    find_in_organisation,
    require,
    require_cancel,
    require_cover,
    visible_overrides,
    visible_swaps,
)
from escalation.oncall.editing import members_named
from escalation.oncall.models import (
    Override,
    OverrideMode,
    Schedule,
    SwapRequest,
    SwapState,
)
from escalation.oncall.overrides import OverrideDraft, cancel_override, make_override
from escalation.oncall.swaps import (
    SwapDraft,
    accept_swap,
    decline_swap,
    request_swap,
    withdraw_swap,
)
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import User
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.rest import ApiViewSet, InstantField, StrictSerializer
from incidents.timers.clock import read_now


class OverrideSerializer(serializers.Serializer[Any]):
    """Other people on call for a while."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    schedule = serializers.CharField(source="schedule.slug")
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    mode = serializers.ChoiceField(OverrideMode.choices)
    people = serializers.SerializerMethodField()
    replaces = serializers.EmailField(
        source="replaces.email", default=None, allow_null=True
    )
    reason = serializers.CharField()
    made_by = serializers.EmailField(
        source="made_by.email", default=None, allow_null=True
    )
    made_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)

    def get_people(self, override: Override) -> list[str]:
        """Return the e-mail addresses."""
        return sorted(user.email for user in override.people.all())


class CoverBody(StrictSerializer):
    """A time in a schedule."""

    organisation = serializers.SlugField(default="", allow_blank=True)
    schedule = serializers.SlugField()
    start_at = InstantField()
    end_at = InstantField()
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class OverrideBody(CoverBody):
    """An override to be made."""

    people = serializers.ListField(child=serializers.EmailField())
    mode = serializers.ChoiceField(OverrideMode.choices, default=OverrideMode.WHOLE)
    replaces = serializers.EmailField(default=None, allow_null=True)


class SwapSerializer(serializers.Serializer[Any]):
    """A request to be relieved for a while."""

    id = serializers.IntegerField()
    organisation = serializers.CharField(source="organisation.slug")
    schedule = serializers.CharField(source="schedule.slug")
    asked_by = serializers.EmailField(source="asked_by.email")
    asked_of = serializers.EmailField(
        source="asked_of.email", default=None, allow_null=True
    )
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    return_start_at = serializers.DateTimeField(allow_null=True)
    return_end_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    state = serializers.ChoiceField(SwapState.choices)
    answered_by = serializers.EmailField(
        source="answered_by.email", default=None, allow_null=True
    )
    answered_at = serializers.DateTimeField(allow_null=True)


class SwapBody(CoverBody):
    """A swap to be asked for: by name with a time in return, or by anybody without."""

    asked_of = serializers.EmailField(default=None, allow_null=True)
    return_start_at = InstantField(default=None, allow_null=True)
    return_end_at = InstantField(default=None, allow_null=True)


class ScheduleQuery(StrictSerializer):
    """Narrow a list to one schedule."""

    schedule = serializers.SlugField(source="schedule__slug", required=False)


class OverrideViewSet(ApiViewSet):
    """Overrides of the schedules of your organisations."""

    queryset = Override.objects.none()
    serializer_class = OverrideSerializer
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("-start_at", "-id")

    @extend_schema(parameters=[ScheduleQuery])
    def list(self, request: Request) -> Response:
        """List overrides, the latest first; also what is over or taken back."""
        wanted = self.read_query(ScheduleQuery)
        rows = visible_overrides(self.person).filter(**wanted)
        return self.respond_page(rows, _render_overrides)

    @extend_schema(request=OverrideBody, responses={201: OverrideSerializer})
    def create(self, request: Request) -> Response:
        """Put others on call for a while; without being administrator: yourself."""
        body = self.read_body(OverrideBody)
        schedule = _schedule(self.person, body)
        people = [_member(schedule, email, "people") for email in body["people"]]
        require_cover(self.person, schedule, people)
        replaces = body["replaces"] and _member(schedule, body["replaces"], "replaces")
        draft = OverrideDraft(
            start_at=body["start_at"],
            end_at=body["end_at"],
            people=list(dict.fromkeys(people)),
            mode=body["mode"],
            replaces=replaces,
            reason=body["reason"],
        )
        actor = actor_for(self.person, schedule.organisation)
        override = make_override(
            schedule, draft, user=self.person, actor=actor, now=read_now()
        )
        shown = OverrideSerializer(override).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it back from now on; what has been stays."""
        override = visible_overrides(self.person).filter(pk=pk).first()
        if override is None:
            raise Http404
        require_cancel(self.person, override)
        actor = actor_for(self.person, override.schedule.organisation)
        cancel_override(override, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SwapViewSet(ApiViewSet):
    """Requests to swap shifts in your organisations."""

    queryset = SwapRequest.objects.none()
    serializer_class = SwapSerializer
    lookup_value_regex = "[0-9]{1,18}"
    ordering = ("-id",)

    @extend_schema(parameters=[ScheduleQuery])
    def list(self, request: Request) -> Response:
        """List requests, the newest first."""
        wanted = self.read_query(ScheduleQuery)
        rows = visible_swaps(self.person).filter(**wanted)
        return self.respond_page(
            rows, lambda page: list(SwapSerializer(page, many=True).data)
        )

    @extend_schema(request=SwapBody, responses={201: SwapSerializer})
    def create(self, request: Request) -> Response:
        """Ask to be relieved while you are on call."""
        body = self.read_body(SwapBody)
        schedule = _schedule(self.person, body)
        asked_of = body["asked_of"] and _member(schedule, body["asked_of"], "asked_of")
        names = ("start_at", "end_at", "return_start_at", "return_end_at", "reason")
        draft = SwapDraft(asked_of=asked_of, **{name: body[name] for name in names})
        actor = actor_for(self.person, schedule.organisation)
        swap = request_swap(
            schedule, draft, user=self.person, actor=actor, now=read_now()
        )
        shown = SwapSerializer(swap).data
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=SwapSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take the shift over, and give the one in return."""
        return self._answer(pk, accept_swap)

    @extend_schema(request=None, responses=SwapSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Say no to a request that asks you by name."""
        return self._answer(pk, decline_swap)

    @extend_schema(request=None, responses=SwapSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take your own request back."""
        return self._answer(pk, withdraw_swap)

    def _answer(self, pk: str, answer: Callable[..., SwapRequest]) -> Response:
        swap = visible_swaps(self.person).filter(pk=pk).first()
        if swap is None:
            raise Http404
        require(self.person, swap.schedule, Action.COVER)
        actor = actor_for(self.person, swap.schedule.organisation)
        swap = answer(swap, user=self.person, actor=actor, now=read_now())
        return Response(SwapSerializer(swap).data)


def _schedule(person: User, body: dict[str, Any]) -> Schedule:
    """Return the schedule that a body names, after the person's right to cover."""
    organisation = organisation_for(person, Action.COVER, slug=body["organisation"])
    return find_in_organisation(organisation, body["schedule"])


def _member(schedule: Schedule, email: str, field: str) -> User:
    found = members_named(schedule.organisation, [email])
    if email.lower() not in found:
        raise BadInput(field, email, f"Name people of {schedule.organisation}.")
    return found[email.lower()]


def _render_overrides(rows: Sequence[Override]) -> list[Any]:
    return list(OverrideSerializer(rows, many=True).data)
