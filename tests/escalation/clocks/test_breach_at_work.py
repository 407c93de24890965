"""A breach goes to a step, and tells a role, through the whole loop."""

from datetime import timedelta

import pytest

from escalation.models import Notification, Run, RunState
from escalation.runs.hand_over import HandOver, hand_over
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.models import Timer
from tests import factories as make
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
ACK = {"what": "acknowledge_by", "minutes": 10}
UPDATE = {"what": "first_update_by", "minutes": 10}


def path_to_the_boss(world, *clocks):
    """Page duty, wait 60 minutes, page the boss; with clocks."""
    boss = make.person(world.lab, "boss@aurora.example", role="approver")
    make.contact(world.lab, boss)
    path = make.policy(
        world.lab,
        make.notify({"user": world.duty.email}),
        make.wait(60),
        make.notify({"user": boss.email}),
        make.wait(60),
        clocks=list(clocks),
    )
    make.route(world.lab, path, is_default=True)


def addresses(*purposes):
    rows = Notification.objects.filter(purpose__in=purposes).order_by("pk")
    return list(rows.values_list("address", flat=True))


def test_a_breach_sends_the_path_on_to_its_step(world):
    path_to_the_boss(world, {**ACK, "on_breach": [{"go_to": "3"}]})
    world.open()
    world.forward(9)
    assert addresses("page") == ["duty@aurora.example"]
    world.forward(2)
    assert addresses("page") == ["duty@aurora.example", "boss@aurora.example"]
    run = Run.objects.get()
    assert (run.state, run.round) == (RunState.ACTIVE, 1)
    # The wait that was cut short pages nobody again.
    world.forward(55)
    assert addresses("page") == ["duty@aurora.example", "boss@aurora.example"]
    assert not Timer.objects.filter(kind="run.clock_effect").exists()


def test_a_step_that_was_taken_is_taken_again_in_another_round(world):
    path_to_the_boss(world, {**ACK, "on_breach": [{"go_to": "1"}]})
    world.open()
    world.forward(11)
    assert addresses("page") == ["duty@aurora.example"] * 2
    assert Run.objects.get().round == 2


def test_steps_behind_one_that_was_gone_back_to_page_once_more(world):
    second, boss = (
        make.person(world.lab, f"{name}@aurora.example") for name in ("second", "boss")
    )
    make.contact(world.lab, second)
    make.contact(world.lab, boss)
    steps = [
        step
        for user in (world.duty, second, boss)
        for step in (make.notify({"user": user.email}), make.wait(60))
    ]
    clocks = [
        {**ACK, "on_breach": [{"go_to": "5"}]},
        {**UPDATE, "minutes": 20, "on_breach": [{"go_to": "3"}]},
    ]
    path = make.policy(world.lab, *steps, clocks=clocks)
    make.route(world.lab, path, is_default=True)
    world.open()
    Notification.objects.update(status="sent", first_attempt_at=NOW, attempts=1)
    world.forward(21)
    assert addresses("page") == [
        f"{name}@aurora.example" for name in ("duty", "boss", "second")
    ]
    Notification.objects.update(status="sent", first_attempt_at=NOW, attempts=1)
    world.forward(61)
    assert addresses("page")[3:] == ["boss@aurora.example"]


def test_an_acknowledged_path_stays_so_and_the_steps_people_are_told(world):
    path_to_the_boss(world, {**UPDATE, "on_breach": [{"go_to": "3"}]})
    incident = world.open()
    world.acknowledge(incident)
    world.forward(11)
    assert addresses("page") == ["duty@aurora.example"]
    assert "boss@aurora.example" in addresses("overdue")
    assert Run.objects.get().state == RunState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"kind": "assign", "target": {"user": "boss@aurora.example"}}, "boss"),
        (make.wait(5), "desk"),
    ],
)
def test_the_step_of_an_acknowledged_path_tells_whomever_it_names_else_the_desk(
    world, step, told
):
    make.contact(world.lab, make.person(world.lab, "boss@aurora.example"))
    steps = make.notify({"user": world.duty.email}), make.wait(60), step
    clock = {**UPDATE, "on_breach": [{"go_to": "3"}]}
    path = make.policy(world.lab, *steps, clocks=[clock])
    make.route(world.lab, path, is_default=True)
    world.acknowledge(world.open())
    world.forward(11)
    # Whoever has it hears of the clock itself.
    assert addresses("overdue") == ["duty@aurora.example", f"{told}@aurora.example"]


def test_a_path_that_is_over_and_acknowledged_stays_over(world):
    path_to_the_boss(world, {**UPDATE, "minutes": 150, "on_breach": [{"go_to": "3"}]})
    incident = world.open()
    Notification.objects.update(status="sent", first_attempt_at=NOW, attempts=1)
    world.forward(61)
    Notification.objects.update(status="sent", first_attempt_at=NOW, attempts=1)
    world.forward(60)
    world.acknowledge(incident)
    world.forward(31)
    assert Run.objects.get().state == RunState.EXHAUSTED
    assert said(world, "run.started") == [STARTED]
    assert said(world, "run.not_sent_on") == [
        "Give a first update is overdue; somebody has acknowledged"
    ]
    assert addresses("overdue") == ["duty@aurora.example", "boss@aurora.example"]


