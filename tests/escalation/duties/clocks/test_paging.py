from datetime import timedelta

from escalation.models import Notification, Run, RunState, StatutoryClock
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.models import AcknowledgedVia, Acknowledgement, Timer
from tests import factories as make
from tests.escalation.duties.clocks.conftest import DutyWorld

HOUR = timedelta(hours=1)
NIS2 = "eu-nis2-23"
ADA, BEN = "ada@aurora.example", "ben@aurora.example"


def decided(world: DutyWorld, **profile: object):
    """An incident of which it is settled that it has to be reported."""
    world.watch(NIS2, **profile)
    incident = world.open()
    world.decide(incident, NIS2, "reportable", ["significant_incident"])
    world.note(incident, "aware")
    return incident


def messages() -> list[Notification]:
    return list(Notification.objects.order_by("pk"))


def test_what_nobody_has_decided_asks_for_the_decision_at_the_start(world: DutyWorld):
    world.watch(NIS2)
    incident = world.open()

    world.note(incident, "aware")

    [message] = messages()
    assert (message.purpose, message.address) == ("decision", ADA)
    assert "2 reports to authorities may be due." in message.message["text"]
    assert "decision.asked" in world.kinds(incident)


def test_what_is_decided_says_nothing_at_the_start(world: DutyWorld):
    decided(world)

    assert messages() == []


def test_the_accountable_person_hears_first_and_the_deputy_once_it_is_grave(
    world: DutyWorld,
):
    decided(world)

    world.forward(hours=12)
    assert world.told() == [ADA]
    world.forward(hours=9, minutes=36)

    assert world.told() == [ADA, ADA, BEN]
    assert {one.purpose for one in messages()} == {"clock"}
    assert not any(one.is_urgent for one in messages())


def test_an_hour_before_and_when_it_is_overdue_it_is_urgent(world: DutyWorld):
    decided(world)

    world.forward(hours=23)
    world.forward(hours=2)

    urgent = [(m.purpose, m.address) for m in messages() if m.is_urgent]
    assert urgent == [
        ("clock", ADA),
        ("clock", BEN),
        ("overdue", ADA),
        ("overdue", BEN),
    ]


def test_after_an_outage_one_word_is_said_not_five(world: DutyWorld):
    incident = decided(world)

    world.forward(hours=26)

    assert world.told(purpose="overdue") == [ADA, BEN]
    assert len(messages()) == 2
    assert world.kinds(incident).count("clock.breached") == 1


def test_overdue_is_said_again_each_day(world: DutyWorld):
    decided(world)
    world.submit(world.incidents[0], NIS2, "notification")

    world.forward(hours=25)
    world.forward(hours=24)

    assert world.told(purpose="overdue") == [ADA, BEN, ADA, BEN]


def test_what_was_reported_warns_no_more(world: DutyWorld):
    incident = decided(world)
    for stage in ("early_warning", "notification"):
        world.submit(incident, NIS2, stage)

    world.forward(hours=30)

    assert messages() == []
    left = Timer.objects.filter(kind="duties.warn").values_list("subject_id")
    stages = StatutoryClock.objects.filter(pk__in=left).order_by("stage")
    assert list(stages.values_list("stage", flat=True)) == ["final", "progress"]


def test_a_date_that_moves_earlier_warns_anew(world: DutyWorld):
    incident = decided(world)
    world.forward(hours=12)
    before = len(messages())

    world.note(incident, "aware", world.now - 23.5 * HOUR)

    news = messages()[before:]
    assert [(m.purpose, m.address) for m in news] == [("clock", ADA), ("clock", BEN)]
    assert all(m.is_urgent for m in news)


def test_without_people_in_the_profile_the_desk_is_told(world: DutyWorld):
    decided(world, accountable=None, deputy=None)

    world.forward(hours=12)

    assert world.told() == ["desk@aurora.example"]


