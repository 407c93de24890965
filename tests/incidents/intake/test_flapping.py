from datetime import timedelta

import pytest

from escalation.loop import fire_due
from incidents.events.actor import Actor
from incidents.incident.lifecycle import resolve
from incidents.intake.handling import HandlingError, checked_flap_changes
from incidents.intake.receive import store_deliveries
from incidents.models import Alert, Delivery, Entry, Incident
from tests.incidents.intake.intake_world import NOW, generic, make_source, process_all

pytestmark = pytest.mark.django_db


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def change(source, minutes, *, title="A", **more):
    """Have the alert fire at even minutes and clear at odd ones."""
    status = "resolved" if minutes % 2 else "firing"
    body = generic(title, status=status, minutes=minutes, **more)
    rows = store_deliveries(source, [body])
    Delivery.objects.filter(pk__in=[r.pk for r in rows]).update(received_at=at(minutes))
    process_all(at(minutes))


@pytest.fixture
def flapping(organisation):
    source = make_source(organisation, flap_changes=5, flap_minutes=30)
    for minutes in range(5):
        change(source, minutes)
    return source


def named(*names):
    rows = Entry.objects.filter(kind__in=names).order_by("id")
    return list(rows.values_list("kind", flat=True))


def test_the_nth_change_marks_the_incident_that_it_joins(flapping):
    assert Incident.objects.count() == 3
    last = Incident.objects.latest("pk")
    assert (last.flapping_since, last.status) == (at(4), "open")
    assert Incident.objects.exclude(flapping_since=None).count() == 1
    assert named("incident.flapping") == ["incident.flapping"]


def test_changes_while_it_flaps_open_and_resolve_nothing(flapping):
    for minutes in range(5, 12):
        change(flapping, minutes)
    last = Incident.objects.latest("pk")
    assert (Incident.objects.count(), last.status) == (3, "open")
    assert named("incident.flapping") == ["incident.flapping"]


def test_a_worse_alert_does_not_raise_what_flaps(flapping):
    change(flapping, 5)
    change(flapping, 6, severity="critical")
    assert Incident.objects.latest("pk").severity == 2


def test_quiet_ends_it_and_resolves_what_has_cleared(flapping):
    change(flapping, 5)
    fire_due(at(34))
    assert Incident.objects.latest("pk").flapping_since is not None
    fire_due(at(35))
    last = Incident.objects.latest("pk")
    assert (last.flapping_since, last.status) == (None, "resolved")
    assert named("incident.steady") == ["incident.steady"]


def test_quiet_leaves_open_what_still_fires(flapping):
    fire_due(at(34))
    last = Incident.objects.latest("pk")
    assert (last.flapping_since, last.status) == (None, "open")


def test_changes_far_apart_are_no_flapping(organisation):
    source = make_source(organisation, flap_changes=5, flap_minutes=3)
    for minutes in range(9):
        change(source, minutes)
    assert Incident.objects.exclude(flapping_since=None).count() == 0


def test_a_source_that_does_not_ask_keeps_no_instants(organisation):
    source = make_source(organisation)
    for minutes in range(9):
        change(source, minutes)
    assert Alert.objects.get().change_times == []
    assert named("incident.flapping") == []


def test_a_person_may_resolve_what_flaps(flapping, organisation):
    incident = Incident.objects.latest("pk")
    actor = Actor.system(organisation)
    resolve(incident, reason="done", user=None, actor=actor, now=at(5))
    fire_due(at(60))
    assert named("incident.steady") == []
    assert Incident.objects.exclude(flapping_since=None).count() == 0


@pytest.mark.parametrize("value", [1, 2, -1, 101, True, "5"])
def test_a_number_of_changes_that_cannot_be_used_is_refused(value):
    with pytest.raises(HandlingError) as caught:
        checked_flap_changes(value)
    assert caught.value.field == "flap_changes"
