from datetime import timedelta

import pytest
from django.urls import reverse

from escalation.loop import fire_due
from escalation.routing.dispatch import dispatch
from escalation.runs.ladder import ladder_of
from escalation.runs.lookup import runs_for
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.models import AcknowledgedVia
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    """A lab that pages duty, waits 15 minutes, pages the boss, twice, then a desk."""
    lab = make.lab("aurora")
    duty = make.person(lab, "duty@aurora.example")
    boss = make.person(lab, "boss@aurora.example")
    make.contact(lab, duty)
    make.contact(lab, boss)
    make.team(lab, duty)
    path = make.policy(
        lab,
        make.notify({"team": "duty"}),
        make.wait(15),
        make.notify({"user": "boss@aurora.example"}),
        make.wait(30),
        {"kind": "repeat", "from": 1, "rounds": 2},
        fallback={"user": "boss@aurora.example"},
    )
    make.route(lab, path, is_default=True)
    return lab


def advance(now):
    while dispatch(now) or fire_due(now):
        pass


def ladder(incident, lab):
    return ladder_of(
        runs_for(incident.pk, [lab.pk])[0], policy_url="/policies/1/", now=NOW
    )


def test_steps_are_done_now_and_next_with_their_times(aurora):
    incident = make.incident(aurora)
    advance(NOW)

    rows = ladder(incident, aurora).rows

    assert [(r.index, r.state) for r in rows] == [
        (1, "done"),
        (2, "now"),
        (3, "next"),
        (4, "next"),
        (5, "next"),
        (6, "next"),
    ]
    assert rows[0].names == ("duty@aurora.example",)
    assert [r.at for r in rows[1:5]] == [
        NOW + timedelta(minutes=15),
        NOW + timedelta(minutes=15),
        NOW + timedelta(minutes=15),
        NOW + timedelta(minutes=45),
    ]
    assert rows[5].at is None


def test_a_repeat_names_the_step_that_it_leads_to(aurora):
    incident = make.incident(aurora)
    advance(NOW)
    advance(NOW + timedelta(minutes=15))

    coming = ladder(incident, aurora).coming

    assert (coming.index, coming.names) == (1, ("duty@aurora.example",))
    assert coming.at == NOW + timedelta(minutes=45)


def test_the_second_round_starts_the_ladder_anew(aurora):
    incident = make.incident(aurora)
    for minutes in (0, 15, 45):
        advance(NOW + timedelta(minutes=minutes))

    shown = ladder(incident, aurora)

    assert (shown.round, shown.rounds) == (2, 2)
    assert [r.state for r in shown.rows] == [
        "done",
        "now",
        "next",
        "next",
        "held",
        "next",
    ]


def test_after_an_acknowledgement_nothing_further_comes(aurora):
    incident = make.incident(aurora)
    advance(NOW)
    acknowledge(
        incident,
        organisation=aurora,
        user=None,
        via=AcknowledgedVia.API,
        actor=Actor.system(aurora),
        now=NOW,
    )
    advance(NOW)

    shown = ladder(incident, aurora)

    assert [r.state for r in shown.rows] == ["done", "done", *["held"] * 4]
    assert (shown.state, shown.coming) == ("Paused: somebody has acknowledged", None)


def test_a_step_that_reaches_nobody_says_so(aurora):
    path = make.policy(aurora, make.notify({"team": "nobody"}), make.wait(5))
    make.route(aurora, path, {"field": "severity", "op": "=", "value": 5})
    incident = make.incident(aurora, severity=5)
    advance(NOW)

    row = ladder(incident, aurora).rows[0]

    assert (row.state, row.reason) == (
        "skipped",
        "there is nobody in that team",
    )


def test_the_page_after_filing_waits_for_routing(client, aurora):
    person = make.person(aurora)
    incident = make.incident(aurora, reported_by=person)
    client.force_login(person)
    url = reverse("incident-filed", args=[incident.ref])
    assert not client.get(url).context["is_routed"]

    advance(NOW)

    shown = client.get(url).context
    assert shown["is_routed"]
    assert [p["recipient"] for p in shown["paged"]] == ["duty@aurora.example"]
    assert [d["at"] for d in shown["due"]] == [NOW + timedelta(minutes=15)]


