import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Lateness, Tick
from incidents.timers.giving_way import (
    CROWD,
    HIGH_MS,
    Turns,
    give_way,
    is_crowd_due,
    is_crowd_near,
    pause_seconds,
)
from incidents.timers.lateness import (
    Summary,
    by_day,
    by_kind,
    fold,
    milliseconds_late,
    note_lateness,
)
from incidents.timers.schedule import NewTimer, add_timer, add_timers
from tests import factories as make
from tests.factories import NOW

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def note(*late_ms: int, what: str = "run.step", at: datetime = NOW) -> None:
    worst = max(late_ms)
    note_lateness("timers", [(what, ms) for ms in late_ms], worst_ms=worst, now=at)


def test_lateness_of_two_batches_adds_up() -> None:
    note(10, 20, 3_000)
    note(30)
    assert by_kind(NOW) == {"run.step": Summary({0: 3, 7: 1}, 3_060, 3_000)}
    assert Lateness.objects.count() == 2


def test_lateness_is_kept_by_kind_and_from_an_instant_on() -> None:
    note(10, at=NOW - timedelta(minutes=1))
    note(20, what="message")
    assert by_kind(NOW) == {"message": Summary({0: 1}, 20, 20)}


def test_lateness_takes_one_statement_however_many() -> None:
    for count in (1, 500):
        with CaptureQueriesContext(connection) as context:
            note(*range(count))
        assert len(context) == 1


def test_what_is_early_counts_as_on_time() -> None:
    assert milliseconds_late(NOW + timedelta(seconds=1), NOW) == 0
    assert milliseconds_late(NOW - timedelta(seconds=1.5), NOW) == 1_500


def test_folding_keeps_every_count_and_the_worst() -> None:
    instants = [NOW - timedelta(hours=hours) for hours in (0, 2, 5, 5.01, 30 * 24)]
    instants += [NOW - timedelta(days=60), NOW - timedelta(days=60, minutes=1)]
    for late, at in enumerate(instants):
        note(late * 1_000, at=at)
    before = by_kind(LONG_AGO), by_day(LONG_AGO)
    fold(NOW)
    fold(NOW)
    assert (by_kind(LONG_AGO), by_day(LONG_AGO)) == before
    spans = Lateness.objects.order_by("began_at").values_list("span", flat=True)
    assert list(spans) == ["day", "hour", "hour", "hour", "minute", "minute"]


def test_folding_forgets_what_is_older_than_the_retention() -> None:
    note(1, at=NOW - timedelta(days=401))
    note(2, at=NOW - timedelta(days=399))
    fold(NOW)
    assert by_kind(LONG_AGO) == {"run.step": Summary({0: 1}, 2, 2)}


def test_nobody_gives_way_while_nothing_is_late() -> None:
    Tick.objects.create(consumer="timers", ran_at=NOW)
    note(HIGH_MS - 1)
    assert pause_seconds(NOW, worked_seconds=0.2) == 0


def test_work_gives_way_to_a_batch_that_was_late_until_that_is_old() -> None:
    Tick.objects.create(consumer="timers", ran_at=NOW)
    note(HIGH_MS)
    assert pause_seconds(NOW, worked_seconds=0.2) == pytest.approx(0.6)
    assert pause_seconds(NOW + timedelta(seconds=3), worked_seconds=0.2) == 0


def test_work_gives_way_to_a_timer_that_waits_but_always_goes_on() -> None:
    add_timer(
        kind="run.step",
        subject_id=1,
        organisation_id=make.lab().pk,
        due_at=NOW - timedelta(seconds=1),
    )
    assert pause_seconds(NOW, worked_seconds=0.1) == pytest.approx(0.3)
    assert pause_seconds(NOW, worked_seconds=60) == 2


def add_timers_due(count: int, *, due_at: datetime) -> None:
    """Make timers that are due together."""
    lab = make.lab().pk
    add_timers(
        [
            NewTimer("run.step", number, organisation_id=lab, due_at=due_at)
            for number in range(count)
        ]
    )


@pytest.mark.parametrize(
    ("count", "due_in", "is_near"),
    [
        (CROWD, timedelta(seconds=0.3), True),
        (CROWD, timedelta(seconds=-4), True),
        (CROWD - 1, timedelta(seconds=0.3), False),
        (CROWD, timedelta(seconds=0.31), False),
        (CROWD, timedelta(seconds=-6), False),
    ],
)
def test_crowd_is_near_when_many_are_due_before_a_batch_would_end(
    count: int, due_in: timedelta, is_near: bool
) -> None:
    add_timers_due(count, due_at=NOW + due_in)
    assert is_crowd_near(NOW, within_seconds=0.3) is is_near


def test_reading_waits_for_a_crowd_no_longer_than_it_worked() -> None:
    add_timers_due(CROWD, due_at=NOW + timedelta(seconds=0.05))
    began = time.monotonic()
    give_way(lambda: NOW, worked_seconds=0.1)
    assert 0.1 <= time.monotonic() - began < 5


def test_storing_pauses_thrice_as_long_as_it_worked_while_a_crowd_is_due() -> None:
    looks: list[float] = []

    def is_due() -> bool:
        looks.append(time.monotonic())
        return True

    began = time.monotonic()
    Turns(is_due).end_piece(0.02)
    assert 0.06 <= time.monotonic() - began < 5
    assert len(looks) > 1


def test_storing_goes_on_as_soon_as_the_crowd_is_through_and_keeps_what_it_earned() -> (
    None
):
    answers = iter([True, False, True, True, True])
    looks: list[bool] = []

    def is_due() -> bool:
        looks.append(next(answers, False))
        return looks[-1]

    turns = Turns(is_due)
    turns.end_piece(0.02)
    assert looks == [True, False]
    turns.end_piece(0.0)
    assert looks == [True, False, True, True, True, False]


def test_storing_never_looks_before_it_has_worked() -> None:
    turns = Turns(lambda: pytest.fail("looked"))
    turns.end_piece(0.0)


@pytest.mark.parametrize(
    ("due", "count", "is_due"),
    [
        ("-1 s", CROWD, True),
        ("-1 s", CROWD - 1, False),
        ("1 min", CROWD, False),
        ("-6 s", CROWD, False),
    ],
)
def test_storing_sees_a_crowd_that_is_due(due: str, count: int, is_due: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() + %s::interval", [due])
        [due_at] = cursor.fetchone()
    add_timers_due(count, due_at=due_at)
    assert is_crowd_due(connection.connection) is is_due
