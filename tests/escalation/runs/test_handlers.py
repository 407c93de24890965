from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Circuit, Notification, Run, StepTaken
from escalation.notifications.answering import find_answerable, standing_acknowledgement
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge, change_severity, reopen, resolve
from incidents.incident.shares import share, unshare
from incidents.models import Timer
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def path_of_three(organisation, **body):
    """Page A, 15 minutes later B, 15 minutes later C."""
    steps = []
    for name in "abc":
        user = make.person(organisation, f"{name}@{organisation.slug}.example")
        make.contact(organisation, user)
        steps += [make.notify({"user": user.email}), make.wait(15)]
    make.route(organisation, make.policy(organisation, *steps, **body), is_default=True)
    return organisation


def route_all(now=NOW):
    while dispatch(now):
        pass


def fast_forward(now):
    while fire_due(now):
        pass


def paged(organisation):
    rows = Notification.objects.filter(purpose="page", organisation=organisation)
    return [
        address[0] for address in rows.order_by("id").values_list("address", flat=True)
    ]


def finish(status, *, step_index, now=NOW):
    """Let the page of a step end, as the sender would."""
    row = Notification.objects.get(step_index=step_index)
    row.status, row.first_attempt_at, row.attempts = status, now, 1
    row.save()
    if status == "failed":
        Timer.objects.create(
            kind="run.method_failed",
            subject_id=row.run_id,
            organisation_id=row.organisation_id,
            incident_id=row.incident_id,
            due_at=now,
            payload={"notification": str(row.uid)},
        )


def acknowledge_for(organisation, incident, now=NOW):
    user = make.person(organisation)
    actor = Actor.of(user, organisation)
    acknowledge(
        incident,
        organisation=organisation,
        user=user,
        via="page",
        actor=actor,
        now=now,
    )
    return user, actor


def test_failed_step_goes_on_at_once_and_leaves_the_next_its_wait():
    lab = path_of_three(make.lab())
    make.incident(lab)
    route_all()
    finish("failed", step_index=0)
    fast_forward(NOW)
    assert paged(lab) == ["a", "b"]
    finish("sent", step_index=2)
    # The look at A's step a minute later must not cut B's time short.
    fast_forward(NOW + timedelta(minutes=2))
    assert paged(lab) == ["a", "b"]
    fast_forward(NOW + timedelta(minutes=15))
    assert paged(lab) == ["a", "b", "c"]


def test_step_that_fails_after_the_next_was_taken_changes_nothing():
    lab = path_of_three(make.lab())
    make.incident(lab)
    route_all()
    fast_forward(NOW + timedelta(minutes=15))
    finish("sent", step_index=2, now=NOW + timedelta(minutes=15))
    finish("failed", step_index=0, now=NOW + timedelta(minutes=16))
    fast_forward(NOW + timedelta(minutes=16))
    assert paged(lab) == ["a", "b"]


def test_step_that_reached_nobody_in_a_minute_goes_on():
    lab = path_of_three(make.lab())
    make.incident(lab)
    route_all()
    finish("unknown", step_index=0)
    fast_forward(NOW + timedelta(seconds=59))
    assert paged(lab) == ["a"]
    fast_forward(NOW + timedelta(seconds=60))
    assert paged(lab) == ["a", "b"]


@pytest.mark.parametrize("is_told_first", [True, False])
def test_reopening_starts_anew_though_the_run_never_heard_of_the_close(is_told_first):
    lab = path_of_three(make.lab())
    incident = make.incident(lab)
    route_all()
    user, actor = acknowledge_for(lab, incident)
    fast_forward(NOW)
    resolve(incident, reason="false alarm", user=user, actor=actor, now=NOW)
    reopen(incident, reason="it was real", user=user, actor=actor, now=NOW)
    if is_told_first:
        fast_forward(NOW)
    route_all()
    fast_forward(NOW)
    assert paged(lab) == ["a", "a"]
    assert list(Run.objects.order_by("pk").values_list("state", flat=True)) == [
        "stopped",
        "active",
    ]


def test_agency_that_had_acknowledged_is_paged_when_shared_with_once_more():
    lab, naisa = make.lab(), path_of_three(make.agency())
    incident = make.incident(lab)
    sharing = {"user": None, "actor": Actor.system(lab), "now": NOW}
    share(incident, agency=naisa, reason="drill", **sharing)
    route_all()
    acknowledge_for(naisa, incident)
    fast_forward(NOW)
    unshare(incident, agency=naisa, reason="by mistake", **sharing)
    share(incident, agency=naisa, reason="rightly", **sharing)
    route_all()
    fast_forward(NOW)
    assert paged(naisa) == ["a", "a"]


def test_acknowledgement_before_its_run_times_out_too():
    lab = path_of_three(make.lab(), ack_timeout_minutes=30)
    incident = make.incident(lab)
    acknowledge_for(lab, incident)
    fast_forward(NOW)
    route_all()
    assert paged(lab) == []
    fast_forward(NOW + timedelta(minutes=30))
    assert paged(lab) == ["a"]


