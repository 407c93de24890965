from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, Run, StepTaken
from escalation.notifications.claim import claim_due
from escalation.policies.targets import Target
from escalation.routing.dispatch import dispatch
from escalation.runs.pausing import snooze, unsnooze
from escalation.runs.reassigning import reassign
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.incident.shares import share
from incidents.models import AcknowledgedVia, Timer
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make.lab("aurora")
    make.contact(lab, address="desk@aurora.example")
    return lab


def member(lab, name, **more):
    person = make.person(lab, f"{name}@aurora.example", **more)
    make.contact(lab, person)
    return person


def page(name):
    return make.notify({"user": f"{name}@aurora.example"})


def advance(now=NOW):
    while dispatch(now) or fire_due(now):
        pass


def paged(purpose="page"):
    rows = Notification.objects.filter(purpose=purpose).order_by("id")
    return [
        address.partition("@")[0] for address in rows.values_list("address", flat=True)
    ]


def acknowledge_by(person, organisation, incident, now=NOW):
    acknowledge(
        incident,
        organisation=organisation,
        user=person,
        via=AcknowledgedVia.PAGE,
        actor=Actor.of(person, organisation),
        now=now,
    )


def doing(person, organisation, now=NOW):
    return {
        "organisation": organisation,
        "actor": Actor.of(person, organisation),
        "now": now,
    }


def test_incidents_of_one_moment_go_to_one_person_after_the_other(lab):
    people = [member(lab, name) for name in "abc"]
    silent = make.person(lab, "silent@aurora.example")
    make.team(lab, *people, silent)
    path = make.policy(lab, make.notify({"round_robin": "duty"}), make.wait(15))
    make.route(lab, path, is_default=True)
    for _ in range(4):
        make.incident(lab)
    advance()
    assert paged() == ["a", "b", "c", "a"]
    make.incident(lab)
    advance()
    assert paged()[4:] == ["b"]


def test_role_pages_whoever_has_it(lab):
    member(lab, "boss", role="approver")
    member(lab, "other")
    make.route(
        lab, make.policy(lab, make.notify({"role": "approver"})), is_default=True
    )
    make.incident(lab)
    advance()
    assert paged() == ["boss"]


