import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.policies.steps import (
    NotifyStep,
    PolicyError,
    PolicyPlan,
    RepeatStep,
    ShareStep,
    Target,
    WaitStep,
    parse_policy,
    to_body,
)

NOTIFY = {"kind": "notify", "targets": [{"team": "duty"}]}
WAIT = {"kind": "wait", "minutes": 15}
BODY = {
    "steps": [
        {
            "kind": "notify",
            "targets": [
                {"user": "duty@aurora.example"},
                {"team": "duty"},
                {"desk": "naisa"},
                {"webhook": "https://pager.aurora.example/in?key=1"},
                {"webhook": "Night pager"},
            ],
        },
        {"kind": "wait", "minutes": 15},
        {"kind": "share", "agency": "naisa"},
        {"kind": "wait", "seconds": 90},
        {"kind": "repeat", "from": 1, "rounds": 3},
    ],
    "ack_timeout_minutes": 30,
    "fallback": {"user": "director@aurora.example"},
}
PLAN = PolicyPlan(
    steps=(
        NotifyStep(
            (
                Target("user", "duty@aurora.example"),
                Target("team", "duty"),
                Target("desk", "naisa"),
                Target("webhook", "https://pager.aurora.example/in?key=1"),
                Target("webhook", "Night pager"),
            )
        ),
        WaitStep(900),
        ShareStep("naisa"),
        WaitStep(90),
        RepeatStep(from_step=1, rounds=3),
    ),
    ack_timeout_minutes=30,
    fallback=Target("user", "director@aurora.example"),
)


def test_policy_is_read_whole():
    assert parse_policy(BODY) == PLAN


def test_to_body_is_what_was_read():
    assert to_body(PLAN) == BODY


def test_steps_know_their_kind():
    kinds = [step.kind for step in PLAN.steps]
    assert kinds == ["notify", "wait", "share", "wait", "repeat"]


def test_shortest_policy_has_no_timeout_and_no_fallback():
    plan = parse_policy({"steps": [NOTIFY]})
    assert plan == PolicyPlan((NotifyStep((Target("team", "duty"),)),), None, None)
    assert to_body(plan) == {"steps": [NOTIFY]}


def test_closing_fallback_step_is_the_policys_fallback():
    step = {"kind": "fallback", "target": {"team": "board"}}
    plan = parse_policy({"steps": [NOTIFY, step]})
    assert plan == parse_policy({"steps": [NOTIFY], "fallback": {"team": "board"}})
    assert plan.fallback == Target("team", "board")


def test_target_named_twice_is_reached_once():
    step = {"kind": "notify", "targets": [{"team": "duty"}, {"team": "duty"}]}
    assert parse_policy({"steps": [step]}).steps == (
        NotifyStep((Target("team", "duty"),)),
    )


def test_steps_may_follow_a_repeat():
    repeat = {"kind": "repeat", "from": 1, "rounds": 2}
    steps = parse_policy({"steps": [NOTIFY, WAIT, repeat, NOTIFY]}).steps
    assert [step.kind for step in steps] == ["notify", "wait", "repeat", "notify"]


def steps(*items):
    return {"steps": list(items)}


def notify(target):
    return steps({"kind": "notify", "targets": [target]})


def repeat(from_step, rounds=2):
    return {"kind": "repeat", "from": from_step, "rounds": rounds}


