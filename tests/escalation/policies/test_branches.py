import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.policies.steps import PolicyError, parse_policy, to_body

WAIT = {"kind": "wait", "minutes": 1}
WHEN = [{"field": "severity", "op": ">=", "value": 4}]


def branch(then=(), otherwise=()):
    step = {"kind": "if", "when": WHEN}
    if then:
        step["then"] = list(then)
    if otherwise:
        step["else"] = list(otherwise)
    return step


def lists(depth):
    one = st.just(WAIT)
    if depth:
        inner = lists(depth - 1)
        one = st.one_of(one, st.builds(branch, inner, inner))
    return st.lists(one, min_size=1, max_size=2)


def test_steps_of_branches_follow_their_if_and_have_labels():
    nested = branch([WAIT, branch([WAIT])], [WAIT])
    plan = parse_policy({"steps": [WAIT, nested, WAIT]})
    assert plan.labels == ("1", "2", "2.1", "2.2", "2.2.1", "2 else 1", "3")
    assert plan.follows == (1, 6, 3, 6, 6, 6, 7)
    assert [plan.path_at(i) for i in (4, 5)] == [
        "steps[1].then[1].then[0]",
        "steps[1].else[0]",
    ]
    assert (plan.place_of("2 else 1"), plan.label_at(7), plan.count) == (5, "4", 3)


@given(lists(2))
def test_body_is_what_was_read_whatever_stands_in_branches(steps):
    plan = parse_policy({"steps": steps})
    assert to_body(plan) == {"steps": steps}
    assert len(set(plan.labels)) == len(plan.steps)


@given(lists(2))
def test_whoever_follows_ends_behind_the_last_step(steps):
    plan = parse_policy({"steps": steps})
    for index in range(len(plan.steps)):
        assert index < plan.follows[index] <= len(plan.steps)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([branch()], "steps[0].then: nothing is in it"),
        (
            [branch([WAIT, {"kind": "repeat", "from": 1, "rounds": 2}])],
            "steps[0].then[1]: a repeat cannot stand in a branch",
        ),
        (
            [branch([branch([branch([branch([WAIT])])])])],
            "steps[0].then[0].then[0].then[0]: no more than 3 branches",
        ),
        (
            [branch([WAIT]), {"kind": "repeat", "from": 1, "rounds": 2}],
            "steps[1].from: nothing waits in this loop",
        ),
        ([{**branch([WAIT]), "when": []}], "steps[0].when: send a list of 1 to 10"),
    ],
)
def test_branch_that_cannot_be_used_names_place_and_remedy(steps, message):
    with pytest.raises(PolicyError) as caught:
        parse_policy({"steps": steps})
    assert str(caught.value).startswith(message)
