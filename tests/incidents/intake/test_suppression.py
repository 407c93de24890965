from datetime import UTC, datetime, timedelta

import pytest

from incidents.intake.recurrence import (
    RecurrenceError,
    check_recurrence,
    next_after,
    span_at,
    weekly_cron,
)
from incidents.intake.suppression import (
    AlertFacts,
    MatcherError,
    Suppressor,
    describe,
    hold_of,
    matchers_to_body,
    parse_lines,
    parse_matchers,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FACTS = AlertFacts(7, 3, "prod", "Disk full on gpu-7", 2, {"cluster": "a"})


def suppressor(text="", *, by="silence:1", organisation=7, source=None, minutes=5):
    until = NOW + timedelta(minutes=minutes)
    return Suppressor(by, organisation, source, parse_lines(text), until, "because")


@pytest.mark.parametrize(
    ("text", "is_held"),
    [
        ("cluster = a", True),
        ("label:cluster = a", True),
        ("cluster != a", False),
        ("cluster =~ a|b", True),
        ("cluster =~ .", True),
        ("cluster !~ b", True),
        ("host = ", True),
        ("severity <= 2", True),
        ("severity >= 3", False),
        ("title =~ Disk full .*", True),
        ("title =~ Disk", False),
        ("source = prod", True),
        ("cluster = a\nseverity = 3", False),
    ],
)
def test_all_conditions_must_hold(text, is_held):
    assert (hold_of([suppressor(text)], FACTS) is not None) == is_held


def test_another_organisations_or_sources_silence_holds_nothing_back():
    others = [suppressor(organisation=8), suppressor(source=4)]
    assert hold_of(others, FACTS) is None
    assert hold_of([suppressor(source=3)], FACTS) is not None


def test_what_holds_the_longest_counts():
    both = [suppressor(by="silence:1", minutes=9), suppressor(by="silence:2")]
    assert hold_of(both, FACTS).by == "silence:1"


def test_conditions_read_as_they_are_written():
    matchers = parse_lines("cluster = a\nseverity <= 2\nname =~ x=y.*")
    assert describe(matchers) == "cluster = a, severity <= 2, name =~ x=y.*"
    assert parse_matchers(matchers_to_body(matchers)) == matchers
    assert describe(()) == "every alert"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("no", "matchers"),
        ([{"field": "x"}], "matchers[0]"),
        ([{"field": "x", "op": "=", "value": "y"}], "matchers[0].field"),
        ([{"field": "title", "op": ">=", "value": "y"}], "matchers[0].op"),
        ([{"field": "severity", "op": "=~", "value": 1}], "matchers[0].op"),
        ([{"field": "severity", "op": "=", "value": "2"}], "matchers[0].value"),
        ([{"field": "title", "op": "=~", "value": "(?=x)"}], "matchers[0].value"),
        ([{"field": "title", "op": "=", "value": "\x00"}], "matchers[0].value"),
        ([{"field": "title", "op": "=", "value": 3}], "matchers[0].value"),
    ],
)
def test_a_matcher_that_cannot_be_used_names_its_place(body, field):
    with pytest.raises(MatcherError) as caught:
        parse_matchers(body)
    assert caught.value.field == field


def test_a_line_without_a_comparison_is_refused():
    with pytest.raises(MatcherError):
        parse_lines("cluster")


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_on"),
    [
        ("2026-11-23T20:59:59", False),
        ("2026-11-23T21:00:00", True),
        ("2026-11-23T22:59:59", True),
        ("2026-11-23T23:00:00", False),
        ("2026-11-24T21:00:00", False),
    ],
)
def test_a_recurring_window_is_on_from_its_start_until_its_end(at, is_on):
    # Monday 22:00 in Berlin is 21:00 UTC in winter.
    span = span_at("0 22 * * 1", "Europe/Berlin", 120, instant(at))
    assert (span is not None) == is_on


def test_a_window_keeps_its_local_time_when_clocks_change():
    starts = []
    at = instant("2026-10-18T00:00:00")
    for _ in range(2):
        at = next_after("0 22 * * 1", "Europe/Berlin", at)
        starts.append(at)
    assert starts == [instant("2026-10-19T20:00:00"), instant("2026-10-26T21:00:00")]


def test_weekdays_and_a_time_become_an_expression():
    assert weekly_cron(["sun", "mon"], "07:05") == "5 7 * * 1,7"


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: weekly_cron([], "07:05"), "weekdays"),
        (lambda: weekly_cron(["mon"], "24:00"), "time"),
        (lambda: check_recurrence("0 0 31 2 *", "UTC", NOW), "cron"),
        (lambda: check_recurrence("* * * *", "UTC", NOW), "cron"),
        (lambda: check_recurrence("0 0 * * *", "Mars/Base", NOW), "zone"),
        (lambda: check_recurrence("0 0 * * *", "../etc", NOW), "zone"),
        (lambda: check_recurrence("0 0 * * *", "", NOW), "zone"),
    ],
)
def test_a_recurrence_that_cannot_be_used_names_its_field(call, field):
    with pytest.raises(RecurrenceError) as caught:
        call()
    assert caught.value.field == field
