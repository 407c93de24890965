import time as clock
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.oncall.plan import (
    FixedPlan,
    Mode,
    OverridePlan,
    RotationPlan,
    SchedulePlan,
    Shift,
    Unit,
)
from escalation.oncall.shifts import (
    flattened,
    gaps,
    lanes,
    next_on_call,
    shifts,
    who,
)

BERLIN = ZoneInfo("Europe/Berlin")
ANN, BOB, CAT, DAN = 1, 2, 3, 4


def at(day, hour=0, minute=0, *, month=11):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def rotation(*groups, **more):
    values = {
        "name": "main",
        "unit": Unit.DAYS,
        "length": 1,
        "starts_on": date(2026, 11, 1),
        "handoff": time(9),
        **more,
    }
    return RotationPlan(groups=groups, **values)


def plan(*layers, zone="UTC", **more):
    return SchedulePlan(ZoneInfo(zone), layers, **more)


def spans(found):
    return [(shift.start, shift.end, shift.people) for shift in found]


def test_daily_turns_change_at_the_hand_off():
    found = shifts(plan(rotation((ANN,), (BOB,))), at(2), at(4))
    assert spans(found) == [
        (at(2), at(2, 9), (ANN,)),
        (at(2, 9), at(3, 9), (BOB,)),
        (at(3, 9), at(4), (ANN,)),
    ]


def test_nobody_is_on_call_before_the_start_and_from_the_end_on():
    short = rotation((ANN,), ends_on=date(2026, 11, 3))
    found = shifts(plan(short), at(1), at(9))
    assert spans(found) == [(at(1, 9), at(3, 9), (ANN,))]


def test_daily_hand_off_keeps_its_local_time_over_a_change():
    main = rotation((ANN,), (BOB,), starts_on=date(2026, 10, 24))
    found = shifts(
        plan(main, zone="Europe/Berlin"), at(24, 7, month=10), at(26, 8, month=10)
    )
    assert spans(found) == [
        (at(24, 7, month=10), at(25, 8, month=10), (ANN,)),
        (at(25, 8, month=10), at(26, 8, month=10), (BOB,)),
    ]


def test_hourly_turns_count_elapsed_hours_over_a_change():
    main = rotation(
        (ANN,), (BOB,), unit=Unit.HOURS, length=24, starts_on=date(2026, 10, 24)
    )
    found = shifts(
        plan(main, zone="Europe/Berlin"), at(24, 7, month=10), at(26, 7, month=10)
    )
    assert spans(found) == [
        (at(24, 7, month=10), at(25, 7, month=10), (ANN,)),
        (at(25, 7, month=10), at(26, 7, month=10), (BOB,)),
    ]


def test_hand_off_at_a_skipped_time_happens_when_the_clocks_skip_it():
    main = rotation((ANN,), (BOB,), starts_on=date(2026, 3, 28), handoff=time(2, 30))
    found = shifts(
        plan(main, zone="Europe/Berlin"), at(29, month=3), at(29, 2, month=3)
    )
    assert spans(found) == [
        (at(29, month=3), at(29, 1, month=3), (ANN,)),
        (at(29, 1, month=3), at(29, 2, month=3), (BOB,)),
    ]


def test_hand_off_at_a_time_shown_twice_happens_at_the_first():
    main = rotation((ANN,), (BOB,), starts_on=date(2026, 10, 24), handoff=time(2, 30))
    found = shifts(
        plan(main, zone="Europe/Berlin"), at(25, month=10), at(25, 2, month=10)
    )
    assert spans(found) == [
        (at(25, month=10), at(25, 0, 30, month=10), (ANN,)),
        (at(25, 0, 30, month=10), at(25, 2, month=10), (BOB,)),
    ]


def test_weekly_turns_go_over_the_end_of_february():
    main = rotation((ANN,), (BOB,), length=7, starts_on=date(2028, 2, 24))
    found = shifts(
        plan(main),
        datetime(2028, 2, 24, 9, tzinfo=UTC),
        datetime(2028, 3, 9, 9, tzinfo=UTC),
    )
    assert [shift.start.date() for shift in found] == [
        date(2028, 2, 24),
        date(2028, 3, 2),
    ]


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin():
    nights = rotation(
        (ANN,),
        starts_on=date(2026, 10, 1),
        weekdays=frozenset({4}),
        hours=(time(22), time(6)),
    )
    found = shifts(plan(nights), at(1), at(15))
    assert spans(found) == [
        (at(6, 22), at(7, 6), (ANN,)),
        (at(13, 22), at(14, 6), (ANN,)),
    ]


def test_later_layers_win_where_they_have_somebody():
    base = rotation((ANN,))
    weekend = rotation(
        (BOB,), name="weekend", weekdays=frozenset({5, 6}), handoff=time(0)
    )
    found = shifts(plan(base, weekend), at(6), at(10))
    assert spans(found) == [
        (at(6), at(7), (ANN,)),
        (at(7), at(9), (BOB,)),
        (at(9), at(10), (ANN,)),
    ]


def test_a_turn_without_anybody_shows_the_layer_below():
    base = rotation((CAT,))
    above = rotation((ANN,), (), name="above")
    found = shifts(plan(base, above), at(2, 9), at(4, 9))
    assert spans(found) == [(at(2, 9), at(3, 9), (CAT,)), (at(3, 9), at(4, 9), (ANN,))]


def test_several_people_share_a_turn():
    assert who(plan(rotation((ANN, BOB), (CAT,))), at(1, 12)) == (ANN, BOB)


