from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from escalation.loop import fire_due
from escalation.models import Notification, Run, StepTaken
from escalation.notifications.consequences import tell_runs
from escalation.policies.targets import Target
from escalation.routing.dispatch import dispatch
from escalation.runs.hand_over import BATCH, HandOver, hand_over
from escalation.runs.passing_on import pass_on
from escalation.runs.pausing import snooze
from escalation.runs.reassigning import reassign
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge
from incidents.models import Timer, User
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

DUTY, BOSS = {"user": "duty@aurora.example"}, {"user": "boss@aurora.example"}
FIRST = make.notify(DUTY), make.wait(15), make.notify(BOSS)


@pytest.fixture
def aurora():
    """A lab with an incident: duty is paged, the wait of 15 minutes runs."""
    lab = make.lab("aurora")
    for name in ("duty", "boss"):
        make.contact(lab, make.person(lab, f"{name}@aurora.example"))
    path = make.policy(lab, *FIRST, slug="night")
    make.route(lab, path, is_default=True)
    make.incident(lab)
    while dispatch(NOW):
        pass
    return lab


def newer(lab, *steps, number=2, **more):
    policy = lab.policies.get(slug="night")
    return policy.versions.create(
        organisation=lab, number=number, body={"steps": list(steps)}, **more
    )


def several(lab, *, number, count, **more):
    body = {
        "steps": list(FIRST),
        "acknowledgement": {"mode": "quorum", "count": count},
        **more,
    }
    [policy] = lab.policies.all()
    return policy.versions.create(organisation=lab, number=number, body=body)


def move(lab, version, step="", *, minutes=5, **more):
    admin = User.objects.filter(email="admin@aurora.example").first()
    actor = Actor.of(admin or make.person(lab, "admin@aurora.example"), lab)
    now = NOW + timedelta(minutes=minutes)
    order = HandOver(version, step, "mended")
    ids = list(Run.objects.values_list("pk", flat=True))
    return hand_over(ids, order, actor=actor, now=now, **more)


def fast_forward(minutes):
    while fire_due(NOW + timedelta(minutes=minutes)):
        pass


def acknowledge_by(user, lab, *, minutes=0):
    acknowledge(
        Run.objects.latest("pk").incident,
        organisation=lab,
        user=user,
        via="page",
        actor=Actor.of(user, lab),
        now=NOW + timedelta(minutes=minutes),
    )


def paged():
    rows = Notification.objects.filter(purpose="page").order_by("id")
    return list(rows.values_list("address", flat=True))


def test_run_goes_on_where_it_stands_at_the_instant_that_was_due(aurora):
    version = newer(aurora, make.notify(DUTY), make.wait(15), make.wait(5), FIRST[2])
    [moved] = move(aurora, version)
    former, new = Run.objects.order_by("pk")
    assert (former.state, new.state, new.version, new.continues) == (
        "stopped",
        "active",
        version,
        former,
    )
    # The boss, who came next, comes next: behind the wait that was added.
    assert (moved.from_step, moved.to_step, moved.is_at_once) == ("3", "4", False)
    assert new.next_due_at == NOW + timedelta(minutes=15)
    assert moved.new_run == new.uid
    fast_forward(14.9)
    assert paged() == ["duty@aurora.example"]
    fast_forward(15)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_step_that_is_chosen_is_taken_at_once(aurora):
    version = newer(aurora, *FIRST, make.wait(1), make.notify(DUTY, BOSS))
    [moved] = move(aurora, version, "5")
    assert (moved.is_at_once, moved.told) == (True, 0)
    assert paged() == [
        "duty@aurora.example",
        "duty@aurora.example",
        "boss@aurora.example",
    ]


def test_step_where_a_run_stands_anyway_is_not_hurried(aurora):
    [moved] = move(aurora, newer(aurora, *FIRST, make.wait(1)), "3")
    assert (moved.is_at_once, paged()) == (False, ["duty@aurora.example"])


