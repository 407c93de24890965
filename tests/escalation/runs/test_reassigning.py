from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from escalation.loop import fire_due
from escalation.models import Notification, Run
from escalation.notifications.ack_links import acknowledge_url
from escalation.notifications.consequences import tell_runs
from escalation.policies.targets import Target
from escalation.routing.dispatch import dispatch
from escalation.runs.passing_on import pass_on
from escalation.runs.reassigning import reassign
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.models import Disclosure, Incident
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

REASON = "you know the weights"


@pytest.fixture
def lab():
    """A lab where Ann was paged, Dan comes in an hour, and Ann gives it to Carol."""
    lab = make.lab("aurora")
    for name in ("ann", "carol", "dan"):
        make.contact(lab, make.person(lab, f"{name}@aurora.example"))
    page_ann, page_dan = (
        make.notify({"user": f"{name}@aurora.example"}) for name in ("ann", "dan")
    )
    path = make.policy(lab, page_ann, make.wait(60), page_dan)
    make.route(lab, path, is_default=True)
    make.incident(lab)
    fast_forward(0)
    give(lab, Target("user", "carol@aurora.example"))
    return lab


def give(lab, to, *, minutes=0):
    ann = page_of("ann").recipient_user
    reassign(
        Run.objects.get().incident,
        organisation=lab,
        to=to,
        reason=REASON,
        actor=Actor.of(ann, lab),
        now=NOW + timedelta(minutes=minutes),
    )


def fast_forward(minutes):
    now = NOW + timedelta(minutes=minutes)
    while dispatch(now) or fire_due(now):
        pass


def page_of(name):
    return Notification.objects.get(address__startswith=name, purpose="page")


def end(name, status, *, minutes):
    row, at = page_of(name), NOW + timedelta(minutes=minutes)
    row.status, row.attempts, row.first_attempt_at = status, 1, at
    row.save()
    if status == "failed":
        tell_runs([row], now=at)


def paged():
    rows = Notification.objects.filter(purpose="page").order_by("id")
    return [
        address.partition("@")[0] for address in rows.values_list("address", flat=True)
    ]


def test_whoever_it_is_given_to_can_pass_it_on(lab):
    assert pass_on(page_of("carol"), reason="busy", now=NOW)
    assert paged() == ["ann", "carol", "dan"]
    entries = timeline(Run.objects.get().incident, [lab.pk])
    [entry] = [entry for entry in entries if entry.kind == "run.passed_on"]
    assert (entry.data["step"], entry.data["reason"]) == ("reassignment", "busy")


def test_whoever_gave_it_away_cannot_pass_it_on(lab):
    assert not pass_on(page_of("ann"), reason="busy", now=NOW)
    assert paged() == ["ann", "carol"]


def test_link_offers_passing_on_only_to_whom_it_was_given(lab, client):
    offers = [
        client.get(urlsplit(acknowledge_url(page_of(name).uid)).path).context[
            "may_pass_on"
        ]
        for name in ("ann", "carol")
    ]
    assert offers == [False, True]


def test_next_step_is_taken_at_once_when_the_page_fails(lab):
    end("carol", "failed", minutes=1)
    fast_forward(1)
    assert paged() == ["ann", "carol", "dan"]


def test_next_step_is_taken_when_the_page_does_not_arrive(lab):
    end("carol", "queued", minutes=1)
    fast_forward(1.9)
    assert paged() == ["ann", "carol"]
    fast_forward(2)
    assert paged() == ["ann", "carol", "dan"]


def test_failure_of_the_step_before_it_changes_nothing(lab):
    end("carol", "sent", minutes=0)
    end("ann", "failed", minutes=1)
    fast_forward(14)
    assert paged() == ["ann", "carol"]
    fast_forward(15)
    assert paged() == ["ann", "carol", "dan"]


def test_each_reassignment_waits_for_its_own_people(lab):
    give(lab, Target("user", "dan@aurora.example"), minutes=1)
    assert not pass_on(page_of("carol"), reason="busy", now=NOW)
    assert Run.objects.get().told_last == (-1, 2)


def test_reason_travels_with_the_title(lab):
    message = page_of("carol").message
    assert (REASON in message["text"], message["data"]["why"]) == (
        True,
        "ann@aurora.example gave it to you.",
    )


def test_reason_stays_where_the_label_keeps_content(lab):
    Incident.objects.update(tlp="RED")
    give(lab, Target("user", "dan@aurora.example"), minutes=1)
    message = page_of("dan").message
    assert "ann@aurora.example gave it to you." in message["text"]
    assert REASON not in str(message)


def test_name_of_whom_it_was_given_to_can_be_erased_with_them(lab):
    carol = page_of("carol").recipient_user
    [disclosed] = Disclosure.objects.filter(name="to").select_related("key")
    assert disclosed.key.owner == carol.uid


def test_team_that_it_was_given_to_is_named(lab):
    make.team(lab, page_of("carol").recipient_user)
    give(lab, Target("team", "duty"), minutes=1)
    entry = timeline(Run.objects.get().incident, [lab.pk])
    given = [one.data["to"] for one in entry if one.kind == "run.reassigned"]
    assert given == ["carol@aurora.example", "duty"]
