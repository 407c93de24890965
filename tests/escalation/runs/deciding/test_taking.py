from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from escalation.policies.conditions import Circumstances
from escalation.policies.matchers import IncidentFacts
from escalation.policies.steps import parse_policy
from escalation.policies.targets import Target
from escalation.runs.actions import (
    AskDecision,
    Assign,
    Branch,
    Jump,
    Notify,
    RaiseSeverity,
    Skip,
    Wait,
)
from escalation.runs.decide import decide
from escalation.runs.situation import Facts, Reason, Recipient, RunState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PAGE = {"kind": "notify", "targets": [{"user": "a@lab.example"}]}
WAIT = {"kind": "wait", "minutes": 15}
ANN = Recipient("Ann", 1, "email", "a@lab.example", 1, user_id=1)
BOB = Recipient("Bob", 2, "email", "b@lab.example", 1, user_id=2)


def facts_of(*steps, severity=3, reach=(), **more):
    incident = IncidentFacts("lab", "WGT", severity, "", "AMBER")
    around = Circumstances(incident=incident, **more.pop("around", {}))
    people = {("user", "a@lab.example"): (ANN,), ("team", "duty"): (ANN, BOB)}
    people |= {("round_robin", "duty"): (ANN, BOB), ("role", "approver"): (BOB,)}
    found = {
        (Target(*key), is_urgent): ways
        for key, ways in people.items()
        for is_urgent in (True, False)
    }
    plan = parse_policy({"steps": list(steps)})
    return Facts(plan=plan, around=around, reach=found | dict(reach), **more)


def taken(facts, *, now=NOW):
    return decide(RunState(0, 1, now), facts, now).actions


def skipped(facts):
    return [action.reason for action in taken(facts) if isinstance(action, Skip)]


def branch(field, op, value, *, otherwise=()):
    when = [{"field": field, "op": op, "value": value}]
    step = {"kind": "if", "when": when, "then": [PAGE]}
    return {**step, "else": list(otherwise)} if otherwise else step


def test_if_goes_into_its_branch_and_then_behind_it():
    facts = facts_of(branch("severity", ">=", 3, otherwise=[WAIT]), PAGE)
    assert [(type(a), a.step_index) for a in taken(facts)] == [
        (Branch, 0),
        (Notify, 1),
        (Notify, 3),
    ]


def test_if_that_does_not_hold_goes_into_the_other_branch():
    facts = facts_of(branch("severity", ">=", 4, otherwise=[WAIT]), PAGE)
    assert [(type(a), a.step_index) for a in taken(facts)] == [(Skip, 0), (Wait, 2)]
    assert skipped(facts) == [Reason.CONDITION_FALSE]


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("calendar", "=", "office", True),
        ("calendar", "!=", "office", False),
        ("calendar", "=", "closed", False),
        ("calendar", "=", "gone", False),
        ("clock", "<", 25, True),
        ("clock", "<", 20, False),
        ("on_call", "=", "primary", True),
        ("on_call", "!=", "primary", False),
        ("on_call", "!=", "gone", True),
        ("category", "=", "WGT", True),
    ],
)
def test_condition_looks_at_hours_clocks_and_schedules(field, op, value, holds):
    around = {
        "openings": {"office": NOW, "closed": NOW + timedelta(hours=1)},
        "clock_left": 20,
        "on_call": frozenset({"primary"}),
    }
    facts = facts_of(branch(field, op, value), around=around)
    assert isinstance(taken(facts)[0], Branch) is holds


UNTIL = {"kind": "wait_until", "calendar": "office"}


def test_wait_until_looks_again_when_the_hours_begin():
    opens_at = NOW + timedelta(hours=5)
    facts = facts_of(UNTIL, around={"openings": {"office": opens_at}})
    decision = decide(RunState(0, 1, NOW), facts, NOW)
    assert decision.actions == (Wait(0, 1, "opening"),)
    assert (decision.next_due_at, decision.step_index) == (opens_at, 1)


@pytest.mark.parametrize(
    ("openings", "reason"),
    [
        ({"office": NOW}, Reason.OPEN_ALREADY),
        ({"office": None}, Reason.NEVER_OPEN),
        ({}, Reason.NO_CALENDAR),
    ],
)
def test_wait_until_that_has_nothing_to_wait_for_is_skipped(openings, reason):
    facts = facts_of(UNTIL, PAGE, around={"openings": openings})
    assert skipped(facts) == [reason]


def test_raised_severity_is_seen_by_the_steps_behind():
    step = {"kind": "raise_severity", "to": 4}
    facts = facts_of(step, branch("severity", "=", 4))
    assert [type(a) for a in taken(facts)] == [RaiseSeverity, Branch, Notify]


