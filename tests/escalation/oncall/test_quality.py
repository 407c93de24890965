from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.oncall.plan import RotationPlan, SchedulePlan, Unit
from escalation.oncall.quality import measure

START = datetime(2026, 11, 2, tzinfo=UTC)


def plan(*groups, fallback=None, **more):
    rotation = RotationPlan(
        **{
            "name": "main",
            "groups": groups,
            "unit": Unit.DAYS,
            "length": 1,
            "starts_on": date(2026, 11, 2),
            "handoff": time(0),
            **more,
        }
    )
    return SchedulePlan(ZoneInfo("UTC"), (rotation,), fallback=fallback)


def test_hours_of_everybody_are_counted_and_balanced():
    found = measure(plan((1,), (2,)), START, START + timedelta(days=4))
    assert (found.gap_minutes, found.covered_percent) == (0, 100)
    assert (found.minutes, found.balance_percent) == ({1: 2880, 2: 2880}, 100)


def test_balance_is_what_need_not_change_hands():
    found = measure(plan((1,), (1,), (1,), (2,)), START, START + timedelta(days=4))
    assert (found.minutes, found.balance_percent) == ({1: 4320, 2: 1440}, 75)


def test_people_of_one_turn_have_the_hours_each():
    found = measure(plan((1, 2)), START, START + timedelta(days=1))
    assert found.minutes == {1: 1440, 2: 1440}


def test_a_gap_counts_as_one_although_a_fallback_fills_it():
    days = plan((1,), fallback=9, hours=(time(6), time(18)))
    found = measure(days, START, START + timedelta(days=1))
    assert (found.gap_minutes, found.covered_percent) == (720, 50)
    assert found.minutes == {1: 720}


def test_the_smallest_gap_leaves_less_than_all():
    short = plan((1,), ends_on=date(2026, 11, 30))
    end = datetime(2026, 11, 30, 0, 0, 1, tzinfo=UTC)
    found = measure(short, START, end)
    assert (found.gap_minutes, found.covered_percent) == (1, 99)


def test_a_schedule_of_nobody_is_all_gap():
    found = measure(SchedulePlan(ZoneInfo("UTC"), ()), START, START + timedelta(days=1))
    assert (found.gap_minutes, found.covered_percent) == (1440, 0)
    assert (found.balance_percent, found.minutes) == (100, {})