def test_an_agency_does_not_see_the_labs_ladder(client, aurora):
    agency = make.agency("naisa")
    path = make.policy(aurora, {"kind": "share", "agency": "naisa"})
    make.route(aurora, path, {"field": "severity", "op": "=", "value": 4})
    incident = make.incident(aurora, severity=4)
    advance(NOW)
    client.force_login(make.person(agency, role="officer"))

    page = client.get(incident.get_absolute_url())

    assert (page.context["ladder"], page.context["notifications"]) == (None, [])
    assert "naisa" not in page.context["strip"].due


def test_escalating_by_hand_starts_the_chosen_policy(client, aurora):
    incident = make.incident(aurora)
    advance(NOW)
    by_hand = make.policy(
        aurora, make.notify({"user": "boss@aurora.example"}), slug="by-hand"
    )
    client.force_login(make.person(aurora))

    url = reverse("incident-escalate", args=[incident.ref])
    client.post(url, {"policy": "by-hand"})

    runs = runs_for(incident.pk, [aurora.pk])
    assert runs[0].version.policy == by_hand
    assert runs[1].state == "stopped"


def test_the_first_page_lists_what_pages_the_reader(client, aurora):
    incident = make.incident(aurora)
    advance(NOW)
    duty = aurora.memberships.get(user__email="duty@aurora.example").user
    client.force_login(duty)

    sections = client.get(reverse("home")).context["sections"]

    assert (sections[0].title, [row.ref for row in sections[0].incidents]) == (
        "Paging you now",
        [incident.ref],
    )


def test_in_the_last_round_the_fallback_comes_next(aurora):
    incident = make.incident(aurora)
    for minutes in (0, 15, 45, 60):
        advance(NOW + timedelta(minutes=minutes))

    shown = ladder(incident, aurora)

    assert [r.state for r in shown.rows[3:]] == ["now", "held", "next"]
    assert (shown.coming.index, shown.coming.names) == (6, ("boss@aurora.example",))
    assert shown.coming.at == NOW + timedelta(minutes=90)


def due_on_the_page(client, lab, incident):
    client.force_login(make.person(lab))
    strip = client.get(incident.get_absolute_url()).context["strip"]
    return strip.due, strip.due_at


def test_what_is_due_is_said_by_name(client, aurora):
    incident = make.incident(aurora)
    advance(NOW)

    shown = due_on_the_page(client, aurora, incident)

    in_time = NOW + timedelta(minutes=15)
    assert shown == ("boss@aurora.example is notified.", in_time)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a", "b"), "a and b are notified."),
        (("a", "b", "c"), "a, b and c are notified."),
        (("a", "b", "c", "d", "e"), "a, b, c and 2 more are notified."),
    ],
)
def test_many_names_are_cut_short(client, aurora, names, said):
    people = [make.person(aurora, f"{name}@aurora.example") for name in names]
    for user, name in zip(people, names, strict=True):
        user.name = name
        user.save()
        make.contact(aurora, user)
    everybody = make.notify(*({"user": user.email} for user in people))
    path = make.policy(aurora, make.wait(5), everybody, slug="many")
    make.route(aurora, path, {"field": "severity", "op": "=", "value": 5})
    incident = make.incident(aurora, severity=5)
    advance(NOW)

    assert due_on_the_page(client, aurora, incident)[0] == said


def test_a_path_without_a_fallback_says_that_it_ends(client, aurora):
    path = make.policy(
        aurora,
        make.notify({"team": "duty"}),
        make.wait(5),
        {"kind": "repeat", "from": 1, "rounds": 2},
        slug="twice",
    )
    make.route(aurora, path, {"field": "severity", "op": "=", "value": 5})
    incident = make.incident(aurora, severity=5)
    for minutes in (0, 5):
        advance(NOW + timedelta(minutes=minutes))

    assert due_on_the_page(client, aurora, incident) == (
        "The path ends; nobody else is notified.",
        NOW + timedelta(minutes=10),
    )
