"""On-call schedules over REST: what they say, and whom they mean."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.oncall.access import find_schedule, require
from escalation.oncall.editing import (
    archive_schedule,
    drafts_of,
    people_of,
    plan_of_draft,
    read_draft,
    save_schedule,
)
from escalation.oncall.loading import plans_of
from escalation.oncall.models import Schedule
from escalation.oncall.plan import SchedulePlan, Shift
from escalation.oncall.quality import measure
from escalation.oncall.reach import ways_to_reach
from escalation.oncall.reading import ScheduleDraft, schedule_to_body
from escalation.oncall.shifts import gaps, lanes, who
from escalation.oncall.status import Status, people_in, people_named, status_at
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation, User
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import (
    ApiViewSet,
    InstantField,
    OrganisationQuery,
    StrictSerializer,
)
from incidents.timers.clock import read_now

MAX_SPAN = timedelta(days=400)
DEFAULT_SPAN = timedelta(days=30)


class ScheduleSerializer(serializers.Serializer[Any]):
    """A schedule as it is written, and who is on call now."""

    id = serializers.IntegerField()
    organisation = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    zone = serializers.CharField()
    fallback = serializers.EmailField(allow_null=True)
    rotations = serializers.ListField(child=serializers.DictField())
    on_call = serializers.ListField(child=serializers.EmailField())


class ShiftSerializer(serializers.Serializer[Any]):
    """People who are on call together for a while."""

    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    people = serializers.ListField(child=serializers.EmailField())
    lane = serializers.CharField()


class SpanSerializer(serializers.Serializer[Any]):
    """A time between two instants."""

    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()


class LayerSerializer(serializers.Serializer[Any]):
    """One rotation or imported calendar, alone."""

    name = serializers.CharField()
    shifts = ShiftSerializer(many=True)


class ShiftsSerializer(serializers.Serializer[Any]):
    """A stretch of a schedule: every lane, its gaps, and its quality."""

    shifts = ShiftSerializer(many=True)
    layers = LayerSerializer(many=True)
    overrides = ShiftSerializer(many=True)
    gaps = SpanSerializer(many=True)
    gap_minutes = serializers.IntegerField()
    covered_percent = serializers.IntegerField()
    balance_percent = serializers.IntegerField()
    minutes = serializers.DictField(child=serializers.IntegerField())


class OnCallPersonSerializer(serializers.Serializer[Any]):
    """Somebody on call, and by which ways they would be paged."""

    email = serializers.EmailField()
    name = serializers.CharField()
    reached_by = serializers.ListField(child=serializers.CharField())


class OnCallSerializer(serializers.Serializer[Any]):
    """Who is on call at an instant, and who is next."""

    at = serializers.DateTimeField()
    people = OnCallPersonSerializer(many=True)
    lane = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    next_people = OnCallPersonSerializer(many=True)
    next_at = serializers.DateTimeField(allow_null=True)


class ScheduleChangeBody(StrictSerializer):
    """What a schedule says; sent as a whole."""

    name = serializers.CharField(max_length=200)
    zone = serializers.CharField(max_length=60)
    fallback = serializers.EmailField(default=None, allow_null=True)
    rotations = serializers.ListField(
        child=serializers.DictField(),
        default=list,
        help_text="{name, unit, every, starts_on, handoff, ends_on, weekdays, hours, people}",
    )


class ScheduleBody(ScheduleChangeBody):
    """A schedule to be made."""

    slug = serializers.SlugField(max_length=60)
    organisation = serializers.SlugField(default="", allow_blank=True)


class SchedulePreviewBody(ScheduleChangeBody):
    """A schedule to be looked at before it is saved."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class SpanQuery(StrictSerializer):
    """From when until when; the next 30 days without them."""

    until = InstantField(default=None)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; `from` is a word of the language."""
        return {"from": InstantField(default=None), **super().get_fields()}


class InstantQuery(StrictSerializer):
    """At which instant; now without it."""

    at = InstantField(default=None)


class ScheduleViewSet(ApiViewSet):
    """Who of your organisations is on call."""

    queryset = Schedule.objects.none()
    serializer_class = ScheduleSerializer
    write_scope: ClassVar[str] = Scope.CONFIGURE
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the schedules in use."""
        wanted = self.read_query(OrganisationQuery)
        rows = Schedule.objects.visible_to(self.person).in_use().filter(**wanted)
        rows = rows.select_related("organisation")
        return self.respond_page(rows, render_schedules)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one schedule."""
        return Response(render_schedules([find_schedule(self.person, pk)])[0])

    @extend_schema(request=ScheduleBody, responses={201: ScheduleSerializer})
    def create(self, request: Request) -> Response:
        """Make a schedule."""
        body = self.read_body(ScheduleBody)
        organisation = self._organisation(body.pop("organisation"))
        slug = body.pop("slug")
        taken = Schedule.objects.in_use().filter(organisation=organisation, slug=slug)
        if taken.exists():
            raise BadInput("slug", slug, "It is taken; change it with PUT.")
        made = self._save(organisation, slug, read_draft(body))
        return Response(render_schedules([made])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=ScheduleChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Change a schedule as a whole; its overrides and calendars stay."""
        schedule = find_schedule(self.person, pk)
        require(self.person, schedule, Action.CONFIGURE)
        draft = read_draft(self.read_body(ScheduleChangeBody))
        self._save(schedule.organisation, schedule.slug, draft)
        return Response(render_schedules([find_schedule(self.person, pk)])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it out of use; not while a policy names it."""
        schedule = find_schedule(self.person, pk)
        require(self.person, schedule, Action.CONFIGURE)
        actor = actor_for(self.person, schedule.organisation)
        archive_schedule(schedule, actor=actor, now=read_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=SchedulePreviewBody,
        parameters=[SpanQuery],
        responses=ShiftsSerializer,
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Show the exact shifts of a schedule that is not saved."""
        start, end = self._span()
        body = self.read_body(SchedulePreviewBody)
        organisation = self._organisation(body.pop("organisation"))
        draft = read_draft(body)
        plan = plan_of_draft(draft, people_of(organisation, draft))
        return Response(render_shifts(plan, start, end))

    @extend_schema(parameters=[SpanQuery], responses=ShiftsSerializer)
    @action(detail=True, methods=["get"])
    def shifts(self, request: Request, pk: str) -> Response:
        """Show who is on call between two instants, lane by lane."""
        schedule = find_schedule(self.person, pk)
        start, end = self._span()
        plan = plans_of([schedule], since=start)[schedule.pk]
        return Response(render_shifts(plan, start, end))

    @extend_schema(parameters=[InstantQuery], responses=OnCallSerializer)
    @action(detail=True, methods=["get"])
    def on_call(self, request: Request, pk: str) -> Response:
        """Show who is on call at an instant, how they would be paged, and who is next."""
        schedule = find_schedule(self.person, pk)
        at = self.read_query(InstantQuery)["at"] or read_now()
        plan = plans_of([schedule], since=at)[schedule.pk]
        return Response(render_status(schedule, status_at(plan, at), at))

    def _organisation(self, slug: str) -> Organisation:
        return organisation_for(self.person, Action.CONFIGURE, slug=slug)

    def _save(
        self, organisation: Organisation, slug: str, draft: ScheduleDraft
    ) -> Schedule:
        actor = actor_for(self.person, organisation)
        return save_schedule(
            organisation, draft, slug=slug, actor=actor, now=read_now()
        )

    def _span(self) -> tuple[datetime, datetime]:
        query = self.read_query(SpanQuery)
        start = query["from"] or read_now()
        end = query["until"] or start + DEFAULT_SPAN
        if not timedelta() < end - start <= MAX_SPAN:
            remedy = f"It must be after `from`, by at most {MAX_SPAN.days} days."
            raise BadInput("until", end.isoformat(), remedy)
        return start, end


def render_schedules(rows: Sequence[Schedule]) -> list[Any]:
    """Return the rows for an answer, with who is on call now."""
    now = read_now()
    drafts, plans = drafts_of(rows), plans_of(rows, since=now)
    present = {row.pk: who(plans[row.pk], now) for row in rows}
    people = people_named(pk for ids in present.values() for pk in ids)
    shown = [
        {
            "id": row.pk,
            "organisation": row.organisation.slug,
            "slug": row.slug,
            **schedule_to_body(drafts[row.pk]),
            "on_call": [people[pk].email for pk in present[row.pk]],
        }
        for row in rows
    ]
    return list(ScheduleSerializer(shown, many=True).data)


def render_shifts(plan: SchedulePlan, start: datetime, end: datetime) -> Any:
    """Return a stretch of a schedule for an answer."""
    found, quality = lanes(plan, start, end), measure(plan, start, end)
    everybody = people_in(
        shift
        for lane in (*found.layers, found.overrides, found.final)
        for shift in lane
    )
    people = people_named(everybody)
    layers = [
        {"name": layer.name, "shifts": _shifts(lane, people)}
        for layer, lane in zip(plan.layers, found.layers, strict=True)
    ]
    shown = {
        "shifts": _shifts(found.final, people),
        "layers": layers,
        "overrides": _shifts(found.overrides, people),
        "gaps": [{"start_at": a, "end_at": b} for a, b in gaps(plan, start, end)],
        "gap_minutes": quality.gap_minutes,
        "covered_percent": quality.covered_percent,
        "balance_percent": quality.balance_percent,
        "minutes": {people[pk].email: n for pk, n in quality.minutes.items()},
    }
    return ShiftsSerializer(shown).data


def render_status(schedule: Schedule, found: Status, at: datetime) -> Any:
    """Return who is on call for an answer."""
    people = people_named(found.everybody)
    ways = ways_to_reach(schedule.organisation_id, found.everybody)
    following = found.next.people if found.next else ()
    shown = {
        "at": at,
        "people": [_person(people[pk], ways) for pk in found.people],
        "lane": found.source,
        "until": found.until,
        "next_people": [_person(people[pk], ways) for pk in following],
        "next_at": found.next.start if found.next else None,
    }
    return OnCallSerializer(shown).data


def _shifts(lane: Sequence[Shift], people: Mapping[int, User]) -> list[dict[str, Any]]:
    return [
        {
            "start_at": shift.start,
            "end_at": shift.end,
            "people": [people[pk].email for pk in shift.people],
            "lane": shift.source,
        }
        for shift in lane
    ]


def _person(user: User, ways: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    reached_by = list(ways.get(user.pk, ()))
    return {"email": user.email, "name": str(user), "reached_by": reached_by}
