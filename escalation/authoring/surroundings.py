"""Read what a policy of one organisation may name, in a fixed number of statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from escalation.calendars.loading import load_calendars
from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import ContactMethod
from escalation.oncall.loading import load_schedules
from escalation.oncall.models import Schedule
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.shifts import gaps, shifts
from escalation.policies.findings import Around, Gap, Person, Reached
from escalation.policies.mentions import jumps_in, targets_in
from escalation.policies.models import Policy
from escalation.policies.steps import PolicyPlan, parse_policy
from escalation.policies.targets import Target
from escalation.policies.versions import versions_in_force
from incidents.models import Membership, Organisation, OrganisationKind, Team

LOOK_AHEAD: Final = timedelta(days=30)
NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the organisation, with roles and the channels of verified methods."""

    id: int
    email: str
    name: str
    roles: frozenset[str]
    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is there: names by slug, so that a form can offer them."""

    organisation: Organisation
    members: Mapping[int, Member]
    teams: Mapping[str, tuple[str, tuple[int, ...]]]
    # {organisation's slug or own webhook's slug: channels}
    desks: Mapping[str, frozenset[str]]
    webhooks: Mapping[str, str]
    schedules: Mapping[str, str]
    calendars: Mapping[str, str]
    policies: Mapping[str, str]
    agencies: Mapping[str, str]
    # Labs that share with it now, for an agency.
    labs: Mapping[str, str]


def load_surroundings(organisation: Organisation) -> Surroundings:
    """Read what the organisation's policies may name."""
    methods = _methods(organisation)
    others = _others(organisation)
    return Surroundings(
        organisation=organisation,
        members=_members(organisation, methods),
        teams=_teams(organisation),
        desks={
            row.slug: _channels(
                m for m in methods if m.user_id is None and m.organisation_id == row.pk
            )
            for row in (organisation, *others)
        },
        webhooks={
            m.slug: m.address
            for m in methods
            if m.user_id is None
            and m.organisation_id == organisation.pk
            and m.channel == "webhook"
        },
        schedules=dict(
            Schedule.objects.in_use()
            .filter(organisation=organisation)
            .order_by("name")
            .values_list("slug", "name")
        ),
        calendars=_named(WorkingCalendar.objects.filter(organisation=organisation)),
        policies=_named(Policy.objects.filter(organisation=organisation)),
        agencies={row.slug: row.name for row in others if row.is_agency},
        labs={row.slug: row.name for row in others if not row.is_agency},
    )


def around_policy(
    plan: PolicyPlan, *, slug: str, there: Surroundings, now: datetime
) -> Around:
    """Return what validation compares a plan with; `slug` is the policy's own."""
    targets = targets_in(plan)
    pk = there.organisation.pk
    slugs = {t.value for t in targets if t.kind in ("schedule", "next_on_call")}
    plans = load_schedules({(pk, one) for one in slugs}, since=now)
    calendars = load_calendars({(pk, one) for one in there.calendars})
    reached = {
        target: _reached(target, there, plans.get((pk, target.value)), now)
        for target in targets
    }
    return Around(
        slug=slug,
        targets=reached,
        calendars={
            name: hours.next_opening(now) is not None
            for (_, name), hours in calendars.items()
        },
        policies=_jumps(there.organisation),
    )


def _methods(organisation: Organisation) -> list[ContactMethod]:
    """Return the verified methods of the organisation, and of others' desks."""
    rows = ContactMethod.objects.usable().filter(
        Q(organisation=organisation) | Q(user=None)
    )
    return list(rows.order_by("slug"))


def _others(organisation: Organisation) -> list[Organisation]:
    """Return the agencies, and the labs that share with this organisation."""
    sharing = Q(
        incidents__shares__agency=organisation, incidents__shares__unshared_at=None
    )
    rows = Organisation.objects.filter(Q(kind=OrganisationKind.AGENCY) | sharing)
    return list(rows.exclude(pk=organisation.pk).distinct().order_by("name"))


def _members(
    organisation: Organisation, methods: Iterable[ContactMethod]
) -> dict[int, Member]:
    by_user: dict[int, list[ContactMethod]] = {}
    for method in methods:
        if method.user_id and method.organisation_id == organisation.pk:
            by_user.setdefault(method.user_id, []).append(method)
    rows = Membership.objects.filter(
        organisation=organisation, ended_at=None, user__is_active=True
    ).select_related("user")
    roles: dict[int, set[str]] = {}
    users = {}
    for row in rows.order_by("user__name", "user__email"):
        users[row.user_id] = row.user
        roles.setdefault(row.user_id, set()).add(row.role)
    return {
        pk: Member(
            pk,
            user.email,
            str(user),
            frozenset(roles[pk]),
            _channels(by_user.get(pk, ())),
        )
        for pk, user in users.items()
    }


def _teams(organisation: Organisation) -> dict[str, tuple[str, tuple[int, ...]]]:
    rows = Team.objects.filter(organisation=organisation).prefetch_related("members")
    return {
        row.slug: (row.name, tuple(user.pk for user in row.members.all()))
        for row in rows.order_by("name")
    }


def _channels(methods: Iterable[ContactMethod]) -> frozenset[str]:
    return frozenset(method.channel for method in methods)


def _named(rows: QuerySet[WorkingCalendar] | QuerySet[Policy]) -> dict[str, str]:
    in_use = rows.filter(archived_at=None).order_by("name")
    return dict(in_use.values_list("slug", "name"))


def _jumps(organisation: Organisation) -> dict[str, frozenset[str]]:
    """Return {policy: those that its version in force may go on with}."""
    in_use = Policy.objects.filter(organisation=organisation, archived_at=None)
    versions = versions_in_force(in_use.values_list("pk", flat=True))
    return {
        row.policy.slug: frozenset(jumps_in(parse_policy(row.body)))
        for row in versions.values()
    }


def _reached(
    target: Target, there: Surroundings, plan: SchedulePlan | None, now: datetime
) -> Reached:
    if target.kind in ("schedule", "next_on_call"):
        return _on_call(plan, there, now)
    if target.kind == "desk":
        own = there.organisation.slug
        person = Person(f"desk of {target.value}", there.desks.get(target.value, NONE))
        return Reached((person,), is_outside=target.value != own)
    if target.kind == "webhook":
        is_there = target.value in (*there.webhooks, *there.webhooks.values())
        return Reached(
            (Person(target.value, frozenset({"webhook"} if is_there else ())),),
            is_human=False,
        )
    people = [
        Person(member.name, member.channels)
        for member in there.members.values()
        if _is_meant(member, target, there)
    ]
    return Reached(tuple(people))


def _is_meant(member: Member, target: Target, there: Surroundings) -> bool:
    if target.kind == "user":
        return member.email == target.value.lower()
    if target.kind == "role":
        return target.value in member.roles
    return member.id in there.teams.get(target.value, ("", ()))[1]


def _on_call(plan: SchedulePlan | None, there: Surroundings, now: datetime) -> Reached:
    if plan is None:
        return Reached()
    end = now + LOOK_AHEAD
    ids = {pk for shift in shifts(plan, now, end) for pk in shift.people}
    people = [
        Person(member.name, member.channels)
        for member in there.members.values()
        if member.id in ids
    ]
    # Somebody stands in for gaps: those are told on the schedule's own page.
    free = gaps(plan, now, end) if plan.fallback is None else ()
    return Reached(tuple(people), gaps=tuple(Gap(*one) for one in free))
