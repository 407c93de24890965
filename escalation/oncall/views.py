"""The pages of on-call schedules: who is on call, the lanes of the next 30 days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from escalation.oncall.access import find_schedule, visible_feeds, visible_swaps
from escalation.oncall.editing import drafts_of
from escalation.oncall.forms import (
    FeedForm,
    ImportForm,
    OverrideForm,
    SwapForm,
    members_of,
)
from escalation.oncall.loading import plans_of
from escalation.oncall.models import Schedule, SwapRequest, SwapState
from escalation.oncall.overrides import open_overrides
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.quality import measure
from escalation.oncall.sentences import describe_rotation
from escalation.oncall.shifts import gaps
from escalation.oncall.showing import (
    AROUND,
    DAYS,
    everybody_shown,
    gap_of,
    hours_in,
    names_of,
    on_call_box,
    preview_of,
)
from escalation.oncall.status import Status, people_named, status_at
from incidents.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, can, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_SHOWN_GAPS: Final = 10


@page("GET")
def schedule_list(request: PageRequest) -> HttpResponse:
    """Show who is on call now for each schedule of the reader's organisations."""
    now = read_now()
    rows = Schedule.objects.visible_to(request.user).in_use()
    schedules = list(rows.select_related("organisation"))
    plans = plans_of(schedules, since=now)
    found = {row.pk: status_at(plans[row.pk], now) for row in schedules}
    people = people_named({pk for one in found.values() for pk in one.everybody})
    context = {
        "schedules": [
            _listed(row, plans[row.pk], found[row.pk], people, now) for row in schedules
        ],
        "is_one": len({row.organisation_id for row in schedules}) <= 1,
        "makers": _makers(request.user),
        "swaps": [_swap(s, request.user) for s in _asked_of(request.user, now)],
        "days": DAYS,
    }
    return render(request, "escalation/oncall/list.html", context)


@page("GET")
def schedule_detail(request: PageRequest, pk: int) -> HttpResponse:
    """Show one schedule."""
    return schedule_page(request, find_schedule(request.user, pk))