def test_who_was_told_at_the_same_place_is_not_told_again(aurora):
    version = newer(aurora, make.notify(DUTY, BOSS), make.wait(20))
    [moved] = move(aurora, version, "1")
    assert (moved.is_at_once, moved.told) == (True, 1)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]
    new = Run.objects.latest("pk")
    assert new.next_due_at == NOW + timedelta(minutes=25)
    taken = StepTaken.objects.filter(run=new).values_list("step_index", "outcome")
    assert list(taken) == [(0, "taken"), (1, "taken")]


def test_step_of_which_everybody_was_told_is_passed_over_and_its_wait_stands(aurora):
    [moved] = move(aurora, newer(aurora, FIRST[0], make.wait(20)), "1")
    new = Run.objects.latest("pk")
    assert (paged(), moved.told) == (["duty@aurora.example"], 1)
    assert new.next_due_at == NOW + timedelta(minutes=25)
    step = StepTaken.objects.get(run=new, step_index=0)
    assert (step.outcome, step.reason) == (
        "skipped",
        "everybody there was told before the run was handed over",
    )


def test_who_was_told_in_a_digest_is_not_told_again(aurora):
    Notification.objects.update(status="merged")
    [moved] = move(aurora, newer(aurora, FIRST[0], make.wait(20)), "1")
    assert (moved.told, paged()) == (1, ["duty@aurora.example"])


def test_run_at_its_end_takes_what_the_new_version_adds_there(aurora):
    fast_forward(15)
    version = newer(aurora, *FIRST, make.wait(1), make.notify(DUTY))
    [moved] = move(aurora, version, minutes=16)
    assert (moved.from_step, moved.to_step, moved.is_at_once) == ("4", "4", False)
    fast_forward(30)
    fast_forward(31)
    assert paged() == [
        "duty@aurora.example",
        "boss@aurora.example",
        "duty@aurora.example",
    ]


def test_person_to_whom_a_step_gave_it_before_is_not_told_again(aurora):
    gives = {"kind": "assign", "target": DUTY}
    move(aurora, newer(aurora, *FIRST, gives, make.wait(20)), "4", minutes=1)
    told = ["duty@aurora.example"] * 2
    assert paged() == told
    [moved] = move(aurora, newer(aurora, gives, make.wait(30), number=3), "1")
    assert (paged(), moved.told) == (told, 1)
    new = Run.objects.latest("pk")
    assert new.next_due_at == NOW + timedelta(minutes=35)
    assert new.assigned_to.email == "duty@aurora.example"


def test_message_on_its_way_goes_on_under_the_new_run(aurora):
    move(aurora, newer(aurora, make.wait(1), *FIRST))
    row = Notification.objects.get(purpose="page")
    assert (row.run, row.step_index, row.status) == (
        Run.objects.latest("pk"),
        1,
        "queued",
    )


def end_page(status, *, minutes, step_index):
    """Let the page of a step end, as the sender would."""
    at = NOW + timedelta(minutes=minutes)
    row = Notification.objects.get(purpose="page", step_index=step_index)
    row.status, row.attempts, row.first_attempt_at = status, 1, at
    row.save()
    if status == "failed":
        tell_runs([row], now=at)
    return row


def test_page_that_fails_after_the_move_takes_the_new_run_on(aurora):
    move(aurora, newer(aurora, make.wait(1), *FIRST))
    end_page("failed", minutes=6, step_index=1)
    fast_forward(6)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_page_that_was_claimed_before_the_move_fails_under_the_new_run(aurora):
    claimed = Notification.objects.get(purpose="page")
    move(aurora, newer(aurora, make.wait(1), *FIRST))
    Notification.objects.update(status="failed", attempts=1)
    # Who sends it knows only what it was when it was claimed.
    tell_runs([claimed], now=NOW + timedelta(minutes=6))
    fast_forward(6)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_page_that_never_arrives_takes_the_new_run_on(aurora):
    move(aurora, newer(aurora, make.wait(1), *FIRST), minutes=0.5)
    end_page("queued", minutes=0.6, step_index=1)
    fast_forward(1)
    assert paged() == ["duty@aurora.example"]
    fast_forward(1.6)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_page_that_arrived_before_the_move_is_waited_for(aurora):
    end_page("sent", minutes=0.1, step_index=0)
    move(aurora, newer(aurora, make.wait(1), *FIRST), minutes=0.5)
    fast_forward(14.9)
    assert paged() == ["duty@aurora.example"]


