from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from escalation.oncall.plan import OverridePlan, RotationPlan, SchedulePlan, Unit
from escalation.oncall.timeline import GUTTER, WIDTH, weeks

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NAMES = {1: "Ann", 2: "Bob"}


def plan(zone="UTC", **more):
    rotation = RotationPlan(
        "main", ((1,), (2,)), Unit.DAYS, 1, date(2026, 11, 2), time(0)
    )
    return SchedulePlan(ZoneInfo(zone), (rotation,), **more)


def laid_out(plan_, *, now=NOW, days=7):
    return weeks(plan_, NAMES, now=now, days=days)


def test_thirty_days_are_five_rows():
    assert [week.title for week in laid_out(plan(), days=30)] == [
        "Mon 2 Nov to Sun 8 Nov",
        "Mon 9 Nov to Sun 15 Nov",
        "Mon 16 Nov to Sun 22 Nov",
        "Mon 23 Nov to Sun 29 Nov",
        "Mon 30 Nov to Sun 6 Dec",
    ]


def test_lanes_are_the_layers_the_overrides_and_what_results():
    override = OverridePlan(1, NOW, NOW.replace(day=3, hour=0), (2,))
    [week] = laid_out(plan(overrides=(override,)))
    assert [lane.name for lane in week.lanes] == ["main", "Overrides", "Final"]
    assert [bar.title for bar in week.lanes[1].bars] == [
        "Bob: Mon 2 Nov 12:00 to Tue 3 Nov 00:00"
    ]
    assert [bar.label for bar in week.lanes[2].bars][:3] == ["Ann", "Bob", "Bob"]


def test_bars_fill_the_row_from_side_to_side():
    [week] = laid_out(plan())
    bars = week.lanes[0].bars
    assert bars[0].x == GUTTER
    assert bars[-1].x + bars[-1].width == WIDTH
    assert [bar.shade for bar in bars] == [0, 1, 0, 1, 0, 1, 0]


def test_a_gap_is_a_bar_of_the_final_lane():
    short = RotationPlan(
        "main", ((1,),), Unit.DAYS, 1, date(2026, 11, 2), time(0), date(2026, 11, 5)
    )
    [week] = laid_out(SchedulePlan(ZoneInfo("UTC"), (short,)))
    gap = week.lanes[-1].bars[-1]
    assert (gap.kind, gap.label) == ("gap", "nobody")
    assert gap.title == "nobody: Thu 5 Nov 00:00 to Mon 9 Nov 00:00"
    [week] = laid_out(SchedulePlan(ZoneInfo("UTC"), (short,), fallback=2))
    assert week.lanes[-1].bars[-1].kind == "fallback"


def test_now_is_a_line_in_its_own_row_only():
    first, second = laid_out(plan(), days=14)
    assert (first.now_x, second.now_x) == (GUTTER + round((WIDTH - GUTTER) / 14), None)


def test_a_day_of_25_hours_is_wider():
    now = datetime(2026, 10, 24, 12, tzinfo=UTC)
    [week] = laid_out(plan("Europe/Berlin"), now=now)
    widths = [b.x - a.x for a, b in zip(week.days, week.days[1:], strict=False)]
    assert widths == [126, 132, 126, 127, 126, 127]


def test_a_name_that_does_not_fit_is_cut_or_left_out():
    hourly = RotationPlan(
        "main", ((1,), (2,)), Unit.HOURS, 1, date(2026, 11, 2), time(0)
    )
    [week] = laid_out(SchedulePlan(ZoneInfo("UTC"), (hourly,)))
    assert {bar.label for bar in week.lanes[0].bars} == {""}
