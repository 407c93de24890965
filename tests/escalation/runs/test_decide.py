from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.policies.conditions import Circumstances
from escalation.policies.matchers import IncidentFacts
from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    RepeatStep,
    ShareStep,
    Target,
    WaitStep,
)
from escalation.runs.actions import Notify, Share, Skip, Wait
from escalation.runs.decide import LAST_GRACE, decide
from escalation.runs.situation import Facts, Reason, Recipient, RunState

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PEOPLE = [Target("user", f"{name}@lab.example") for name in "abc"]
AGENCIES = ("naisa", "other", "nowhere")


def reaching(*targets):
    """Return a reach in which each of these targets has one contact method."""
    return {
        (target, False): (Recipient(target.value, number, "email", target.value, 1),)
        for number, target in enumerate(targets, start=1)
    }


def facts_of(*steps, reach=None, **more):
    given_reach = reaching(*PEOPLE) if reach is None else reach
    return Facts(plan=PolicyPlan(steps), reach=given_reach, **more)


def at_severity(level):
    return Circumstances(incident=IncidentFacts("lab", "WGT", level, "", "AMBER"))


def start(index=0, round_number=1, due_at=NOW):
    return RunState(index, round_number, due_at)


PAGE_A, PAGE_B = NotifyStep((PEOPLE[0],)), NotifyStep((PEOPLE[1],))
NOBODY = NotifyStep((Target("team", "empty"),))


@st.composite
def plans(draw):
    """Draw a plan as `parse_policy` lets it through: at most one loop, with a wait."""
    simple = st.one_of(
        st.builds(NotifyStep, st.lists(st.sampled_from(PEOPLE), min_size=1).map(tuple)),
        st.builds(WaitStep, st.integers(1, 7200)),
        st.builds(ShareStep, st.sampled_from(AGENCIES)),
    )
    steps = draw(st.lists(simple, min_size=1, max_size=8))
    waits = [i for i, step in enumerate(steps) if isinstance(step, WaitStep)]
    if waits and draw(st.booleans()):
        wait_at = draw(st.sampled_from(waits))
        place = draw(st.integers(wait_at + 1, len(steps)))
        from_step = draw(st.integers(1, wait_at + 1))
        steps.insert(place, RepeatStep(from_step, draw(st.integers(2, 9))))
    return tuple(steps)


situations = st.builds(
    Facts,
    plan=plans().map(PolicyPlan),
    is_owner=st.booleans(),
    shared_with=st.sets(st.sampled_from(AGENCIES[:2])).map(frozenset),
    agencies=st.just(frozenset(AGENCIES[:2])),
    reach=st.sets(st.sampled_from(PEOPLE)).map(lambda people: reaching(*people)),
)


def unrolled(steps):
    """Write a plan's loop out: [(index, round, step)] as it would go."""
    loop = next((i for i, s in enumerate(steps) if isinstance(s, RepeatStep)), None)
    line = list(enumerate(steps))
    if loop is None:
        return [(i, 1, step) for i, step in line]
    repeat = steps[loop]
    rounds = [
        (i, number, step)
        for number in range(2, repeat.rounds + 1)
        for i, step in line[repeat.from_step - 1 : loop]
    ]
    first = [(i, 1, step) for i, step in line[:loop]]
    last = [(i, repeat.rounds, step) for i, step in line[loop + 1 :]]
    return [*first, *rounds, *last]


def expected(facts):
    """Say slowly what a punctual run does: [(instant, kind of action, index, round)]."""
    at, done, has_missed, has_told = NOW, [], False, False
    # The facts of these tests stay as they are; only within one walk is a share known.
    shared = set()
    for index, number, step in unrolled(facts.plan.steps):
        if isinstance(step, NotifyStep):
            reaches = any((target, False) in facts.reach for target in step.targets)
            done.append((at, Notify if reaches else Skip, index, number))
            has_missed, has_told = has_missed or not reaches, has_told or reaches
        elif isinstance(step, ShareStep):
            known = facts.agencies - facts.shared_with - shared
            shares = step.agency in known and facts.is_owner
            done.append((at, Share if shares else Skip, index, number))
            shared |= {step.agency} if shares else set()
        elif has_missed and not has_told:
            done.append((at, Skip, index, number))
            has_missed = False
        else:
            done.append((at, Wait, index, number))
            at += timedelta(seconds=step.delay_seconds)
            has_missed, has_told, shared = False, False, set()
    return done, at + LAST_GRACE if has_told else at


def walked(facts):
    """Let `decide` run a plan to its end, each tick punctual."""
    run, done, now = start(), [], NOW
    for _ in range(1_000):
        decision = decide(run, facts, now)
        done += [(now, type(a), a.step_index, a.round) for a in decision.actions]
        if decision.next_due_at is None:
            return done, now, decision
        assert decision.next_due_at > now
        now = decision.next_due_at
        run = start(decision.step_index, decision.round, now)
    raise AssertionError("the plan never ends")