STARTED = "no route matched: default route"


def said(world, kind):
    """Return the reasons of the entries of a kind, oldest first."""
    items = timeline(world.incidents[0], [world.lab.pk])
    return [item.data["reason"] for item in items if item.kind == kind]


def jumping_path(world, *clocks):
    """Page duty, 5 minutes later go on with a policy that has no clocks."""
    boss = make.person(world.lab, "boss@aurora.example")
    make.contact(world.lab, boss)
    page = make.notify({"user": world.duty.email})
    make.policy(world.lab, page, make.wait(60), page, slug="major")
    steps = page, make.wait(5), {"kind": "jump", "policy": "major"}
    path = make.policy(
        world.lab, *steps, make.notify({"user": boss.email}), clocks=list(clocks)
    )
    make.route(world.lab, path, is_default=True)


def test_a_clock_follows_the_newest_run_also_to_a_policy_without_clocks(world):
    jumping_path(world, ACK)
    world.open()
    world.forward(6)
    assert world.clock("acknowledge_by").run == Run.objects.get(state="active")


def test_a_step_of_a_policy_that_is_no_longer_at_work_only_tells_its_people(world):
    jumping_path(world, {**ACK, "on_breach": [{"go_to": "4"}]})
    world.open()
    world.forward(11)
    run = Run.objects.get(state="active")
    assert (run.version.policy.slug, run.step_index, run.round) == ("major", 2, 1)
    assert "boss@aurora.example" in addresses("overdue")
    assert said(world, "run.not_sent_on") == [
        "Acknowledge is overdue; that step is not in the path at work"
    ]


def test_a_path_that_another_replaced_at_the_breach_tells_the_steps_people(world):
    page = make.notify({"user": world.duty.email})
    severe = {"field": "severity", "op": ">=", "value": 5}
    crisis = make.policy(world.lab, page, make.wait(60), slug="crisis")
    make.route(world.lab, crisis, severe)
    effects = [{"raise_severity": 5}, {"go_to": "3"}]
    path_to_the_boss(world, {**ACK, "on_breach": effects})
    world.open(severity=3)
    world.forward(11)
    run = Run.objects.get(state="active")
    assert run.version.policy.slug == "crisis"
    assert "boss@aurora.example" in addresses("overdue")


def test_a_step_is_found_in_the_version_that_the_path_was_handed_over_to(world):
    path_to_the_boss(world, {**ACK, "on_breach": [{"go_to": "3"}]})
    world.open()
    former = Run.objects.get().version
    first, wait, *rest = former.body["steps"]
    newer = former.policy.versions.create(
        organisation=world.lab, number=2, body={"steps": [first, wait, wait, *rest]}
    )
    ids = list(Run.objects.values_list("pk", flat=True))
    actor = Actor.of(world.duty, world.lab)
    hand_over(ids, HandOver(newer), actor=actor, now=world.now)
    world.forward(11)
    assert addresses("page") == ["duty@aurora.example", "boss@aurora.example"]
    run = Run.objects.get(state="active")
    assert (run.version, run.step_index) == (newer, 5)
    assert said(world, "run.started")[-1] == (
        "sent on to step 4: Acknowledge is overdue"
    )


def test_a_breach_tells_a_role(world):
    path_to_the_boss(world, {**ACK, "on_breach": [{"notify_role": "approver"}]})
    world.open()
    world.forward(11)
    assert sorted(addresses("overdue")) == [
        "boss@aurora.example",
        "duty@aurora.example",
    ]


def test_a_role_that_nobody_can_be_reached_in_is_told_by_the_desk(world):
    path_to_the_boss(world, {**ACK, "on_breach": [{"notify_role": "staff"}]})
    world.open()
    world.now = NOW + 11 * MINUTE
    world.run()
    assert "desk@aurora.example" in addresses("overdue")


def test_a_breach_of_a_path_that_is_over_takes_it_up_again(world):
    boss = make.person(world.lab, "boss@aurora.example")
    make.contact(world.lab, boss)
    steps = [make.notify({"user": world.duty.email}), make.notify({"user": boss.email})]
    clock = {**ACK, "minutes": 120, "on_breach": [{"go_to": "1"}]}
    make.route(
        world.lab, make.policy(world.lab, *steps, clocks=[clock]), is_default=True
    )
    world.open()
    Notification.objects.update(status="sent", first_attempt_at=NOW, attempts=1)
    world.forward(100)
    assert Run.objects.get().state == RunState.EXHAUSTED
    world.forward(21)
    assert addresses("page")[-2:] == ["duty@aurora.example", "boss@aurora.example"]
    assert len(addresses("page")) == 4
