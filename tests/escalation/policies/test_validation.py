from datetime import UTC, datetime
from typing import Any

import pytest

from escalation.policies.findings import Around, Finding, Gap, Person, Reached
from escalation.policies.steps import parse_policy
from escalation.policies.targets import Target
from escalation.policies.validation import validate
from tests import factories as make

DUTY = Target("team", "duty")
ADA = Person("Ada", frozenset({"email"}))
PAGE = make.notify({"team": "duty"})


def check(*steps, around=None, **more: Any) -> list[tuple[str, str, str]]:
    plan = parse_policy({"steps": list(steps), **more})
    around = around or Around("night", {DUTY: Reached((ADA,))})
    return [(f.level, f.where, f.what) for f in validate(plan, around)]


def only(*steps, around=None, **more: Any) -> Finding:
    plan = parse_policy({"steps": list(steps), **more})
    [finding] = validate(plan, around or Around("night", {DUTY: Reached((ADA,))}))
    return finding


def reaching(*people: Person, **more: Any) -> Around:
    return Around("night", {DUTY: Reached(people, **more)})


def branch(value, then, otherwise=()):
    when = [{"field": "severity", "op": ">=", "value": value}]
    return {"kind": "if", "when": when, "then": then, "else": list(otherwise)}


def jump(policy):
    return {"kind": "jump", "policy": policy}


def test_sound_policy_has_no_findings():
    assert check(PAGE, make.wait(5), PAGE, promise_minutes=1) == []


def test_step_behind_a_jump_is_unreachable():
    assert check(jump("other"), PAGE) == [("warning", "2", "unreachable")]


def test_step_behind_branches_that_all_jump_is_unreachable():
    found = check(branch(4, [jump("a")], [jump("b")]), PAGE)
    assert found == [("warning", "2", "unreachable")]


def test_branch_that_is_never_true_is_told_with_what_stands_in_it():
    found = check(branch(4, [branch(5, [PAGE]), branch(2, [PAGE], [PAGE])]))
    assert found == [
        ("warning", "1.2", "never_else"),
        ("warning", "1.2 else 1", "unreachable"),
    ]


def test_jump_that_leads_back_is_an_error_with_its_way():
    around = Around(
        "night", policies={"a": frozenset({"b"}), "b": frozenset({"night"})}
    )
    finding = only(make.wait(5), jump("a"), around=around)
    assert (finding.level, finding.where) == ("error", "2")
    assert finding.message == "It leads back here: a → b → night."


def test_jump_to_itself_is_an_error():
    finding = only(jump("night"), around=Around("night"))
    assert (finding.level, finding.message) == (
        "error",
        "It leads back here: night → night.",
    )


def test_jump_into_a_cycle_of_others_is_not_this_policys_error():
    around = Around("night", policies={"a": frozenset({"b"}), "b": frozenset({"a"})})
    assert check(jump("a"), around=around) == []


def test_clock_that_goes_to_no_step_is_an_error():
    clock = {"what": "resolve_by", "minutes": 60, "on_breach": [{"go_to": "7"}]}
    finding = only(PAGE, clocks=[clock])
    assert (finding.level, finding.where, finding.message) == (
        "error",
        "clocks[0]",
        "There is no step 7; use one of 1.",
    )


def test_errors_come_first():
    levels = [level for level, _, _ in check(jump("night"), PAGE)]
    assert levels == ["error", "warning"]


def test_team_without_members_without_methods_or_with_some():
    bob = Person("Bob")
    assert only(PAGE, around=reaching()).message == "The duty team: nobody is there."
    assert only(PAGE, around=reaching(bob)).message == (
        "Nobody of the duty team has a verified contact method."
    )
    assert only(PAGE, around=reaching(ADA, bob)).message == (
        "Without a verified contact method: Bob."
    )


def test_fallback_without_a_method_is_told_there():
    around = Around(
        "n", {DUTY: Reached((ADA,)), Target("user", "x@y.z"): Reached((Person("X"),))}
    )
    assert check(PAGE, fallback={"user": "x@y.z"}, around=around) == [
        ("warning", "fallback", "nobody_verified")
    ]


def test_gap_of_a_schedule_is_told_with_its_dates():
    gap = Gap(datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    target = Target("schedule", "primary")
    around = Around("night", {target: Reached((ADA,), gaps=(gap,))})
    assert only(make.notify({"schedule": "primary"}), around=around).message == (
        "Nobody is on call in primary in the next 30 days, times in UTC: "
        "23 Nov 08:00 to 24 Nov 00:00."
    )


def test_desk_of_another_gets_only_a_pointer_for_strict_labels():
    target = Target("desk", "naisa")
    desk = Person("naisa desk", frozenset({"email"}))
    around = Around("night", {target: Reached((desk,), is_outside=True)})
    assert only(make.notify({"desk": "naisa"}), around=around).message == (
        "By email a message about TLP:AMBER+STRICT and TLP:AMBER holds only what leads "
        "to the incident, not its title."
    )


def test_calendar_that_never_opens_is_told():
    until = {"kind": "wait_until", "calendar": "office", "state": "open"}
    around = Around("night", calendars={"office": False})
    assert only(until, around=around).message == "The calendar office never opens."
    assert check(until, around=Around("night", calendars={"office": True})) == []


def test_wait_longer_than_the_acknowledgement_timeout_is_told():
    finding = only(PAGE, make.wait(45), ack_timeout_minutes=30)
    assert (finding.where, finding.what) == ("2", "long_wait")


def test_promise_that_cannot_hold_names_the_way():
    steps = branch(4, [PAGE], [make.wait(30), PAGE])
    assert only(steps, promise_minutes=15).message == (
        "The promise of 15 minutes cannot hold. "
        "A human is reached only after 30 minutes unless severity ≥ 4."
    )
    assert check(steps, promise_minutes=30) == []


def test_promise_counts_no_wait_behind_a_step_that_reaches_nobody():
    nobody = make.notify({"team": "nobody"})
    steps = nobody, make.wait(60), PAGE
    found = check(*steps, promise_minutes=5)
    assert found == []


@pytest.mark.parametrize("order", [1, -1])
def test_promise_counts_the_wait_behind_a_machine_that_is_told(order):
    told = [make.notify({"webhook": "chat"}), make.notify({"team": "nobody"})]
    machine = Reached((ADA,), is_human=False)
    around = Around(
        "night", {Target("webhook", "chat"): machine, DUTY: Reached((ADA,))}
    )
    steps = (*told[::order], make.wait(60), PAGE)
    found = check(*steps, around=around, promise_minutes=15)
    assert [what for _, _, what in found] == ["promise"]


def test_promise_fails_where_no_human_is_ever_reached():
    hook = make.notify({"webhook": "chat"})
    around = Around(
        "night",
        {
            Target("webhook", "chat"): Reached((ADA,), is_human=False),
            DUTY: Reached((ADA,)),
        },
    )
    assert only(hook, around=around, promise_minutes=60).message == (
        "The promise of 1 hour cannot hold. No human is reached."
    )
    fallback = {"team": "duty"}
    assert check(hook, around=around, promise_minutes=60, fallback=fallback) == []