@given(situations)
def test_punctual_run_does_what_the_slow_walk_says(facts):
    done, ended_at, last = walked(facts)
    assert (done, ended_at) == expected(facts)
    assert (last.state, last.reason) == ("exhausted", Reason.ALL_TAKEN)


@given(
    situations,
    st.integers(0, 10),
    st.integers(1, 9),
    st.integers(0, 10**6),
    st.sampled_from(
        [
            ({"is_acknowledged": True}, "acknowledged"),
            ({"is_closed": True}, "stopped"),
            ({"is_visible": False}, "stopped"),
        ]
    ),
)
def test_ended_run_does_nothing_more(facts, index, round_number, late, ending):
    why, state = ending
    ended = Facts(plan=facts.plan, reach=facts.reach, agencies=facts.agencies, **why)
    decision = decide(start(index, round_number), ended, NOW + timedelta(seconds=late))
    assert (decision.state, decision.actions, decision.next_due_at) == (state, (), None)
    assert (decision.step_index, decision.round) == (index, round_number)


@pytest.mark.parametrize(
    ("late_seconds", "counted", "ends_after"),
    [(0, "due", 300), (30, "due", 300), (30.001, "ran", 330.001), (7200, "ran", 7500)],
)
def test_wait_counts_from_the_due_instant_unless_over_30_s_late(
    late_seconds, counted, ends_after
):
    facts = facts_of(PAGE_A, WaitStep(300), PAGE_B)
    decision = decide(start(), facts, NOW + timedelta(seconds=late_seconds))
    assert decision.actions[-1] == Wait(1, 1, counted)
    assert decision.next_due_at == NOW + timedelta(seconds=ends_after)


def test_closing_counts_more_than_an_acknowledgement():
    facts = facts_of(PAGE_A, is_closed=True, is_acknowledged=True)
    assert decide(start(), facts, NOW).reason == Reason.CLOSED


def test_nobody_is_waited_for_behind_a_dead_end_even_across_a_share():
    share = ShareStep("naisa")
    facts = facts_of(NOBODY, share, WaitStep(60), PAGE_B, agencies=frozenset({"naisa"}))
    decision = decide(start(), facts, NOW)
    assert decision.actions == (
        Skip(0, 1, Reason.NOBODY, is_dead_end=True),
        Share(1, 1, "naisa"),
        Skip(2, 1, Reason.WAIT_FOR_NOBODY),
        Notify(3, 1, facts.reach[PEOPLE[1], False]),
    )


@pytest.mark.parametrize("steps", [(PAGE_A, NOBODY), (NOBODY, PAGE_A)])
def test_who_was_told_is_waited_for_beside_a_step_that_reaches_nobody(steps):
    decision = decide(start(), facts_of(*steps, WaitStep(60), PAGE_B), NOW)
    assert decision.actions[-1] == Wait(2, 1, "due")
    assert decision.next_due_at == NOW + timedelta(seconds=60)


def test_loop_pages_once_a_round_beside_a_step_that_reaches_nobody():
    facts = facts_of(PAGE_A, NOBODY, WaitStep(60), RepeatStep(1, 5))
    decision = decide(start(), facts, NOW)
    assert [type(action) for action in decision.actions] == [Notify, Skip, Wait]
    assert decision.round == 1


def test_each_contact_method_is_told_once_by_a_step():
    both = NotifyStep((PEOPLE[0], Target("team", "duty")))
    reach = reaching(PEOPLE[0])
    reach[Target("team", "duty"), False] = reach[PEOPLE[0], False]
    decision = decide(start(), facts_of(both, reach=reach), NOW)
    assert [action.recipients for action in decision.actions] == [
        reach[PEOPLE[0], False]
    ]


def test_loop_that_reaches_nobody_ends_at_once():
    facts = facts_of(NOBODY, WaitStep(60), RepeatStep(1, 9), reach={})
    decision = decide(start(), facts, NOW)
    assert (decision.state, len(decision.actions), decision.round) == (
        "exhausted",
        18,
        9,
    )


@pytest.mark.parametrize(
    ("urgency", "severity", "is_urgent"),
    [
        (None, 3, False),
        (None, 4, True),
        ("urgent", 0, True),
        ("normal", 5, False),
    ],
)
def test_page_is_urgent_as_its_step_says_else_by_the_severity(
    urgency, severity, is_urgent
):
    page = NotifyStep((PEOPLE[0],), urgency)
    (way,) = reaching(PEOPLE[0]).values()
    reach = {(PEOPLE[0], is_urgent): way}
    decision = decide(
        start(), facts_of(page, reach=reach, around=at_severity(severity)), NOW
    )
    assert [action.recipients for action in decision.actions] == [way]