def test_override_of_everybody_takes_the_whole_time():
    main = rotation((ANN,), (BOB,))
    override = OverridePlan(7, at(2, 6), at(2, 12), (CAT,))
    found = shifts(plan(main, overrides=(override,)), at(2), at(3))
    assert spans(found) == [
        (at(2), at(2, 6), (ANN,)),
        (at(2, 6), at(2, 12), (CAT,)),
        (at(2, 12), at(3), (BOB,)),
    ]
    assert found[1].source == "override:7"


def test_override_of_one_person_leaves_the_others_and_other_turns():
    main = rotation((ANN, BOB), (CAT,))
    override = OverridePlan(7, at(1), at(4), (DAN,), Mode.REPLACE, replaces=ANN)
    found = shifts(plan(main, overrides=(override,)), at(1, 9), at(3, 9))
    assert spans(found) == [
        (at(1, 9), at(2, 9), (DAN, BOB)),
        (at(2, 9), at(3, 9), (CAT,)),
    ]


def test_override_that_fills_leaves_those_who_are_on_call():
    days = rotation((ANN,), hours=(time(8), time(18)), handoff=time(0))
    override = OverridePlan(7, at(2), at(3), (BOB,), Mode.FILL)
    found = shifts(plan(days, overrides=(override,)), at(2), at(3))
    assert spans(found) == [
        (at(2), at(2, 8), (BOB,)),
        (at(2, 8), at(2, 18), (ANN,)),
        (at(2, 18), at(3), (BOB,)),
    ]


def test_later_override_wins_over_an_earlier_one():
    first = OverridePlan(1, at(2), at(4), (BOB,))
    second = OverridePlan(2, at(3), at(5), (CAT,))
    found = shifts(plan(rotation((ANN,)), overrides=(first, second)), at(2), at(6))
    assert spans(found) == [
        (at(2), at(3), (BOB,)),
        (at(3), at(5), (CAT,)),
        (at(5), at(6), (ANN,)),
    ]


def test_override_fills_a_schedule_without_rotations():
    override = OverridePlan(1, at(2), at(4), (BOB,))
    assert spans(shifts(plan(overrides=(override,)), at(1), at(6))) == [
        (at(2), at(4), (BOB,))
    ]


def test_gaps_stay_gaps_when_a_fallback_takes_them():
    days = rotation((ANN,), hours=(time(8), time(18)), handoff=time(0))
    covered = plan(days, fallback=DAN)
    assert spans(shifts(covered, at(2), at(2, 12))) == [
        (at(2), at(2, 8), (DAN,)),
        (at(2, 8), at(2, 12), (ANN,)),
    ]
    assert gaps(covered, at(2), at(3)) == ((at(2), at(2, 8)), (at(2, 18), at(3)))


def test_nobody_is_on_call_in_a_gap_without_fallback():
    assert who(plan(), at(1)) == ()
    assert shifts(plan(), at(1), at(2)) == ()


def test_the_end_of_a_shift_is_not_part_of_it():
    main = plan(rotation((ANN,), (BOB,)))
    assert who(main, at(2, 9) - timedelta(microseconds=1)) == (ANN,)
    assert who(main, at(2, 9)) == (BOB,)


def test_next_on_call_are_the_people_of_the_next_other_shift():
    main = rotation((ANN,), (ANN,), (BOB,), length=30)
    assert next_on_call(plan(main, fallback=DAN), at(2)) == (BOB,)


def test_next_on_call_is_nobody_when_it_is_always_the_same():
    assert next_on_call(plan(rotation((ANN,)), fallback=DAN), at(2)) == ()


def test_shifts_of_a_calendar_are_a_layer():
    fixed = FixedPlan("imported", (Shift(at(2), at(3), (CAT,), "calendar:imported"),))
    found = shifts(plan(rotation((ANN,)), fixed), at(1, 12), at(4))
    assert spans(found) == [
        (at(1, 12), at(2), (ANN,)),
        (at(2), at(3), (CAT,)),
        (at(3), at(4), (ANN,)),
    ]


def test_overlapping_events_are_flattened_to_everybody_together():
    events = [Shift(at(2), at(5), (ANN,), "x"), Shift(at(3), at(4), (BOB,), "x")]
    assert spans(flattened(events)) == [
        (at(2), at(3), (ANN,)),
        (at(3), at(4), (ANN, BOB)),
        (at(4), at(5), (ANN,)),
    ]


def test_lanes_show_each_layer_alone():
    base, above = rotation((ANN,)), rotation((BOB,), name="above")
    override = OverridePlan(7, at(2), at(3), (CAT,))
    found = lanes(plan(base, above, overrides=(override,)), at(2), at(4))
    assert [spans(lane) for lane in found.layers] == [
        [(at(2), at(4), (ANN,))],
        [(at(2), at(4), (BOB,))],
    ]
    assert spans(found.overrides) == [(at(2), at(3), (CAT,))]
    assert spans(found.final) == [(at(2), at(3), (CAT,)), (at(3), at(4), (BOB,))]


def test_a_month_of_three_layers_takes_milliseconds():
    layers = [
        rotation(
            (ANN,),
            (BOB,),
            name=str(n),
            unit=Unit.HOURS,
            length=1,
            hours=(time(n * 8), time(n * 8 + 7)),
        )
        for n in range(3)
    ]
    full = plan(*layers, zone="Europe/Berlin")
    fastest = min(_seconds(full) for _ in range(10))
    # About 2.5 ms for 720 shifts; the bound leaves room for a busy machine.
    assert fastest < 0.02


def _seconds(full):
    begin = clock.perf_counter()
    assert len(shifts(full, at(1, 23), at(1, 23) + timedelta(days=30))) > 500
    return clock.perf_counter() - begin
