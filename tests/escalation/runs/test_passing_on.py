from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from escalation.models import Notification, Run
from escalation.notifications.ack_links import acknowledge_url
from escalation.runs.passing_on import pass_on, pass_on_by_hand, told_by
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.timers.clock import read_now
from tests import factories as make
from tests.escalation.runs.test_handlers import (
    acknowledge_for,
    fast_forward,
    paged,
    path_of_three,
    route_all,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db

REASON = "A passed it on during the call"


@pytest.fixture
def lab():
    return path_of_three(make.lab())


@pytest.fixture
def incident(lab):
    incident = make.incident(lab)
    route_all()
    return incident


def first_page():
    return Notification.objects.select_related("incident").get(step_index=0)


def test_passing_on_takes_the_next_step_and_leaves_it_its_wait(lab, incident):
    assert pass_on(first_page(), reason=REASON, now=NOW)
    assert paged(lab) == ["a", "b"]
    fast_forward(NOW + timedelta(minutes=14))
    assert paged(lab) == ["a", "b"]
    fast_forward(NOW + timedelta(minutes=15))
    assert paged(lab) == ["a", "b", "c"]


def test_entry_says_who_passed_on(lab, incident):
    pass_on(first_page(), reason=REASON, now=NOW)
    reasons = [
        item.data["reason"]
        for item in timeline(incident, [lab.pk])
        if item.kind == "run.passed_on"
    ]
    assert reasons == [REASON]


def test_step_that_is_over_is_not_passed_on_again(lab, incident):
    assert pass_on(first_page(), reason=REASON, now=NOW)
    assert not pass_on(first_page(), reason=REASON, now=NOW)
    assert paged(lab) == ["a", "b"]


def test_what_somebody_has_acknowledged_is_not_passed_on(lab, incident):
    acknowledge_for(lab, incident)
    fast_forward(NOW)
    assert not pass_on(first_page(), reason=REASON, now=NOW)
    assert paged(lab) == ["a"]


def test_button_of_a_link_passes_on_and_says_who(client):
    lab = path_of_three(make.lab())
    incident = make.incident(lab)
    route_all()
    sent = Notification.objects.get()

    answer = client.post(urlsplit(acknowledge_url(sent.uid)).path, {"pass_on": "1"})
    fast_forward(read_now())

    assert answer.context["state"] == "passed_on"
    assert paged(lab) == ["a", "b"]
    [entry] = [e for e in timeline(incident, [lab.pk]) if e.kind == "run.passed_on"]
    assert (entry.data["step"], "cannot take it" in entry.data["reason"]) == ("1", True)


def test_step_that_is_named_is_passed_on_once(lab, incident):
    who = {
        "organisation": lab,
        "reason": REASON,
        "actor": Actor.system(lab),
        "now": NOW,
    }
    seen = told_by(Run.objects.get())
    pass_on_by_hand(incident, seen=seen, **who)
    with pytest.raises(NotPossible, match="It has moved on: step 3, round 1"):
        pass_on_by_hand(incident, seen=seen, **who)
    assert paged(lab) == ["a", "b"]


def test_button_of_the_page_pressed_twice_passes_one_step_on(client):
    lab = path_of_three(make.lab())
    incident = make.incident(lab)
    route_all()
    client.force_login(make.person(lab))
    page = client.get(incident.get_absolute_url())
    [action] = [one for one in page.context["actions"] if one.name == "pass-on"]
    for _ in range(2):
        client.post(action.url, action.form.initial)
    assert paged(lab) == ["a", "b"]


def test_whoever_was_told_in_the_same_breath_can_pass_on(client, db):
    lab = make.lab()
    people = [make.person(lab) for _ in range(3)]
    for person in people:
        make.contact(lab, person)
    first, second, third = [make.notify({"user": one.email}) for one in people]
    path = make.policy(lab, first, second, make.wait(15), third)
    make.route(lab, path, is_default=True)
    make.incident(lab)
    route_all()
    page = first_page()
    assert b"I cannot" in client.get(urlsplit(acknowledge_url(page.uid)).path).content
    assert pass_on(page, reason=REASON, now=NOW)
    told = Notification.objects.filter(purpose="page").values_list("address", flat=True)
    assert sorted(told) == sorted(person.email for person in people)


def test_click_twice_before_anybody_was_told_takes_one_step(db):
    lab = make.lab()
    duty = make.person(lab)
    make.contact(lab, duty)
    path = make.policy(lab, make.wait(15), make.notify({"user": duty.email}))
    make.route(lab, path, is_default=True)
    incident = make.incident(lab)
    route_all()
    seen = told_by(Run.objects.get())
    doing = {"organisation": lab, "actor": Actor.of(duty, lab), "now": NOW}
    pass_on_by_hand(incident, seen=seen, reason=REASON, **doing)
    with pytest.raises(NotPossible, match="moved on"):
        pass_on_by_hand(incident, seen=seen, reason=REASON, **doing)
    assert Run.objects.get().state == "active"
