"""Say who is on call at an instant, since when and until when, and who is next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from escalation.oncall.plan import SchedulePlan, Shift
from escalation.oncall.shifts import next_shift, shifts
from incidents.models import User

# How far the end of the present shift is looked for.
HORIZON: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Status:
    """Who is on call now and next; `until` is None when it is beyond the horizon."""

    people: tuple[int, ...]
    source: str
    until: datetime | None
    next: Shift | None

    @property
    def everybody(self) -> frozenset[int]:
        """The ids of all that it names."""
        following = self.next.people if self.next else ()
        return frozenset((*self.people, *following))


def status_at(plan: SchedulePlan, at: datetime) -> Status:
    """Return who is on call at an instant."""
    ends_at = at + HORIZON
    lane = shifts(plan, at, ends_at)
    following = next_shift(plan, at)
    if not lane or lane[0].start > at:
        until = lane[0].start if lane else None
        return Status((), "", until, following)
    until = lane[0].end
    for shift in lane[1:]:
        if shift.start > until or set(shift.people) != set(lane[0].people):
            break
        until = shift.end
    people, source = lane[0].people, lane[0].source
    return Status(people, source, until if until < ends_at else None, following)


def people_named(user_ids: Iterable[int]) -> Mapping[int, User]:
    """Return {id: user}, in one statement."""
    return User.objects.in_bulk(set(user_ids))


def people_in(lane: Iterable[Shift]) -> set[int]:
    """Return the ids of everybody in these shifts."""
    return {pk for shift in lane for pk in shift.people}
