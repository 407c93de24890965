from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, Run, StepTaken
from escalation.routing.dispatch import dispatch
from escalation.runs.engine import escalate
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge, reopen, resolve
from incidents.incident.shares import share
from incidents.models import Incident, Timer
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty_path():
    """A lab whose path pages duty, waits 15 minutes, then pages the boss."""
    lab = make.lab("aurora")
    duty, boss = (
        make.person(lab, "duty@aurora.example"),
        make.person(lab, "boss@aurora.example"),
    )
    make.contact(lab, duty)
    make.contact(lab, boss)
    make.team(lab, duty)
    path = make.policy(
        lab,
        make.notify({"team": "duty"}),
        make.wait(15),
        make.notify({"user": "boss@aurora.example"}),
        slug="critical",
    )
    make.route(lab, path, is_default=True)
    return lab


def route_all(now=NOW):
    while dispatch(now):
        pass


def fast_forward(now):
    while fire_due(now):
        pass


def paged():
    return list(
        Notification.objects.filter(purpose="page")
        .order_by("id")
        .values_list("address", flat=True)
    )


def kinds(incident: Incident, organisation):
    return [item.kind for item in timeline(incident, [organisation.pk])]


def acknowledge_by(user, organisation, incident, now=NOW):
    actor = Actor.of(user, organisation)
    acknowledge(
        incident, organisation=organisation, user=user, via="page", actor=actor, now=now
    )


def test_opened_incident_pages_first_step_at_once(duty_path):
    incident = make.incident(duty_path)
    route_all()
    assert paged() == ["duty@aurora.example"]
    assert kinds(incident, duty_path) == [
        "incident.opened",
        "run.started",
        "run.step_taken",
        "run.step_taken",
        "notification.queued",
    ]


def test_unacknowledged_incident_pages_second_step_after_wait(duty_path):
    make.incident(duty_path)
    route_all()
    fast_forward(NOW + timedelta(minutes=14, seconds=59))
    assert paged() == ["duty@aurora.example"]
    fast_forward(NOW + timedelta(minutes=15))
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


def test_acknowledged_incident_pages_nobody_else(duty_path):
    incident = make.incident(duty_path)
    route_all()
    acknowledge_by(make.person(duty_path), duty_path, incident)
    fast_forward(NOW)
    fast_forward(NOW + timedelta(hours=1))
    assert paged() == ["duty@aurora.example"]
    assert Run.objects.get().state == "acknowledged"
    assert not Timer.objects.filter(kind="run.step").exists()


def test_exhausted_path_tells_the_desk(duty_path):
    make.contact(duty_path, address="desk@aurora.example")
    make.incident(duty_path)
    route_all()
    fast_forward(NOW + timedelta(minutes=15))
    assert not Notification.objects.filter(purpose="exhausted").exists()
    fast_forward(NOW + timedelta(minutes=30))
    row = Notification.objects.get(purpose="exhausted")
    assert (row.address, Run.objects.get().state) == (
        "desk@aurora.example",
        "exhausted",
    )


def test_step_with_nobody_reachable_is_skipped_with_its_wait_and_told(duty_path):
    lab = make.lab()
    make.contact(lab, address="desk@lab.example")
    second = make.person(lab, "second@lab.example")
    make.contact(lab, second)
    path = make.policy(
        lab,
        make.notify({"user": "nobody@lab.example"}),
        make.wait(15),
        make.notify({"user": "second@lab.example"}),
    )
    make.route(lab, path, is_default=True)
    make.incident(lab)
    route_all()
    assert paged() == ["second@lab.example"]
    assert list(StepTaken.objects.values_list("step_index", "outcome", "reason")) == [
        (0, "skipped", "that person is no longer there"),
        (1, "skipped", "nobody was reached, so nobody is waited for"),
        (2, "taken", "its time had come"),
    ]
    assert Notification.objects.get(purpose="unreachable").address == "desk@lab.example"


def test_repeat_goes_through_its_rounds_and_then_ends(duty_path):
    lab = make.lab()
    user = make.person(lab)
    make.contact(lab, user)
    path = make.policy(
        lab,
        make.notify({"user": user.email}),
        make.wait(5),
        {"kind": "repeat", "from": 1, "rounds": 3},
    )
    make.route(lab, path, is_default=True)
    make.incident(lab)
    route_all()
    for minutes in (5, 10, 15, 20):
        fast_forward(NOW + timedelta(minutes=minutes))
    assert paged() == [user.email] * 3
    assert Run.objects.get().state == "exhausted"


def test_late_tick_counts_the_wait_from_when_it_really_ran(duty_path):
    lab = make.lab()
    user = make.person(lab)
    make.contact(lab, user)
    path = make.policy(
        lab,
        make.notify({"user": user.email}),
        make.wait(5),
        make.notify({"user": user.email}),
        make.wait(5),
        make.notify({"user": user.email}),
    )
    make.route(lab, path, is_default=True)
    make.incident(lab)
    route_all()
    late = NOW + timedelta(hours=3)
    fast_forward(late)
    assert Run.objects.get().next_due_at == late + timedelta(minutes=5)