def schedule_page(
    request: PageRequest, schedule: Schedule, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Return the page; `more` puts the forms of a request that failed on it."""
    now = read_now()
    context = {**_detail(request.user, schedule, now), **more}
    if any(isinstance(form, forms.Form) and form.errors for form in more.values()):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "escalation/oncall/detail.html", context, status=status)


def _makers(user: User) -> Sequence[Organisation]:
    """Return the organisations for which the person may make a schedule."""
    allowed = organisations_allowing(user, Action.CONFIGURE)
    rows = Organisation.objects.filter(pk__in=allowed)
    return list(rows.exclude(kind=OrganisationKind.PLATFORM))


def _listed(
    row: Schedule,
    plan: SchedulePlan,
    found: Status,
    people: Mapping[int, User],
    now: datetime,
) -> dict[str, Any]:
    empty = gaps(plan, now, now + timedelta(days=DAYS))
    return {
        "pk": row.pk,
        "name": row.name,
        "organisation": row.organisation,
        "zone": row.zone,
        "names": names_of(found.people, people),
        "is_fallback": found.source == "fallback",
        "until": found.until,
        "next_at": found.next.start if found.next else None,
        "next_names": names_of(found.next.people, people) if found.next else [],
        "gap_count": len(empty),
        "gap_hours": hours_in(empty),
    }


def _detail(user: User, schedule: Schedule, now: datetime) -> dict[str, Any]:
    end = now + timedelta(days=DAYS)
    plan = plans_of([schedule], since=now - AROUND)[schedule.pk]
    draft = drafts_of([schedule])[schedule.pk]
    found = status_at(plan, now)
    members = members_of(schedule.organisation)
    quality = measure(plan, now, end)
    people = people_named(
        everybody_shown(plan, found, now, end) | quality.minutes.keys()
    )
    can_configure = can(user, Action.CONFIGURE, schedule.organisation)
    names = {member.email: str(member) for member in members}
    empty = gaps(plan, now, end)
    return {
        "schedule": schedule,
        "days": DAYS,
        "box": on_call_box(schedule, found, people),
        "fallback": schedule.fallback,
        "layers": [
            {"name": one.name, "sentence": describe_rotation(one, names)}
            for one in draft.rotations
        ],
        **preview_of(plan, people, now=now),
        "gaps": [gap_of(plan, begin, stop) for begin, stop in empty[:_SHOWN_GAPS]],
        "gap_count": len(empty),
        "gap_rest": max(0, len(empty) - _SHOWN_GAPS),
        "quality": quality,
        "hours": [
            {"name": str(people[pk]), "hours": minutes // 60}
            for pk, minutes in quality.minutes.items()
        ],
        "overrides": [
            _override(row, user, now, can_configure) for row in _open(schedule, now)
        ],
        "swaps": [_swap(row, user) for row in _swaps(user, schedule, now)],
        "calendars": schedule.calendars.defer("text"),
        **_feeds(user, schedule, now),
        "can_configure": can_configure,
        "can_cover": can(user, Action.COVER, schedule.organisation),
        **_forms(user, members, can_configure=can_configure),
    }


def _feeds(user: User, schedule: Schedule, now: datetime) -> dict[str, Any]:
    """Return the addresses in force that the reader may revoke."""
    rows = visible_feeds(user).filter(revoked_at=None, expires_at__gt=now)
    own = rows.filter(schedule=None, organisation=schedule.organisation)
    return {"feeds": rows.filter(schedule=schedule), "own_feeds": own}


def _forms(user: User, members: list[User], *, can_configure: bool) -> dict[str, Any]:
    offered = members if can_configure else [user]
    others = [member for member in members if member != user]
    return {
        "override_form": OverrideForm(
            auto_id="id_override_%s", people=offered, members=members
        ),
        "swap_form": SwapForm(auto_id="id_swap_%s", members=others),
        "feed_form": FeedForm(auto_id="id_feed_%s"),
        "import_form": ImportForm(auto_id="id_import_%s"),
    }


def _override(
    row: Any, user: User, now: datetime, can_configure: bool
) -> dict[str, Any]:
    is_own = row.made_by_id == user.pk and row.swap_id is None
    return {
        "pk": row.pk,
        "start_at": row.start_at,
        "end_at": row.end_at,
        "names": sorted(str(person) for person in row.people.all()),
        "what": row.get_mode_display(),
        "replaces": row.replaces,
        "reason": row.reason,
        "is_now": row.start_at <= now,
        "can_cancel": can_configure or is_own,
    }


def _open(schedule: Schedule, now: datetime) -> Sequence[Any]:
    rows = open_overrides(schedule, now).select_related("replaces")
    return list(rows.prefetch_related("people").order_by("start_at"))


def _swaps(user: User, schedule: Schedule, now: datetime) -> Sequence[SwapRequest]:
    rows = visible_swaps(user).filter(
        schedule=schedule, state=SwapState.OPEN, end_at__gt=now
    )
    return list(rows.order_by("start_at"))


def _asked_of(user: User, now: datetime) -> Sequence[SwapRequest]:
    rows = visible_swaps(user).filter(
        state=SwapState.OPEN,
        end_at__gt=now,
        schedule__archived_at=None,
        organisation__in=organisations_allowing(user, Action.COVER),
    )
    return list(rows.exclude(asked_by=user).order_by("start_at"))


def _swap(row: SwapRequest, user: User) -> dict[str, Any]:
    is_mine = row.asked_by_id == user.pk
    return {
        "row": row,
        "can_accept": not is_mine and row.asked_of_id in (None, user.pk),
        "can_decline": row.asked_of_id == user.pk,
        "can_withdraw": is_mine,
    }
