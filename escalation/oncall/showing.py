"""What the pages of schedules show: people by name, instants in both times."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from escalation.calendars.wall_clock import local_of, next_change
from escalation.oncall.models import Schedule
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.reach import ways_to_reach
from escalation.oncall.shifts import lanes, shifts
from escalation.oncall.status import Status, people_in
from escalation.oncall.timeline import weeks
from incidents.models import User

DAYS: Final = 30
# Shifts before and after a change of the clocks.
AROUND: Final = timedelta(days=2)


def on_call_box(
    schedule: Schedule, found: Status, people: Mapping[int, User]
) -> dict[str, Any]:
    """Return who would be paged at this instant, by which ways, and who is next."""
    ways = ways_to_reach(schedule.organisation_id, found.people)
    following = found.next
    return {
        "people": [
            {"name": str(people[pk]), "ways": list(ways.get(pk, ()))}
            for pk in found.people
        ],
        "is_fallback": found.source == "fallback",
        "until": found.until,
        "next_at": following.start if following else None,
        "next_names": names_of(following.people, people) if following else [],
    }


def preview_of(
    plan: SchedulePlan, people: Mapping[int, User], *, now: datetime
) -> dict[str, Any]:
    """Return the lanes and the exact instants of a plan, saved or not."""
    end = now + timedelta(days=DAYS)
    names = {pk: str(user) for pk, user in people.items()}
    return {
        "weeks": weeks(plan, names, now=now, days=DAYS),
        "shifts": _instants(plan, people, now, end),
        "change": _change(plan, people, now),
        "zone": str(plan.zone),
    }


def everybody_shown(
    plan: SchedulePlan, found: Status, now: datetime, end: datetime
) -> set[int]:
    """Return the ids of everybody on the page of a schedule."""
    shown = lanes(plan, now - AROUND, end + timedelta(days=7))
    everybody = set(found.everybody) | people_in(shown.final)
    everybody |= people_in(shift for lane in shown.layers for shift in lane)
    everybody |= people_in(shown.overrides)
    change = next_change(now, plan.zone, days=366)
    if change is not None:
        everybody |= people_in(shifts(plan, change - AROUND, change + AROUND))
    return everybody


def gap_of(plan: SchedulePlan, begin: datetime, end: datetime) -> dict[str, Any]:
    """Return a gap in both times."""
    return {
        "start_at": begin,
        "end_at": end,
        "local_start": local_of(begin, plan.zone),
        "local_end": local_of(end, plan.zone),
    }


def names_of(user_ids: Sequence[int], people: Mapping[int, User]) -> list[str]:
    """Return the names, in this order."""
    return [str(people[pk]) for pk in user_ids]


def hours_in(spans: Sequence[tuple[datetime, datetime]]) -> int:
    """Return the hours, rounded up: no gap looks like none."""
    whole = sum((end - begin for begin, end in spans), timedelta())
    return -(-whole // timedelta(hours=1))


def _instants(
    plan: SchedulePlan, people: Mapping[int, User], start: datetime, end: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "start_at": shift.start,
            "end_at": shift.end,
            "local_start": local_of(shift.start, plan.zone),
            "local_end": local_of(shift.end, plan.zone),
            "names": names_of(shift.people, people),
            "is_fallback": shift.source == "fallback",
        }
        for shift in shifts(plan, start, end)
    ]


def _change(
    plan: SchedulePlan, people: Mapping[int, User], now: datetime
) -> dict[str, Any] | None:
    """Return the shifts around the next change of the clocks, None where there is none."""
    at = next_change(now, plan.zone, days=366)
    if at is None:
        return None
    before = local_of(at - timedelta(seconds=1), plan.zone) + timedelta(seconds=1)
    return {
        "at": at,
        "local_before": before,
        "local_after": local_of(at, plan.zone),
        "shifts": _instants(plan, people, at - AROUND, at + AROUND),
    }