def test_severity_is_raised_by_the_owner_only_and_never_lowered():
    step = {"kind": "raise_severity", "to": 3}
    assert skipped(facts_of(step, severity=2, is_owner=False)) == [
        Reason.NOT_THEIRS_TO_RAISE
    ]
    assert skipped(facts_of(step)) == [Reason.AS_SEVERE_ALREADY]


def test_each_turn_of_a_round_robin_in_one_walk_goes_to_the_next():
    page = {"kind": "notify", "targets": [{"round_robin": "duty"}]}
    told = taken(facts_of(page, page, page))
    assert [a.recipients for a in told] == [(ANN,), (BOB,), (ANN,)]
    assert [a.turns for a in told] == [(("duty", 1),), (("duty", 2),), (("duty", 1),)]


def test_assign_gives_it_to_one_person_and_says_so():
    step = {"kind": "assign", "target": {"team": "duty"}}
    assert taken(facts_of(step)) == (Assign(0, 1, 1, (ANN,)),)


def test_assign_without_anybody_is_skipped_with_the_targets_reason():
    step = {"kind": "assign", "target": {"schedule": "primary"}}
    gap = {Target("schedule", "primary"): Reason.NOBODY_ON_CALL}
    assert skipped(facts_of(step, unreached=gap)) == [Reason.NOBODY_ON_CALL]


def test_decision_is_asked_of_the_approvers():
    step = {"kind": "decision", "regime": "eu-ai-act-73"}
    assert taken(facts_of(step)) == (AskDecision(0, 1, "eu-ai-act-73", (BOB,)),)


ASK = {"kind": "decision", "regime": "eu-ai-act-73"}
NOBODY = {"kind": "notify", "targets": [{"team": "empty"}]}
GIVE_TO_NOBODY = {"kind": "assign", "target": {"team": "empty"}}


@pytest.mark.parametrize("vain", [NOBODY, GIVE_TO_NOBODY])
def test_who_is_asked_for_a_decision_is_waited_for(vain):
    assert taken(facts_of(ASK, vain, WAIT))[-1] == Wait(2, 1, "due")


def test_question_that_reaches_nobody_is_not_waited_for():
    no_approver = {(Target("role", "approver"), False): ()}
    facts = facts_of(ASK, WAIT, reach=no_approver)
    assert [type(action) for action in taken(facts)] == [AskDecision, Skip]
    assert skipped(facts) == [Reason.WAIT_FOR_NOBODY]
    decision = decide(RunState(0, 1, NOW), facts, NOW)
    assert (decision.state, decision.next_due_at) == ("exhausted", None)


def test_who_has_acknowledged_is_no_reason_to_pass_over_a_wait():
    facts = replace(facts_of(PAGE, WAIT), acknowledged_by=frozenset({1}))
    assert taken(facts)[-1] == Wait(1, 1, "due")


JUMP = {"kind": "jump", "policy": "major"}


def test_jump_ends_the_path():
    facts = facts_of(JUMP, PAGE, policies=frozenset({"major"}))
    decision = decide(RunState(0, 1, NOW), facts, NOW)
    assert decision.actions == (Jump(0, 1, "major"),)
    assert (decision.state, decision.reason) == ("jumped", Reason.JUMPED)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, Reason.NO_POLICY),
        (
            {"policies": frozenset({"major"}), "came_from": frozenset({"major"})},
            Reason.BEEN_THERE,
        ),
    ],
)
def test_jump_that_leads_nowhere_or_back_is_skipped(more, reason):
    assert skipped(facts_of(JUMP, PAGE, **more)) == [reason]


def test_who_has_acknowledged_is_not_told_again():
    facts = facts_of({"kind": "notify", "targets": [{"team": "duty"}]}, WAIT)
    facts = replace(facts, acknowledged_by=frozenset({1}))
    assert taken(facts)[0].recipients == (BOB,)
    facts = replace(facts, acknowledged_by=frozenset({1, 2}))
    assert skipped(facts) == [Reason.ACKNOWLEDGED_THERE]


def test_desk_of_an_agency_is_told_only_behind_the_step_that_shares():
    desk = {"kind": "notify", "targets": [{"desk": "naisa"}]}
    way = Recipient("NAISA desk", 9, "email", "duty@naisa.example", 2)
    facts = facts_of(
        desk,
        {"kind": "share", "agency": "naisa"},
        desk,
        WAIT,
        reach={(Target("desk", "naisa"), False): (way,)}.items(),
        agencies=frozenset({"naisa"}),
        may_share_with=frozenset({"naisa"}),
    )
    skip, shared, told, _ = taken(facts)
    assert (skip.reason, shared.agency, told.recipients) == (
        Reason.NO_DESK,
        "naisa",
        (way,),
    )