def test_a_message_names_the_law_only_where_the_title_may_go(world: DutyWorld):
    decided(world)
    world.forward(hours=12)

    [message] = messages()

    assert "A report to an authority is due in 12 hours" in message.message["text"]
    assert message.message["text"].count("NIS2 Directive, Article 23") <= 1
    assert "NIS2" not in message.message["subject"]


def test_the_profiles_policy_is_run_where_nobody_is_being_paged(world: DutyWorld):
    policy = make.policy(world.lab, make.notify({"user": BEN}), make.wait(60))
    decided(world, policy=policy)

    world.forward(hours=12)
    world.forward(hours=6)

    [run] = Run.objects.all()
    assert run.version.policy == policy
    assert run.reason == "a report to an authority is due"
    assert run.state in (RunState.ACTIVE, RunState.EXHAUSTED)
    assert BEN in world.told(purpose="page")


def test_of_a_closed_incident_people_hear_but_no_policy_runs(world: DutyWorld):
    policy = make.policy(world.lab, make.notify({"user": BEN}))
    incident = decided(world, policy=policy)
    type(incident).objects.filter(pk=incident.pk).update(
        status="resolved", resolved_at=world.now
    )

    world.forward(hours=12)

    assert world.told() == [ADA]
    assert not Run.objects.exists()


def acknowledged(world: DutyWorld):
    """An incident whose own path an acknowledgement has paused, and the profile's policy."""
    path = make.policy(world.lab, make.notify({"user": ADA}), make.wait(600))
    make.route(world.lab, path, is_default=True)
    legal = make.policy(world.lab, make.notify({"user": BEN}), make.wait(600))
    incident = decided(world, policy=legal)
    while dispatch(world.now):
        world.run()
    acknowledge(
        incident,
        organisation=world.lab,
        user=world.accountable,
        via=AcknowledgedVia.PAGE,
        actor=Actor.of(world.accountable, world.lab),
        now=world.now,
    )
    world.run()
    return path, legal


def policies_at_work(world: DutyWorld) -> list[tuple[int, str]]:
    rows = Run.objects.filter(organisation=world.lab).order_by("pk")
    return list(rows.values_list("version__policy", "state"))


def test_an_acknowledged_path_is_left_alone_until_it_is_grave(world: DutyWorld):
    path, legal = acknowledged(world)

    world.forward(hours=12)
    before = policies_at_work(world)
    world.forward(hours=9, minutes=36)

    assert before == [(path.pk, "acknowledged")]
    assert policies_at_work(world) == [(path.pk, "stopped"), (legal.pk, "active")]
    assert BEN in world.told(purpose="page")
    assert not Acknowledgement.objects.filter(ended_at=None).exists()


def test_a_path_that_pages_people_is_left_alone_however_grave_it_is(
    world: DutyWorld,
):
    path = make.policy(world.lab, make.notify({"user": ADA}), make.wait(6000))
    make.route(world.lab, path, is_default=True)
    legal = make.policy(world.lab, make.notify({"user": BEN}))
    decided(world, policy=legal)
    while dispatch(world.now):
        world.run()

    world.forward(hours=25)

    assert policies_at_work(world) == [(path.pk, "active")]
    assert BEN in world.told(purpose="overdue")


def test_what_the_law_gives_no_date_for_is_said_at_once_and_daily_until_it_is_done(
    world: DutyWorld,
):
    incident = decided(world)
    for stage in ("early_warning", "notification"):
        world.submit(incident, NIS2, stage)
    world.note(incident, "authority_request")
    first = messages()

    world.forward(days=1)
    second = messages()[len(first) :]
    world.submit(incident, NIS2, "intermediate")
    world.forward(days=2)

    clock = world.clock("intermediate")
    assert (clock.due_operational, clock.state) == (None, "met")
    assert [(m.purpose, m.address) for m in first] == [("clock", ADA)]
    assert "due without undue delay: the law gives no date" in first[0].message["text"]
    assert [(m.purpose, m.address) for m in second] == [("clock", ADA)]
    assert len(messages()) == len(first) + len(second)
    assert "clock.breached" not in world.kinds(incident)
