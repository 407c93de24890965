import pytest

from escalation.policies.possible import branches_never_taken
from escalation.policies.steps import parse_policy
from tests import factories as make

WAIT = make.wait(5)


def when(field, op, value):
    return {"field": field, "op": op, "value": value}


def branch(conditions, then=(WAIT,), otherwise=()):
    return {
        "kind": "if",
        "when": list(conditions),
        "then": list(then),
        "else": list(otherwise),
    }


def never(*steps):
    plan = parse_policy({"steps": list(steps)})
    return {(plan.labels[index], way) for index, way in branches_never_taken(plan)}


@pytest.mark.parametrize(
    "conditions",
    [
        [when("severity", ">=", 4), when("severity", "<=", 2)],
        [when("severity", "=", 3), when("severity", "!=", 3)],
        [when("category", "=", "WGT"), when("category", "=", "AVL")],
        [when("tlp", "=", "RED"), when("tlp", "!=", "RED")],
        [when("source", "=", "a"), when("source", "=", "b")],
        [when("label:team", "=~", "x.*"), when("label:team", "!~", "x.*")],
        [when("calendar", "=", "office"), when("calendar", "!=", "office")],
        [when("on_call", "!=", "duty"), when("on_call", "=", "duty")],
    ],
)
def test_conditions_that_contradict_are_found(conditions):
    assert never(branch(conditions)) == {("1", "then")}


@pytest.mark.parametrize(
    "conditions",
    [
        [when("severity", ">=", 4), when("severity", "<=", 4)],
        [when("calendar", "=", "office"), when("calendar", "=", "plant")],
        [when("source", "!=", "a"), when("source", "!=", "b")],
        [when("source", "=", "a"), when("source", "=~", "b")],
        [when("clock", "<", 25), when("clock", "<", 50)],
    ],
)
def test_conditions_that_can_hold_together_are_not(conditions):
    assert never(branch(conditions)) == set()


@pytest.mark.parametrize(
    "condition", [when("severity", ">=", 0), when("severity", "<=", 5)]
)
def test_condition_that_always_holds_leaves_no_else(condition):
    assert never(branch([condition])) == {("1", "else")}


def test_branch_is_compared_with_those_around_it():
    inner = branch([when("severity", "<=", 2)])
    assert never(branch([when("severity", ">=", 4)], [inner])) == {("1.1", "then")}
    assert never(branch([when("severity", ">=", 4)], [WAIT], [inner])) == set()
    implied = branch([when("severity", ">=", 3)])
    assert never(branch([when("severity", ">=", 4)], [implied])) == {("1.1", "else")}


def test_else_of_one_condition_is_known_to_fail_it():
    again = branch([when("severity", ">=", 4)])
    outer = branch([when("severity", ">=", 4)], [WAIT], [again])
    assert never(outer) == {("1 else 1", "then")}


def test_else_of_two_conditions_says_nothing_of_either():
    again = branch([when("severity", ">=", 4)])
    both = [when("severity", ">=", 4), when("tlp", "=", "RED")]
    assert never(branch(both, [WAIT], [again])) == set()


def test_hours_may_change_between_two_steps():
    inner = branch([when("calendar", "!=", "office")])
    assert never(branch([when("calendar", "=", "office")], [WAIT, inner])) == set()
