"""Dates in the hours that come twice or never."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation.models import DueDate, StatutoryClock
from tests.escalation.duties.clocks.conftest import DutyWorld

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIS2 = "eu-nis2-23"


def counted(
    world: DutyWorld, due: datetime, *, left: timedelta = 24 * HOUR
) -> StatutoryClock:
    """Return a clock of 24 hours that is due then, first looked at when so much is left."""
    world.watch(NIS2)
    incident = world.open()
    world.now = due - left
    world.note(incident, "aware", due - 24 * HOUR)
    return world.clock("early_warning", incident=incident)


@pytest.mark.parametrize("hour", [0, 1])
def test_date_in_the_hour_that_comes_twice_is_not_moved_by_each_look(
    world: DutyWorld, hour: int
):
    due = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    clock = counted(world, due)
    dates = DueDate.objects.count()
    world.look(clock.incident)
    clock.refresh_from_db()
    assert (clock.due_operational, clock.moves) == (due, 0)
    assert DueDate.objects.count() == dates


@pytest.mark.parametrize(
    ("due", "left"),
    [
        # 03:30 in Brussels; half past two there is on no clock.
        (datetime(2027, 3, 28, 1, 30, tzinfo=UTC), HOUR),
        # Noon of that Sunday, which is 23 hours after noon of the day before.
        (datetime(2027, 3, 29, 10, 0, tzinfo=UTC), HOUR),
    ],
)
def test_hour_before_is_an_hour_before_where_the_clocks_go_forward(
    world: DutyWorld, due: datetime, left: timedelta
):
    clock = counted(world, due, left=left + 10 * MINUTE)
    world.forward(minutes=10)
    clock.refresh_from_db()
    assert clock.warned[-1] == "1h"
