import pytest

from escalation.policies.steps import parse_policy
from escalation.policies.timing import Span, describe_span, times
from tests import factories as make

PAGE = make.notify({"team": "duty"})
SEVERE = [{"field": "severity", "op": ">=", "value": 4}]


def branch(then=(), otherwise=()):
    return {"kind": "if", "when": SEVERE, "then": list(then), "else": list(otherwise)}


def found(*steps, **more):
    """Return {label: (least, most)} in minutes; the end is "end"."""
    plan = parse_policy({"steps": list(steps)})
    spans = times(plan, **more)
    labels = (*plan.labels, "end")
    return {
        labels[index]: (
            span.least // 60,
            None if span.most is None else span.most // 60,
        )
        for index, span in spans.items()
    }


def test_waits_add_up():
    assert found(PAGE, make.wait(5), PAGE, make.wait(10)) == {
        "1": (0, 0),
        "2": (0, 0),
        "3": (5, 5),
        "4": (5, 5),
        "end": (15, 15),
    }


def test_after_a_branch_both_ways_count():
    spans = found(branch([make.wait(2)], [make.wait(30), make.wait(5)]), PAGE)
    assert spans["1.1"] == spans["1 else 1"] == (0, 0)
    assert spans["1 else 2"] == (30, 30)
    assert spans["2"] == (2, 35)


def test_empty_branch_goes_straight_on():
    assert found(branch([make.wait(2)]), PAGE)["2"] == (0, 2)


def test_branch_that_is_never_taken_does_not_count():
    steps = branch([make.wait(2)], [make.wait(30)]), PAGE
    assert found(*steps, never={(0, "then")})["2"] == (30, 30)


def test_what_stands_behind_a_repeat_comes_after_all_rounds():
    repeat = {"kind": "repeat", "from": 2, "rounds": 3}
    assert found(make.wait(7), PAGE, make.wait(5), repeat, PAGE)["5"] == (22, 22)


def test_hours_of_a_calendar_have_no_latest_instant():
    until = {"kind": "wait_until", "calendar": "office", "state": "open"}
    assert found(make.wait(5), until, make.wait(5))["3"] == (5, None)
    assert found(make.wait(5), until, make.wait(5))["end"] == (10, None)


def test_behind_a_jump_nothing_is_reached():
    assert found({"kind": "jump", "policy": "other"}, PAGE) == {"1": (0, 0)}


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(0, 0), "at the start"),
        (Span(600, 600), "+10 minutes"),
        (Span(0, 600), "at the start to +10 minutes"),
        (Span(300, 600), "+5 minutes to +10 minutes"),
        (Span(0, None), "when hours begin"),
        (Span(300, None), "+5 minutes or later"),
    ],
)
def test_span_in_words(span, words):
    assert describe_span(span) == words
