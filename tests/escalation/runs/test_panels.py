from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, Policy, Run
from escalation.routing.dispatch import dispatch
from escalation.runs.engine import escalate
from escalation.runs.hand_over import HandOver, hand_over
from escalation.runs.panels import ladder_panel, paged_part
from escalation.runs.pausing import snooze
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge, resolve
from incidents.incident.panels import Seen
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

QUORUM = {"mode": "quorum", "count": 2}


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def people(lab):
    """Return Ann, Bob and Cid, each with a verified address."""
    found = [make.person(lab, f"{name}@aurora.example") for name in ("ann", "bob", "c")]
    for person in found:
        make.contact(lab, person)
    return found


def page(*people):
    return make.notify(*({"user": person.email} for person in people))


def start(lab, *steps, **body):
    make.route(lab, make.policy(lab, *steps, **body), is_default=True)
    incident = make.incident(lab)
    advance()
    return incident


def advance(now=NOW):
    while dispatch(now) or fire_due(now):
        pass


def doing(lab, person, now=NOW):
    return {"organisation": lab, "actor": Actor.of(person, lab), "now": now}


def acknowledge_by(lab, person, incident, now=NOW, **more):
    who = {"user": person, "via": "page", **more}
    acknowledge(incident, **who, **doing(lab, person, now))


def paging(*people, now=NOW):
    """Return whom of these the first page says that an incident pages them now."""
    return [person for person in people if paged_part(person, now).sections]


def actions(person, incident, now=NOW):
    part = ladder_panel(Seen.by(person, incident, now=now))
    return [action.name for action in part.actions]


def test_whoever_was_told_is_paged_until_their_side_acknowledges(lab, people):
    ann, bob, other = people
    incident = start(lab, page(ann), make.wait(15), page(bob))
    assert paging(*people) == [ann]
    advance(NOW + timedelta(minutes=15))
    assert paging(*people) == [ann, bob]
    acknowledge_by(lab, other, incident)
    assert paging(*people) == []


def test_fallback_of_an_exhausted_path_is_paged(lab, people):
    ann, bob, _ = people
    start(lab, page(ann), fallback={"user": bob.email})
    advance(NOW + timedelta(minutes=15))
    assert Run.objects.get().state == "exhausted"
    assert paging(*people) == [ann, bob]


def test_people_of_before_a_jump_are_paged_until_the_path_is_snoozed(lab, people):
    ann, bob, _ = people
    make.policy(lab, page(bob), make.wait(15), slug="major")
    incident = start(lab, page(ann), {"kind": "jump", "policy": "major"})
    assert paging(*people) == [ann, bob]
    until = NOW + timedelta(hours=1)
    snooze(incident, until=until, reason="known", **doing(lab, ann))
    assert paging(*people) == []


def test_of_several_wanted_only_whoever_acknowledged_is_left_alone(lab, people):
    ann, bob, third = people
    several = page(ann, bob, third)
    all_three = {"mode": "quorum", "count": 3}
    incident = start(lab, several, make.wait(15), acknowledgement=all_three)
    acknowledge_by(lab, ann, incident)
    # By the link that was sent to him.
    acknowledge_by(lab, bob, incident, user=None, link_user=bob, via="link")
    assert paging(*people) == [third]
    acknowledge_by(lab, third, incident)
    assert paging(*people) == []


def test_superseded_path_pages_nobody_and_its_successor_does(lab, people):
    ann, bob, third = people
    make.policy(lab, page(bob), make.wait(15), slug="major")
    incident = start(lab, page(ann), {"kind": "jump", "policy": "major"})
    policy = make.policy(lab, page(third), make.wait(15), slug="other")
    escalate(incident, policy=policy, **doing(lab, ann))
    assert paging(*people) == [third]


def test_people_of_a_path_that_was_handed_over_are_still_paged(lab, people):
    ann = people[0]
    incident = start(lab, page(ann), make.wait(15))
    policy = Policy.objects.get()
    first = policy.versions.get()
    version = policy.versions.create(number=2, body=first.body, organisation=lab)
    run = Run.objects.get()
    # What was sent stays with the run that sent it.
    Notification.objects.update(status="sent")
    actor = Actor.of(ann, lab)
    hand_over([run.pk], HandOver(version), actor=actor, now=NOW)
    assert paging(*people) == [ann]
    resolve(incident, reason="done", user=ann, actor=actor, now=NOW)
    assert paging(*people) == []


def test_other_message_to_a_person_is_no_page(lab, people):
    start(lab, page(people[0]), make.wait(15))
    Notification.objects.update(purpose="clock")
    assert paging(*people) == []


def test_acknowledging_too_is_offered_once_to_whoever_used_a_link(lab, people):
    ann, bob, _ = people
    incident = start(lab, page(*people), make.wait(15), acknowledgement=QUORUM)
    assert "acknowledge" in actions(ann, incident)
    acknowledge_by(lab, ann, incident, user=None, link_user=ann, via="link")
    assert "acknowledge" not in actions(ann, incident)
    assert "acknowledge" in actions(bob, incident)


def test_end_of_an_acknowledgement_counts_from_the_newest(lab, people):
    ann, bob, _ = people
    incident = start(
        lab, page(ann), make.wait(60), acknowledgement=QUORUM, ack_timeout_minutes=30
    )
    acknowledge_by(lab, ann, incident)
    advance()
    later = NOW + timedelta(minutes=10)
    acknowledge_by(lab, bob, incident, later)
    advance(later)
    due = ladder_panel(Seen.by(ann, incident, now=later)).due
    assert due is not None
    assert due.at == later + timedelta(minutes=30)