FALLBACK = {"kind": "fallback", "target": {"team": "board"}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "policy: None is not an object; send one"),
        ({}, "steps: send a list of 1 to 50 steps"),
        (steps(), "steps: send a list of 1 to 50 steps"),
        (steps(*[WAIT] * 51), "steps: send a list of 1 to 50 steps"),
        ({**BODY, "name": "x"}, "name: not known here; use steps, acknowledgement"),
        (
            {**BODY, "ack_timeout_minutes": 0},
            "ack_timeout_minutes: 0 does not fit; use a whole number from 1 to 10080",
        ),
        ({**BODY, "fallback": "x"}, "fallback: 'x' is not an object; send one"),
        (steps("x"), "steps[0]: 'x' is not an object; send one"),
        (
            steps(WAIT, {"kind": "dance"}),
            "steps[1].kind: 'dance' is not possible here; use notify, wait, wait_until, if, ",
        ),
        (steps({"kind": ["wait"]}), "steps[0].kind: ['wait'] is not possible here"),
        (steps(FALLBACK, WAIT), "steps[0].kind: 'fallback' is not possible here"),
        (steps(FALLBACK), "steps[0]: a fallback alone is no path; put a step before"),
        (
            {**steps(WAIT, FALLBACK), "fallback": {"team": "board"}},
            "steps[1]: the fallback is given twice; leave one out",
        ),
        (
            steps(WAIT, {"kind": "fallback", "to": 1}),
            "steps[1].to: not known here; use kind, target",
        ),
        (
            steps(WAIT, {"kind": "fallback"}),
            "steps[1].target: None is not an object; send one",
        ),
        (
            steps(WAIT, WAIT, {"kind": "wait", "minutes": 2.5}),
            "steps[2].minutes: 2.5 does not fit; use a whole number from 1 to 10080",
        ),
        (
            steps({"kind": "wait", "minutes": True}),
            "steps[0].minutes: True does not fit; use a whole number",
        ),
        (
            steps({"kind": "wait", "seconds": 0}),
            "steps[0].seconds: 0 does not fit; use a whole number from 1 to 604800",
        ),
        (steps({"kind": "wait"}), "steps[0]: give either minutes or seconds"),
        (
            steps({"kind": "wait", "minutes": 1, "seconds": 1}),
            "steps[0]: give either minutes or seconds",
        ),
        (
            steps({"kind": "wait", "hours": 1}),
            "steps[0].hours: not known here; use kind, minutes, seconds",
        ),
        (
            steps({"kind": "notify"}),
            "steps[0].targets: send a list of 1 to 20 targets such as",
        ),
        (
            notify({}),
            "steps[0].targets[0]: name exactly one of user, team, round_robin",
        ),
        (
            notify({"team": "a", "user": "b@c"}),
            "steps[0].targets[0]: name exactly one of user, team, round_robin",
        ),
        (
            notify({"pigeon": "a"}),
            "steps[0].targets[0].pigeon: not a target; use user, team, round_robin",
        ),
        (
            notify({"user": "duty"}),
            "steps[0].targets[0].user: 'duty' does not fit; use the e-mail address",
        ),
        (
            notify({"team": "Duty Team"}),
            "steps[0].targets[0].team: 'Duty Team' does not fit; use a team's slug",
        ),
        (
            notify({"desk": 7}),
            "steps[0].targets[0].desk: 7 does not fit; use an organisation's slug",
        ),
        (
            notify({"webhook": "ftp://a.example"}),
            "steps[0].targets[0].webhook: 'ftp://a.example' does not fit; use an https",
        ),
        (
            notify({"webhook": "https://[x"}),
            "steps[0].targets[0].webhook: 'https://[x' does not fit; use an https",
        ),
        (
            steps({"kind": "share", "agency": "NAISA!"}),
            "steps[0].agency: 'NAISA!' does not fit; use an organisation's slug",
        ),
        (
            steps(WAIT, repeat(2)),
            "steps[1].from: 2 does not come before; use a step from 1 to 1",
        ),
        (
            steps(WAIT, repeat(1, rounds=10)),
            "steps[1].rounds: 10 does not fit; use a whole number from 2 to 9",
        ),
        (
            steps(WAIT, NOTIFY, repeat(2)),
            "steps[2].from: nothing waits in this loop; add a wait step",
        ),
        (
            steps(WAIT, repeat(1), repeat(1)),
            "steps[2]: a policy repeats at most once",
        ),
    ],
)
def test_parse_policy_names_place_value_and_remedy(body, message):
    with pytest.raises(PolicyError) as caught:
        parse_policy(body)
    assert str(caught.value).startswith(message)


slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
targets = st.one_of(
    slugs.map(lambda slug: Target("team", slug)),
    slugs.map(lambda slug: Target("desk", slug)),
    slugs.map(lambda slug: Target("user", f"{slug}@a.example")),
    slugs.map(lambda slug: Target("webhook", f"https://{slug}.example/x")),
)
plain_steps = st.one_of(
    st.lists(targets, min_size=1, max_size=4, unique=True).map(
        lambda chosen: NotifyStep(tuple(chosen))
    ),
    st.integers(1, 604_800).map(WaitStep),
    slugs.map(ShareStep),
)
plans = st.builds(
    PolicyPlan,
    steps=st.lists(plain_steps, min_size=1, max_size=8).map(tuple),
    ack_timeout_minutes=st.none() | st.integers(1, 10_080),
    fallback=st.none() | targets,
)


@settings(deadline=None)
@given(plans)
def test_every_plan_survives_the_round_trip(plan):
    assert parse_policy(to_body(plan)) == plan


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = ["kind", "targets", "minutes", "seconds", "agency", "from", "rounds", "target"]
KINDS = ["notify", "wait", "share", "repeat", "fallback"]
likely_steps = st.dictionaries(st.sampled_from(KEYS), json_values).flatmap(
    lambda members: st.sampled_from(KINDS).map(lambda kind: {**members, "kind": kind})
)


@settings(deadline=None)
@given(
    json_values
    | st.fixed_dictionaries(
        {"steps": st.lists(likely_steps | st.just(WAIT) | json_values, max_size=4)}
    )
)
def test_any_body_is_read_or_refused_and_never_anything_else(body):
    try:
        plan = parse_policy(body)
    except PolicyError:
        return
    assert parse_policy(to_body(plan)) == plan
