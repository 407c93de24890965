"""How people's own rules change what a step sends, and what the run makes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from escalation.models import Notification, StepTaken
from escalation.notifications.claim import claim_due
from escalation.routing.dispatch import dispatch
from escalation.runs.letting_go import let_go
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import acknowledge, change_severity
from incidents.models import Incident, Timer
from tests import factories as make

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUIET = {"from": "22:00", "to": "07:00"}


@pytest.fixture
def aurora():
    return make.lab("aurora")


def member(organisation, name, **rules):
    """Add a person with a mail address and a pager, and the rules given."""
    user = make.person(organisation, f"{name}@aurora.example")
    for slug in ("mail", "pager"):
        make.contact(organisation, user, slug=slug, address=f"{name}-{slug}@x.example")
    if rules:
        make.rules(organisation, user, **rules)
    return user


def path(organisation, *steps):
    make.route(organisation, make.policy(organisation, *steps), is_default=True)


def page(user):
    return make.notify({"user": user.email})


def opened(organisation, *, severity=3, now=NIGHT):
    incident = make.incident(organisation, severity=severity, now=now)
    while dispatch(now):
        pass
    return incident


def fast_forward(now):
    while fire_due(now):
        pass


def due():
    """Return {address: minutes until it is due}."""
    rows = Notification.objects.filter(purpose="page")
    return {
        row.address.partition("@")[0]: (row.next_attempt_at - NIGHT) // MINUTE
        for row in rows
    }


def end(address, status, *, now):
    """Let a message end, as the sender would."""
    rows = Notification.objects.filter(address__startswith=address)
    rows.update(status=status, attempts=1, first_attempt_at=now)
    row = rows.get()
    if status == "failed":
        Timer.objects.create(
            kind="run.method_failed",
            subject_id=row.run_id,
            organisation_id=row.organisation_id,
            incident_id=row.incident_id,
            due_at=now,
            payload={"notification": str(row.uid)},
        )


def test_each_method_is_due_after_its_delay(aurora):
    lines = [{"method": "mail"}, {"method": "pager", "after_minutes": 5}]
    path(aurora, page(member(aurora, "ann", normal=lines)))
    opened(aurora)
    assert due() == {"ann-mail": 0, "ann-pager": 5}
    late = Notification.objects.get(address__startswith="ann-pager")
    assert late.expires_at == NIGHT + 35 * MINUTE


def test_urgent_list_is_used_from_severity_four(aurora):
    ann = member(
        aurora, "ann", normal=[{"method": "mail"}], urgent=[{"method": "pager"}]
    )
    path(aurora, page(ann))
    opened(aurora, severity=4)
    assert due() == {"ann-pager": 0}


@pytest.mark.parametrize(
    ("urgency", "severity", "is_urgent"),
    [("urgent", 2, True), ("normal", 5, False), (None, 5, True), (None, 2, False)],
)
def test_message_carries_the_urgency_of_its_step(aurora, urgency, severity, is_urgent):
    step = page(member(aurora, "ann"))
    path(aurora, step | ({"urgency": urgency} if urgency else {}))
    opened(aurora, severity=severity)
    rows = Notification.objects.filter(purpose="page")
    assert set(rows.values_list("is_urgent", flat=True)) == {is_urgent}


def test_quiet_hours_hold_a_normal_page_and_the_step_says_so(aurora):
    ann, bob = member(aurora, "ann", quiet=QUIET), member(aurora, "bob")
    path(aurora, make.notify({"user": ann.email}, {"user": bob.email}))
    opened(aurora)
    assert due() == {"ann-mail": 480, "ann-pager": 480, "bob-mail": 0, "bob-pager": 0}
    assert StepTaken.objects.get().reason == f"held until Tue 07:00 UTC for {ann}"


def test_urgent_page_comes_through_quiet_hours(aurora):
    path(aurora, page(member(aurora, "ann", quiet=QUIET)))
    opened(aurora, severity=5)
    assert due() == {"ann-mail": 0, "ann-pager": 0}


def test_step_of_sleepers_counts_as_taken_and_the_path_goes_on_after_its_wait(aurora):
    ann, bob = member(aurora, "ann", quiet=QUIET), member(aurora, "bob")
    path(aurora, page(ann), make.wait(15), page(bob))
    opened(aurora)
    fast_forward(NIGHT + 5 * MINUTE)
    assert [name for name in due() if name.startswith("bob")] == []
    fast_forward(NIGHT + 15 * MINUTE)
    assert due()["bob-mail"] == 15


def test_rules_without_a_method_in_use_page_everywhere_and_say_so(aurora):
    ann = member(aurora, "ann", normal=[{"method": "gone"}])
    path(aurora, page(ann))
    opened(aurora)
    assert due() == {"ann-mail": 0, "ann-pager": 0}
    assert StepTaken.objects.get().reason == (
        f"{ann}: no method of their rules is in use: every method at once"
    )


def test_step_whose_first_method_failed_waits_for_the_delayed_one(aurora):
    lines = [{"method": "mail"}, {"method": "pager", "after_minutes": 5}]
    path(
        aurora,
        page(member(aurora, "ann", normal=lines)),
        make.wait(30),
        page(member(aurora, "bob")),
    )
    opened(aurora)
    end("ann-mail", "failed", now=NIGHT)
    fast_forward(NIGHT + 2 * MINUTE)
    assert "bob-mail" not in due()
    # The delayed one is tried, nobody takes it, and a minute later the path goes on.
    end("ann-pager", "unknown", now=NIGHT + 5 * MINUTE)
    fast_forward(NIGHT + 6 * MINUTE)
    assert due()["bob-mail"] == 6


def test_acknowledgement_cancels_what_was_to_come_later(aurora):
    ann = member(aurora, "ann", quiet=QUIET)
    path(aurora, page(ann), make.wait(15))
    incident = opened(aurora)
    acknowledge(
        incident,
        organisation=aurora,
        user=ann,
        via="page",
        actor=Actor.of(ann, aurora),
        now=NIGHT + MINUTE,
    )
    fast_forward(NIGHT + MINUTE)
    assert claim_due(NIGHT + MINUTE, limit=10) == []
    statuses = Notification.objects.values_list("status", flat=True)
    assert set(statuses) == {"cancelled"}


def change(incident, severity, *, minutes):
    now = NIGHT + minutes * MINUTE
    user = make.person(incident.organisation)
    actor = Actor.of(user, incident.organisation)
    change_severity(
        incident, severity=severity, reason="worse", user=user, actor=actor, now=now
    )
    while dispatch(now):
        pass


def test_page_that_became_urgent_comes_through_quiet_hours(aurora):
    lines = [{"method": "mail"}, {"method": "pager", "after_minutes": 30}]
    path(aurora, page(member(aurora, "ann", quiet=QUIET, normal=lines)))
    incident = opened(aurora)
    assert due() == {"ann-mail": 480, "ann-pager": 510}
    change(incident, 5, minutes=10)
    # Their own delay stays.
    assert due() == {"ann-mail": 10, "ann-pager": 30}
    mail = Notification.objects.get(address__startswith="ann-mail")
    assert mail.expires_at == NIGHT + 40 * MINUTE


@pytest.mark.parametrize(
    ("severity", "more"),
    [
        # Still not urgent; less severe than it was; told not to be urgent.
        *((3, {}), (1, {}), (5, {"urgency": "normal"})),
    ],
)
def test_page_that_is_not_urgent_now_stays_held(aurora, severity, more):
    ann = member(aurora, "ann", quiet=QUIET)
    path(aurora, {**page(ann), **more})
    incident = opened(aurora, severity=2)
    change(incident, severity, minutes=10)
    assert due() == {"ann-mail": 480, "ann-pager": 480}


def test_letting_go_costs_as_many_statements_for_three_incidents_as_for_one(aurora):
    path(aurora, page(member(aurora, "ann", quiet=QUIET)))
    pks = [opened(aurora).pk for _ in range(4)]
    Incident.objects.update(severity=5)

    def statements(ids):
        with CaptureQueriesContext(connection) as found, recording(NIGHT):
            let_go(ids, now=NIGHT)
        return len(found)

    assert statements(pks[:1]) == statements(pks[1:])
    assert set(due().values()) == {0}


def test_delay_outside_quiet_hours_stays_when_the_severity_is_raised(aurora):
    lines = [{"method": "mail"}, {"method": "pager", "after_minutes": 30}]
    path(aurora, page(member(aurora, "ann", normal=lines)))
    incident = opened(aurora)
    change(incident, 5, minutes=10)
    assert due() == {"ann-mail": 0, "ann-pager": 30}


def test_rules_cost_as_many_statements_for_three_people_as_for_one(aurora):
    def statements(*names):
        people = [member(aurora, name, normal=[{"method": "mail"}]) for name in names]
        targets = [{"user": user.email} for user in people]
        incident_path = make.policy(aurora, make.notify(*targets))
        route = make.route(
            aurora, incident_path, {"field": "severity", "op": "=", "value": 3}
        )
        make.incident(aurora, severity=3, now=NIGHT)
        with CaptureQueriesContext(connection) as captured:
            dispatch(NIGHT)
        route.delete()
        return len(captured)

    make.route(aurora, None, is_default=True)
    one = statements("ann")
    assert statements("bob", "cid", "dan") == one