def test_whoever_was_told_before_the_move_can_pass_it_on(aurora):
    row = end_page("sent", minutes=0.1, step_index=0)
    move(aurora, newer(aurora, make.wait(1), *FIRST))
    assert pass_on(row, reason="busy", now=NOW + timedelta(minutes=6))
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_second_move_knows_who_was_told_before_the_first(aurora):
    end_page("sent", minutes=0.1, step_index=0)
    move(aurora, newer(aurora, *FIRST, make.wait(1)))
    [moved] = move(aurora, newer(aurora, FIRST[0], make.wait(20), number=3), "1")
    assert (moved.told, paged()) == (1, ["duty@aurora.example"])


def test_page_of_a_reassignment_goes_on_under_the_new_run(aurora):
    ann = make.person(aurora, "ann@aurora.example")
    make.contact(aurora, ann)
    duty = User.objects.get(email="duty@aurora.example")
    reassign(
        Run.objects.get().incident,
        organisation=aurora,
        to=Target("user", ann.email),
        reason="yours",
        actor=Actor.of(duty, aurora),
        now=NOW,
    )
    move(aurora, newer(aurora, *FIRST, make.wait(1)))
    row = Notification.objects.get(address="ann@aurora.example")
    assert (row.run, row.status) == (Run.objects.latest("pk"), "queued")
    assert pass_on(row, reason="busy", now=NOW + timedelta(minutes=6))
    assert paged()[2:] == ["boss@aurora.example"]


def test_step_that_would_be_next_and_is_gone_must_be_replaced_by_name(aurora):
    version = newer(aurora, FIRST[0], make.wait(15))
    with pytest.raises(BadInput, match="Step 3 of version 1"):
        move(aurora, version)
    assert Run.objects.get().state == "active"


def test_step_that_is_not_there_is_told(aurora):
    with pytest.raises(BadInput, match="Use a step of that version: 1"):
        move(aurora, newer(aurora, FIRST[0]), "7")


def test_version_that_nobody_approved_takes_no_run(aurora):
    with pytest.raises(NotPossible):
        move(aurora, newer(aurora, *FIRST, state="proposed"), "1")


def test_dry_run_says_the_same_and_changes_nothing(aurora):
    version = newer(aurora, make.notify(DUTY, BOSS), make.wait(20))
    [said] = move(aurora, version, "1", is_dry_run=True)
    assert (said.told, said.new_run) == (1, None)
    assert Run.objects.get().version.number == 1
    [done] = move(aurora, version, "1")
    assert (done.to_step, done.told, done.run) == (said.to_step, said.told, said.run)


def test_run_that_has_the_version_stays(aurora):
    version = newer(aurora, *FIRST, make.wait(1))
    assert len(move(aurora, version)) == 1
    assert move(aurora, version) == []


def test_acknowledged_run_stays_acknowledged(aurora):
    acknowledge_by(make.person(aurora), aurora)
    fast_forward(0)
    move(aurora, newer(aurora, *FIRST, make.wait(1)), "1")
    new = Run.objects.latest("pk")
    assert (new.state, new.next_due_at, paged()) == (
        "acknowledged",
        None,
        ["duty@aurora.example"],
    )
    assert not Timer.objects.filter(kind="run.step").exists()


def test_snoozed_run_goes_on_when_its_snooze_is_over(aurora):
    ann = make.person(aurora)
    until = NOW + timedelta(minutes=30)
    snooze(
        Run.objects.get().incident,
        organisation=aurora,
        until=until,
        reason="known",
        actor=Actor.of(ann, aurora),
        now=NOW,
    )
    move(aurora, newer(aurora, *FIRST, make.wait(1)))
    new = Run.objects.latest("pk")
    assert (new.state, new.snoozed_until) == ("snoozed", until)
    fast_forward(29)
    assert paged() == ["duty@aurora.example"]
    fast_forward(30)
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]
    assert not Timer.objects.filter(kind="run.snooze_ends").exists()