def test_late_time_out_says_so_and_shortens_the_next_wait():
    lab = path_of_three(make.lab(), ack_timeout_minutes=30)
    incident = make.incident(lab)
    route_all()
    acknowledge_for(lab, incident)
    fast_forward(NOW)
    due = NOW + timedelta(minutes=30)
    fast_forward(due + timedelta(seconds=20))
    step = StepTaken.objects.get(step_index=2)
    assert (step.due_at, step.ran_at) == (due, due + timedelta(seconds=20))
    assert Run.objects.get().next_due_at == due + timedelta(minutes=15)


def test_path_that_was_at_its_end_starts_anew_when_an_acknowledgement_times_out():
    lab = path_of_three(make.lab(), ack_timeout_minutes=30)
    incident = make.incident(lab)
    route_all()
    for minutes in (15, 30, 45):
        fast_forward(NOW + timedelta(minutes=minutes))
    acknowledge_for(lab, incident, now=NOW + timedelta(minutes=50))
    fast_forward(NOW + timedelta(minutes=50))
    due = NOW + timedelta(minutes=80)
    fast_forward(due + timedelta(seconds=20))
    assert paged(lab) == ["a", "b", "c", "a"]
    run = Run.objects.latest("pk")
    assert (run.state, run.steps_taken.earliest("pk").due_at) == ("active", due)


def test_one_of_several_acknowledgements_that_times_out_is_recorded():
    two = {"mode": "quorum", "count": 2}
    lab = path_of_three(make.lab(), ack_timeout_minutes=20, acknowledgement=two)
    incident = make.incident(lab)
    route_all()
    acknowledge_for(lab, incident)
    fast_forward(NOW + timedelta(minutes=20))
    assert not incident.acknowledgements.filter(ended_at=None).exists()
    incident.refresh_from_db()
    assert (incident.status, Run.objects.get().state) == ("open", "active")
    [ended] = [
        item
        for item in timeline(incident, [lab.pk])
        if item.kind == "run.acknowledgement_ended"
    ]
    assert ended.data["run"] == str(Run.objects.get().uid)
    assert ended.summary.endswith("the acknowledgement timed out")


def test_page_of_a_path_at_its_end_asks_until_enough_have_acknowledged():
    two = {"mode": "quorum", "count": 2}
    lab = path_of_three(make.lab(), acknowledgement=two)
    incident = make.incident(lab)
    route_all()
    page = Notification.objects.filter(purpose="page").earliest("pk")
    for minutes in (15, 30, 45, 60):
        fast_forward(NOW + timedelta(minutes=minutes))
    assert Run.objects.get().state == "exhausted"
    for is_answered in (False, False, True):
        found = find_answerable(page.uid)
        assert (standing_acknowledgement(found) is not None) == is_answered
        acknowledge_for(lab, incident)


@pytest.mark.parametrize("by", ["route", "step"])
def test_share_that_a_person_ended_is_not_made_again_by_a_rule(by):
    lab, naisa = make.lab(), make.agency()
    user = make.person(lab)
    make.contact(lab, user)
    steps = [make.notify({"user": user.email}), make.wait(15)]
    if by == "step":
        steps = [{"kind": "share", "agency": naisa.slug}, *steps]
        steps.append({"kind": "repeat", "from": 1, "rounds": 2})
    rule = make.route(lab, make.policy(lab, *steps), is_default=True)
    if by == "route":
        rule.share_with.add(naisa)
    incident = make.incident(lab, severity=3)
    route_all()
    who = {"user": user, "actor": Actor.of(user, lab), "now": NOW}
    unshare(incident, agency=naisa, reason="not theirs", **who)
    change_severity(incident, severity=4, reason="worse", **who)
    route_all()
    fast_forward(NOW + timedelta(minutes=15))
    assert not incident.shares.filter(unshared_at=None).exists()
    assert incident.shares.count() == 1


def open_circuit(destination, now=NOW):
    Circuit.objects.create(
        destination=destination,
        failures=5,
        failed_since=now,
        opened_at=now,
        open_until=now + timedelta(minutes=5),
        openings=1,
    )


def test_people_whose_provider_is_down_are_not_waited_for():
    lab = path_of_three(make.lab())
    open_circuit("email")
    make.incident(lab)
    route_all()
    fast_forward(NOW)
    # All three are reached by mail alone: each is told when mail works again.
    assert paged(lab) == ["a", "b", "c"]
    assert set(Notification.objects.filter(purpose="page").values_list("status")) == {
        ("queued",)
    }


def test_person_who_has_another_way_is_waited_for():
    lab = path_of_three(make.lab())
    open_circuit("sms")
    user = lab.memberships.order_by("pk")[0].user
    make.contact(lab, user, channel="sms", address="+37255512345")
    make.incident(lab)
    route_all()
    fast_forward(NOW)
    assert Notification.objects.filter(purpose="page").count() == 2
