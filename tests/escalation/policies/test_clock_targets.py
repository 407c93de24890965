import pytest

from escalation.policies.clock_targets import (
    ClockTargetError,
    Effect,
    Notice,
    clocks_to_body,
    describe_clock,
    parse_clocks,
    target_for,
)
from escalation.policies.steps import PolicyError, parse_policy, to_body

FULL = {
    "what": "triage_by",
    "side": "other",
    "severity": [4, 5],
    "minutes": 90,
    "calendar": "office",
    "warn": [{"percent": 75}, {"minutes_before": 60}],
    "on_breach": [{"go_to": "3"}, {"raise_severity": 5}, {"notify_role": "approver"}],
    "pause_while_asked": True,
}


def test_a_target_is_read_and_written_back() -> None:
    [target] = parse_clocks([FULL])
    assert (target.what, target.minutes, target.severities) == ("triage_by", 90, (4, 5))
    assert target.warnings == (Notice(percent=75), Notice(minutes_before=60))
    assert target.effects[0] == Effect("go_to", "3")
    assert clocks_to_body([target]) == [
        {
            name: FULL[name]
            for name in (
                "what",
                "minutes",
                "side",
                "severity",
                "calendar",
                "warn",
                "on_breach",
                "pause_while_asked",
            )
        }
    ]


def test_the_target_of_a_severity_is_found() -> None:
    targets = parse_clocks(
        [
            {"what": "acknowledge_by", "minutes": 60, "severity": [0, 1, 2]},
            {"what": "acknowledge_by", "minutes": 15, "severity": [3]},
        ]
    )
    found = [target_for(targets, "acknowledge_by", level) for level in (2, 3, 4)]
    assert [t.minutes if t else None for t in found] == [60, 15, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"what": "x"},
            "clocks[0].what: 'x' cannot be used; use one of acknowledge_by",
        ),
        ({"minutes": 0}, "clocks[0].minutes: 0 cannot be used; send a whole number"),
        ({"minutes": "5"}, "clocks[0].minutes: '5' cannot be used"),
        ({"severity": [6]}, "clocks[0].severity[0]: 6 cannot be used"),
        ({"severity": []}, "clocks[0].severity: it is empty"),
        ({"warn": [{"percent": 100}]}, "clocks[0].warn[0].percent: 100 cannot"),
        ({"warn": [{}]}, "clocks[0].warn[0]: {} cannot be used"),
        ({"on_breach": [{"explode": 1}]}, "clocks[0].on_breach[0]: {'explode': 1}"),
        ({"on_breach": [{"go_to": 3}]}, "clocks[0].on_breach[0].go_to: 3 cannot"),
        ({"calendar": "No Slug"}, "clocks[0].calendar: 'No Slug' cannot be used"),
        ({"pause_while_asked": 1}, "clocks[0].pause_while_asked: 1 cannot be used"),
        ({"colour": "red"}, "clocks[0].colour: not known here; use calendar,"),
    ],
)
def test_a_wrong_target_is_refused_with_place_and_remedy(change, message) -> None:
    with pytest.raises(ClockTargetError) as error:
        parse_clocks([{**FULL, **change}])
    assert str(error.value).startswith(message)


def test_two_targets_for_one_severity_are_refused() -> None:
    both = [{"what": "resolve_by", "minutes": 60}, {"what": "resolve_by", "minutes": 9}]
    with pytest.raises(ClockTargetError, match=r"clocks\[1\].severity: resolve_by has"):
        parse_clocks(both)


def test_a_target_is_said_in_a_sentence() -> None:
    [target] = parse_clocks([FULL])
    assert describe_clock(target) == (
        "The other side: triage within 1 hour 30 minutes of the calendar office at "
        "severity 4, 5; else go to step 3, raise the severity to 5 and notify the role "
        "approver"
    )


def test_a_policy_keeps_its_clocks() -> None:
    steps = [{"kind": "wait", "minutes": 5}]
    clocks = [{"what": "resolve_by", "minutes": 60}]
    body = {"steps": steps, "clocks": clocks}
    assert to_body(parse_policy(body)) == body


def test_a_policy_with_a_wrong_clock_is_refused() -> None:
    body = {"steps": [{"kind": "wait", "minutes": 5}], "clocks": [{"what": "x"}]}
    with pytest.raises(PolicyError, match=r"clocks\[0\]"):
        parse_policy(body)