def test_new_version_says_how_many_must_acknowledge(aurora):
    move(aurora, several(aurora, number=2, count=2))
    acknowledge_by(make.person(aurora), aurora, minutes=6)
    fast_forward(15)
    new = Run.objects.latest("pk")
    assert (new.needs_several, new.state) == (True, "active")
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]
    acknowledge_by(make.person(aurora), aurora, minutes=16)
    new.refresh_from_db()
    assert new.state == "acknowledged"


def test_acknowledgement_that_suffices_the_new_version_pauses_it_at_once(aurora):
    move(aurora, several(aurora, number=2, count=2), minutes=1)
    acknowledge_by(make.person(aurora), aurora, minutes=2)
    move(aurora, newer(aurora, *FIRST, number=3), minutes=3)
    assert Run.objects.latest("pk").state == "acknowledged"
    assert not Timer.objects.filter(kind="run.step").exists()


def test_new_version_says_when_one_of_several_acknowledgements_times_out(aurora):
    move(aurora, several(aurora, number=2, count=2), minutes=1)
    acknowledge_by(make.person(aurora), aurora, minutes=2)
    fast_forward(2)
    move(
        aurora,
        several(aurora, number=3, count=2, ack_timeout_minutes=5),
        minutes=3,
    )
    standing = Run.objects.latest("pk").incident.acknowledgements
    fast_forward(6.9)
    assert standing.filter(ended_at=None).count() == 1
    fast_forward(7)
    assert standing.filter(ended_at=None).count() == 0


def test_run_without_a_place_keeps_all_of_them_where_they_are(aurora):
    # One more than are moved at a time; all but the last are at their end.
    for _ in range(BATCH):
        make.incident(aurora)
    while dispatch(NOW):
        pass
    last = Run.objects.latest("pk")
    Run.objects.exclude(pk=last.pk).update(step_index=3)
    with pytest.raises(BadInput, match="Step 3 of version 1"):
        move(aurora, newer(aurora, FIRST[0], make.wait(15)))
    assert set(Run.objects.values_list("version__number", "state")) == {(1, "active")}


def test_another_organisations_run_is_left_alone(aurora):
    naisa = make.agency("naisa")
    path = make.policy(naisa, make.wait(5))
    [version] = path.versions.all()
    assert move(aurora, version) == []


def test_hand_over_is_recorded_with_who_from_and_to(aurora):
    run = Run.objects.get()
    move(aurora, newer(aurora, *FIRST, make.wait(1)))
    items = timeline(run.incident, [aurora.pk])[-2:]
    assert [(item.kind, item.data["reason"]) for item in items] == [
        ("run.stopped", "handed over to version 2 of night by admin@aurora.example"),
        (
            "run.started",
            "handed over by admin@aurora.example from version 1 of night, step 3, "
            "to step 3: mended",
        ),
    ]


def test_command_hands_over_and_says_so(aurora, capsys):
    newer(aurora, *FIRST, make.wait(1))
    given = ["--policy", "night", "--to-version", "2", "--reason", "mended"]
    call_command("hand_over", *given, "--dry-run")
    ref = Run.objects.get().incident.ref
    assert capsys.readouterr().out.splitlines() == [
        f"{ref} night v1 step 3 → step 3 when due",
        "1 would be handed over",
    ]
    call_command("hand_over", *given, "--by", "duty@aurora.example")
    assert Run.objects.latest("pk").version.number == 2
    assert "duty@aurora.example" in Run.objects.latest("pk").reason


def test_command_names_one_run(aurora):
    newer(aurora, *FIRST, make.wait(1))
    uid = str(Run.objects.get().uid)
    given = ["--to-version", "2", "--reason", "mended"]
    call_command("hand_over", "--run", uid, "--step", "1", *given)
    assert Run.objects.latest("pk").version.number == 2
    with pytest.raises(CommandError, match="There is no run"):
        call_command("hand_over", "--run", "7", *given)
    with pytest.raises(CommandError, match="names 0 policies"):
        call_command("hand_over", "--policy", "day", *given)