def test_resolved_incident_stops_the_run_and_reopening_starts_anew(duty_path):
    incident, user = make.incident(duty_path), make.person(duty_path)
    actor = Actor.of(user, duty_path)
    route_all()
    resolve(incident, reason="false alarm", user=user, actor=actor, now=NOW)
    fast_forward(NOW)
    reopen(incident, reason="it was real", user=user, actor=actor, now=NOW)
    fast_forward(NOW)
    route_all()
    assert list(Run.objects.order_by("id").values_list("state", flat=True)) == [
        "stopped",
        "active",
    ]
    assert paged() == ["duty@aurora.example"] * 2


def test_shared_incident_pages_the_agency_by_its_own_path(duty_path):
    naisa = make.agency("naisa")
    officer = make.person(naisa, "officer@naisa.example", role="officer")
    make.contact(naisa, officer)
    path = make.policy(naisa, make.notify({"user": officer.email}), make.wait(5))
    make.route(naisa, path, is_default=True)
    lab = make.lab()
    critical = {"field": "severity", "op": ">=", "value": 3}
    make.route(lab, None, critical, share_with=(naisa,))
    incident = make.incident(lab, severity=4)
    route_all()
    assert paged() == ["officer@naisa.example"]
    assert kinds(incident, naisa)[0] == "incident.shared"
    assert "incident.opened" not in kinds(incident, naisa)
    assert "run.started" not in kinds(incident, lab)


def test_one_sides_acknowledgement_leaves_the_others_run_alone(duty_path):
    naisa = make.agency("naisa")
    officer = make.person(naisa, role="officer")
    make.contact(naisa, officer)
    make.route(
        naisa,
        make.policy(naisa, make.notify({"user": officer.email}), make.wait(5)),
        is_default=True,
    )
    duty_path.routes.get().share_with.add(naisa)
    incident = make.incident(duty_path)
    route_all()
    acknowledge_by(officer, naisa, incident)
    fast_forward(NOW)
    states = dict(Run.objects.values_list("organisation__slug", "state"))
    assert states == {"naisa": "acknowledged", "aurora": "active"}
    incident.refresh_from_db()
    assert (incident.status, incident.acknowledged_at) == ("open", None)


def test_forgotten_acknowledgement_takes_the_path_up_again(duty_path):
    version = duty_path.policies.get().versions.get()
    version.body["ack_timeout_minutes"] = 30
    version.save()
    incident = make.incident(duty_path)
    route_all()
    acknowledge_by(make.person(duty_path), duty_path, incident)
    fast_forward(NOW)
    fast_forward(NOW + timedelta(minutes=30))
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]


@pytest.mark.parametrize("owner", ["lab", "agency"])
def test_escalating_by_hand_ends_the_acknowledgement_of_its_own_side(duty_path, owner):
    naisa = make.agency("naisa")
    policy = make.policy(naisa, make.notify({"role": "officer"}), slug="theirs")
    incident = make.incident(duty_path)
    who = {"user": None, "actor": Actor.system(duty_path), "now": NOW}
    share(incident, agency=naisa, reason="x", **who)
    for side in (duty_path, naisa):
        acknowledge_by(make.person(side), side, incident)
    side = {"lab": duty_path, "agency": naisa}[owner]
    policy = duty_path.policies.get() if owner == "lab" else policy
    actor = Actor.of(make.person(side), side)
    escalate(incident, organisation=side, policy=policy, actor=actor, now=NOW)
    standing = incident.acknowledgements.filter(ended_at=None)
    assert [row.organisation for row in standing] == [
        {"lab": naisa, "agency": duty_path}[owner]
    ]
    incident.refresh_from_db()
    assert incident.status == {"lab": "open", "agency": "acknowledged"}[owner]


def test_one_bad_timer_does_not_stop_the_others(duty_path):
    Timer.objects.create(
        kind="no.such.kind", subject_id=1, organisation=duty_path, due_at=NOW
    )
    make.incident(duty_path)
    route_all()
    fast_forward(NOW + timedelta(minutes=15))
    assert paged() == ["duty@aurora.example", "boss@aurora.example"]
    bad = Timer.objects.get(kind="no.such.kind")
    assert (bad.attempts, bad.original_due_at) == (1, NOW)


def test_incident_takes_the_newest_approved_version_not_a_proposed_one(duty_path):
    policy = duty_path.policies.get(slug="critical")
    for number, state in ((2, "approved"), (3, "proposed"), (4, "rejected")):
        policy.versions.create(
            organisation=duty_path,
            number=number,
            body={"steps": [make.wait(number)]},
            state=state,
        )
    incident = make.incident(duty_path)
    route_all()
    assert Run.objects.get().version.number == 2
    actor = Actor.of(make.person(duty_path), duty_path)
    run = escalate(
        incident, organisation=duty_path, policy=policy, actor=actor, now=NOW
    )
    assert run.version.number == 2


def test_policy_without_an_approved_version_pages_nobody_and_says_so(duty_path):
    policy = duty_path.policies.get(slug="critical")
    policy.versions.update(state="proposed")
    incident = make.incident(duty_path)
    route_all()
    assert kinds(incident, duty_path) == ["incident.opened", "run.stopped"]
    [stopped] = timeline(incident, [duty_path.pk])[1:]
    assert stopped.summary.endswith("no version of critical is approved yet")
    actor = Actor.of(make.person(duty_path), duty_path)
    with pytest.raises(NotPossible, match="critical has no approved"):
        escalate(incident, organisation=duty_path, policy=policy, actor=actor, now=NOW)
