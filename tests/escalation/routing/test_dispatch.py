from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, Run
from escalation.routing.dispatch import NO_ROUTE, dispatch
from escalation.runs.engine import escalate
from escalation.runs.hand_over import HandOver, hand_over
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import (
    acknowledge,
    change_severity,
    reopen,
    resolve,
)
from incidents.models import AcknowledgedVia
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

JUMP = {"kind": "jump", "policy": "major"}
SEVERE = {"field": "severity", "op": ">=", "value": 5}


@pytest.fixture
def lab():
    lab = make.lab("aurora")
    make.contact(lab, make.person(lab, "duty@aurora.example"))
    make.contact(lab, address="desk@aurora.example")
    return lab


def path(lab, *steps, slug, **body):
    """A policy that pages the duty officer, waits 15 minutes, and then does more."""
    page = make.notify({"user": "duty@aurora.example"})
    return make.policy(lab, page, make.wait(15), *steps, slug=slug, **body)


def actor_of(lab):
    return Actor.of(lab.memberships.get().user, lab)


def advance(minutes=0):
    now = NOW + timedelta(minutes=minutes)
    while dispatch(now) or fire_due(now):
        pass


def change(incident, severity, *, minutes=1):
    """Change the severity, and let everything be done that is due then."""
    lab = incident.organisation
    now = NOW + timedelta(minutes=minutes)
    user, actor = lab.memberships.get().user, actor_of(lab)
    change_severity(
        incident, severity=severity, reason="worse", user=user, actor=actor, now=now
    )
    advance(minutes)


def escalate_to(policy, incident):
    lab = incident.organisation
    actor = actor_of(lab)
    return escalate(incident, organisation=lab, policy=policy, actor=actor, now=NOW)


def hand_over_to(policy, incident):
    order = HandOver(policy.versions.get(), "1", "mended")
    ids = list(Run.objects.filter(incident=incident).values_list("pk", flat=True))
    hand_over(ids, order, actor=actor_of(incident.organisation), now=NOW)


def runs():
    """Return what each run is of and how it stands, oldest first."""
    rows = Run.objects.order_by("pk")
    return list(rows.values_list("version__policy__slug", "state"))


def test_path_that_raises_the_severity_and_jumps_stays_with_the_other_policy(lab):
    path(lab, slug="major")
    steps = {"kind": "raise_severity", "to": 5}, JUMP
    make.route(lab, path(lab, *steps, slug="night"), is_default=True)
    make.incident(lab)
    advance()
    advance(15)
    assert runs() == [("night", "jumped"), ("major", "active")]


@pytest.mark.parametrize("put_to_work", [escalate_to, hand_over_to])
def test_policy_that_a_person_put_to_work_stays_while_the_route_means_no_other(
    lab, put_to_work
):
    major = path(lab, slug="major")
    make.route(lab, path(lab, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    put_to_work(major, incident)
    change(incident, 4)
    assert runs() == [("night", "stopped"), ("major", "active")]


@pytest.mark.parametrize("put_to_work", [escalate_to, hand_over_to])
def test_policy_that_a_person_put_to_work_makes_room_for_one_that_is_meant_now(
    lab, put_to_work
):
    major = path(lab, slug="major")
    make.route(lab, path(lab, slug="crisis"), SEVERE)
    make.route(lab, path(lab, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    put_to_work(major, incident)
    change(incident, 5)
    assert runs() == [("night", "stopped"), ("major", "stopped"), ("crisis", "active")]


def test_policy_at_work_already_is_not_started_again_when_the_route_comes_to_mean_it(
    lab,
):
    make.route(lab, path(lab, slug="major"), SEVERE)
    make.route(lab, path(lab, JUMP, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    advance(15)
    change(incident, 5, minutes=16)
    assert runs() == [("night", "jumped"), ("major", "active")]


def test_exhausted_policy_that_was_jumped_to_is_not_begun_again_by_a_severity(lab):
    path(lab, slug="major")
    make.route(lab, path(lab, JUMP, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    for minutes in (15, 30):
        advance(minutes)
    change(incident, 4, minutes=31)
    assert runs() == [("night", "jumped"), ("major", "exhausted")]


def test_path_begun_anew_after_a_timeout_remembers_how_it_was_come_to(lab):
    back = {"kind": "jump", "policy": "night"}
    path(lab, back, slug="major", ack_timeout_minutes=5)
    make.route(lab, path(lab, JUMP, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    for minutes in (15, 30):
        advance(minutes)
    acknowledge(
        incident,
        organisation=lab,
        user=lab.memberships.get().user,
        via=AcknowledgedVia.PAGE,
        actor=actor_of(lab),
        now=NOW + timedelta(minutes=31),
    )
    advance(31)
    advance(36)
    change(incident, 4, minutes=37)
    assert runs() == [("night", "jumped"), ("major", "exhausted"), ("major", "active")]
    # Nor is there a way back into the policy that led here.
    advance(51)
    assert runs()[-1] == ("major", "exhausted")
    assert Notification.objects.filter(purpose="page").count() == 3


def said_nobody(incident):
    """Return why nobody is paged, as the record has it."""
    return [
        item.data["reason"]
        for item in timeline(incident, [incident.organisation_id])
        if item.kind == "run.stopped"
    ]


def reopen_again(incident, minutes):
    lab = incident.organisation
    who = {"user": lab.memberships.get().user, "actor": actor_of(lab)}
    at = NOW + timedelta(minutes=minutes)
    resolve(incident, reason="done", **who, now=at)
    advance(minutes)
    reopen(incident, reason="back", **who, now=at + timedelta(minutes=1))
    advance(minutes + 1)


def test_reopened_incident_without_a_route_says_that_nobody_is_paged(lab):
    route = make.route(lab, path(lab, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    route.delete()
    reopen_again(incident, 1)
    assert said_nobody(incident) == ["the incident is closed", NO_ROUTE]
    # A change of severity alone says nothing new.
    change(incident, 4, minutes=3)
    assert said_nobody(incident) == ["the incident is closed", NO_ROUTE]


def test_run_that_goes_on_is_no_case_of_nobody_being_paged(lab):
    route = make.route(lab, path(lab, slug="night"), is_default=True)
    incident = make.incident(lab)
    advance()
    route.delete()
    change(incident, 4)
    assert runs() == [("night", "active")]
    assert said_nobody(incident) == []


def test_policy_that_a_person_was_quicker_to_start_than_the_route_stays(lab):
    major = path(lab, slug="major")
    make.route(lab, path(lab, slug="night"), is_default=True)
    incident = make.incident(lab)
    escalate_to(major, incident)
    advance()
    change(incident, 4)
    assert runs() == [("major", "active")]