def test_jump_goes_on_with_the_other_policy_and_never_comes_back(lab):
    member(lab, "a")
    member(lab, "b")
    jump = {"kind": "jump", "policy": "one"}
    make.policy(lab, page("b"), make.wait(5), jump, slug="two")
    jump_on = {"kind": "jump", "policy": "two"}
    first = make.policy(lab, page("a"), jump_on, slug="one")
    make.route(lab, first, is_default=True)
    make.incident(lab)
    advance()
    assert paged() == ["a", "b"]
    advance(NOW + timedelta(minutes=5))
    states = list(Run.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["jumped", "exhausted"]
    assert StepTaken.objects.latest("pk").reason == (
        "this incident came from that policy already"
    )


def test_raised_severity_and_assignment_are_written(lab):
    ann = member(lab, "a")
    steps = [
        {"kind": "raise_severity", "to": 4},
        {"kind": "assign", "target": {"user": ann.email}},
        make.wait(5),
    ]
    make.route(lab, make.policy(lab, *steps), is_default=True)
    incident = make.incident(lab, severity=2)
    advance()
    incident.refresh_from_db()
    assert (incident.severity, Run.objects.get().assigned_to) == (4, ann)
    assert paged() == ["a"]


def test_decision_tells_the_approvers(lab):
    member(lab, "boss", role="approver")
    step = {"kind": "decision", "regime": "eu-ai-act-73"}
    make.route(lab, make.policy(lab, step, make.wait(5)), is_default=True)
    make.incident(lab)
    advance()
    assert paged("decision") == ["boss"]


def test_exhausted_policy_tells_fallback_desk_and_author(lab):
    for name in "ab":
        member(lab, name)
    author = member(lab, "author", role="admin")
    fallback = {"user": "b@aurora.example"}
    path = make.policy(lab, page("a"), fallback=fallback)
    path.versions.update(made_by=author)
    make.route(lab, path, is_default=True)
    make.incident(lab)
    advance()
    advance(NOW + timedelta(minutes=15))
    assert paged("fallback") == ["b"]
    assert sorted(paged("exhausted")) == ["author", "desk"]


def test_each_of_two_organisations_pauses_only_when_both_have_acknowledged(lab):
    naisa = make.agency("naisa")
    officer = make.person(naisa, "officer@naisa.example", role="officer")
    ann, _ = member(lab, "a"), member(lab, "b")
    path = make.policy(
        lab,
        page("a"),
        make.wait(15),
        make.notify({"user": "a@aurora.example"}, {"user": "b@aurora.example"}),
        make.wait(15),
        acknowledgement={
            "mode": "each",
            "of": [{"role": "responder"}, {"organisation": "naisa"}],
        },
    )
    make.route(lab, path, is_default=True)
    incident = make.incident(lab)
    share(
        incident, agency=naisa, reason="x", user=None, actor=Actor.system(lab), now=NOW
    )
    advance()
    acknowledge_by(ann, lab, incident)
    advance()
    run = Run.objects.get(organisation=lab)
    assert run.state == "active"
    advance(NOW + timedelta(minutes=15))
    # Ann has it: she is not paged again, Bob is.
    assert paged() == ["a", "b"]
    acknowledge_by(officer, naisa, incident, NOW + timedelta(minutes=20))
    run.refresh_from_db()
    assert run.state == "acknowledged"
    advance(NOW + timedelta(hours=2))
    assert paged() == ["a", "b"]


@pytest.mark.parametrize(("count", "status"), [(1, "sending"), (2, "cancelled")])
def test_call_of_a_path_at_its_end_is_cancelled_once_enough_have_acknowledged(
    lab, count, status
):
    people = [member(lab, name) for name in ("a", "b")]
    member(lab, "boss")
    path = make.policy(
        lab,
        page("a"),
        acknowledgement={"mode": "quorum", "count": 2},
        fallback={"user": "boss@aurora.example"},
    )
    make.route(lab, path, is_default=True)
    incident = make.incident(lab)
    advance()
    late = NOW + timedelta(minutes=20)
    advance(late)
    for person in people[:count]:
        acknowledge_by(person, lab, incident, late)
    claim_due(late, limit=9)
    assert Run.objects.get().state == "exhausted"
    assert Notification.objects.get(purpose="fallback").status == status


def test_path_goes_on_when_anothers_acknowledgement_that_it_counts_on_ends(lab):
    naisa = make.agency("naisa")
    officer = make.person(naisa, "officer@naisa.example", role="officer")
    member(lab, "a")
    wanted = {"mode": "each", "of": [{"organisation": "naisa"}]}
    path = make.policy(lab, page("a"), make.wait(15), page("a"), acknowledgement=wanted)
    make.route(lab, path, is_default=True)
    theirs = make.policy(naisa, make.wait(600), ack_timeout_minutes=30)
    make.route(naisa, theirs, is_default=True)
    incident = make.incident(lab)
    share(
        incident, agency=naisa, reason="x", user=None, actor=Actor.system(lab), now=NOW
    )
    advance()
    acknowledge_by(officer, naisa, incident)
    advance()
    run = Run.objects.get(organisation=lab)
    assert (run.state, paged()) == ("acknowledged", ["a"])
    advance(NOW + timedelta(minutes=30))
    run.refresh_from_db()
    assert run.state == "active"
    advance(NOW + timedelta(minutes=45))
    assert paged() == ["a", "a"]


def test_desk_of_an_agency_is_told_by_the_step_behind_the_share(lab):
    naisa = make.agency("naisa")
    make.contact(naisa, address="duty@naisa.example")
    member(lab, "a")
    desk = make.notify({"desk": "naisa"})
    sharing = {"kind": "share", "agency": "naisa"}
    path = make.policy(lab, page("a"), desk, sharing, desk, make.wait(15))
    make.route(lab, path, is_default=True)
    make.incident(lab)
    advance()
    run = Run.objects.get(organisation=lab)
    assert list(run.steps_taken.values_list("step_index", "outcome")) == [
        (0, "taken"),
        (1, "skipped"),
        (2, "taken"),
        (3, "taken"),
        (4, "taken"),
    ]
    assert paged() == ["a", "duty"]


def test_snooze_pages_nobody_until_its_end_and_then_goes_on(lab):
    ann, _ = member(lab, "a"), member(lab, "b")
    make.route(
        lab, make.policy(lab, page("a"), make.wait(15), page("b")), is_default=True
    )
    incident = make.incident(lab)
    advance()
    until = NOW + timedelta(hours=1)
    snooze(incident, until=until, reason="known", **doing(ann, lab))
    advance(NOW + timedelta(minutes=59))
    assert (paged(), Run.objects.get().state) == (["a"], "snoozed")
    advance(until)
    run = Run.objects.get()
    assert (paged(), run.state, run.snoozed_until) == (["a", "b"], "active", None)


def test_snooze_that_ends_late_says_so(lab):
    ann, _ = member(lab, "a"), member(lab, "b")
    steps = [page("a"), make.wait(15), page("b"), make.wait(15), page("a")]
    make.route(lab, make.policy(lab, *steps), is_default=True)
    incident = make.incident(lab)
    advance()
    until = NOW + timedelta(hours=1)
    snooze(incident, until=until, reason="known", **doing(ann, lab))
    advance(until + timedelta(seconds=20))
    step = StepTaken.objects.get(step_index=2)
    assert (step.due_at, step.ran_at) == (until, until + timedelta(seconds=20))
    assert Run.objects.get().next_due_at == until + timedelta(minutes=15)


def test_acknowledgement_takes_over_from_a_snooze(lab):
    ann, _ = member(lab, "a"), member(lab, "b")
    make.route(
        lab, make.policy(lab, page("a"), make.wait(15), page("b")), is_default=True
    )
    incident = make.incident(lab)
    advance()
    until = NOW + timedelta(hours=1)
    snooze(incident, until=until, reason="known", **doing(ann, lab))
    acknowledge_by(ann, lab, incident)
    advance(until)
    run = Run.objects.get()
    assert (paged(), run.state, run.snoozed_until) == (["a"], "acknowledged", None)


def test_unsnooze_goes_on_at_once_and_only_a_snooze(lab):
    ann, _ = member(lab, "a"), member(lab, "b")
    make.route(
        lab, make.policy(lab, page("a"), make.wait(15), page("b")), is_default=True
    )
    incident = make.incident(lab)
    advance()
    with pytest.raises(NotPossible):
        unsnooze(incident, **doing(ann, lab))
    snooze(incident, until=NOW + timedelta(hours=1), reason="x", **doing(ann, lab))
    unsnooze(incident, **doing(ann, lab))
    assert paged() == ["a", "b"]
    assert not Timer.objects.filter(kind="run.snooze_ends").exists()


def test_reassigned_people_are_paged_and_the_path_goes_on_without_them(lab):
    ann, bob, _ = (member(lab, name) for name in "abc")
    make.route(
        lab, make.policy(lab, page("a"), make.wait(60), page("c")), is_default=True
    )
    incident = make.incident(lab)
    advance()
    acknowledge_by(ann, lab, incident)
    advance()
    reassign(incident, to=Target("user", bob.email), reason="yours", **doing(ann, lab))
    advance()
    run = Run.objects.get()
    assert (paged(), run.state, run.assigned_to) == (["a", "b"], "active", bob)
    advance(NOW + timedelta(minutes=15))
    assert paged() == ["a", "b", "c"]
