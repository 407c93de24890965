from datetime import timedelta

import pytest

from escalation.loop import fire_due
from incidents.events.actor import Actor
from incidents.intake.backlog import waiting_since
from incidents.intake.receive import store_deliveries
from incidents.intake.silences import SilenceDraft, create_silence
from incidents.intake.waking import wake_alerts
from incidents.models import Alert, Delivery, Incident, Silence
from tests.incidents.intake.intake_world import (
    NOW,
    at,
    generic,
    make_source,
    process_all,
)

pytestmark = pytest.mark.django_db


def arrive(source, *bodies, minutes):
    """Store what came so many minutes after NOW, and leave it unread."""
    rows = store_deliveries(source, bodies)
    came = {"received_at": at(minutes)}
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**came)


def silence(organisation, minutes=60):
    draft = SilenceDraft(
        matchers=[{"field": "title", "op": "=", "value": "A"}],
        starts_at=NOW,
        ends_at=at(minutes),
        reason="known",
    )
    actor = Actor.system(organisation)
    return create_silence(organisation, draft, author=None, actor=actor, now=NOW)


def held(source):
    silence(source.organisation)
    arrive(source, generic("A"), minutes=0)
    process_all()


def test_what_waits_longest_is_told_for_each_source(source, organisation):
    other = make_source(organisation, slug="other")
    arrive(source, generic("A"), minutes=1)
    process_all()
    arrive(source, generic("B"), minutes=2)
    arrive(source, generic("C"), minutes=3)
    owners = {one.pk: organisation.pk for one in (source, other)}
    assert waiting_since(owners) == {source.pk: at(2)}
    assert waiting_since({}) == {}


def test_an_alert_whose_resolve_waits_to_be_read_does_not_fire_again(source):
    held(source)
    arrive(source, generic("A", status="resolved", minutes=5), minutes=5)
    assert wake_alerts(at(70)) == 0
    process_all(at(75))
    assert wake_alerts(at(75)) == 0
    assert (Incident.objects.count(), Alert.objects.get().status) == (0, "resolved")


def test_an_alert_fires_once_what_waited_is_read_and_does_not_end_it(source):
    held(source)
    arrive(source, generic("A", minutes=5), minutes=5)
    assert wake_alerts(at(70)) == 0
    process_all(at(75))
    wake_alerts(at(75))
    assert Incident.objects.get().status == "open"


def test_what_came_after_the_end_holds_nothing_up(source):
    held(source)
    arrive(source, generic("B"), minutes=61)
    assert wake_alerts(at(70)) == 1
    assert Incident.objects.count() == 1


def test_another_sources_backlog_holds_nothing_up(source, organisation):
    held(source)
    arrive(make_source(organisation, slug="other"), generic("B"), minutes=5)
    assert wake_alerts(at(70)) == 1


def test_spared_alerts_do_not_keep_others_from_their_turn(organisation):
    first, second = (make_source(organisation, slug=slug) for slug in "ab")
    silence(organisation)
    arrive(first, generic("A"), minutes=0)
    arrive(second, generic("A"), minutes=0)
    process_all()
    arrive(first, generic("A", status="resolved", minutes=5), minutes=5)
    assert wake_alerts(at(70)) == 1
    assert Incident.objects.get().source == second


def test_an_alert_does_not_expire_while_its_next_sign_waits_to_be_read(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    arrive(source, generic("A"), minutes=0)
    process_all()
    arrive(source, generic("A"), minutes=20)
    assert wake_alerts(at(35)) == 0
    process_all(at(36))
    assert wake_alerts(at(49)) == 0
    assert wake_alerts(at(50)) == 1


def test_a_group_takes_what_came_within_its_window_and_is_read_later(organisation):
    source = make_source(organisation, group_window_minutes=10)
    arrive(source, generic("A", group_key="g"), minutes=0)
    process_all()
    arrive(source, generic("B", group_key="g"), minutes=5)
    fire_due(at(11))
    process_all(at(12))
    assert Incident.objects.get().alert_count == 2
    fire_due(at(15) + timedelta(seconds=1))
    arrive(source, generic("C", group_key="g"), minutes=16)
    process_all(at(16))
    assert Incident.objects.count() == 2


def test_flapping_goes_on_while_a_change_waits_to_be_read(organisation):
    source = make_source(organisation, flap_changes=3, flap_minutes=30)
    for minutes in range(3):
        status = "resolved" if minutes % 2 else "firing"
        arrive(source, generic("A", status=status, minutes=minutes), minutes=minutes)
        process_all(at(minutes))
    arrive(source, generic("A", status="resolved", minutes=20), minutes=20)
    fire_due(at(33))
    flapping = Incident.objects.exclude(flapping_since=None)
    assert flapping.count() == 1
    process_all(at(34))
    fire_due(at(34))
    assert flapping.count() == 1
    fire_due(at(51))
    assert flapping.count() == 0


def test_a_silence_that_cannot_be_read_stops_no_delivery(source, organisation):
    silence(organisation)
    Silence.objects.update(matchers=[{"field": "title", "op": "=~", "value": "("}])
    arrive(source, generic("A"), minutes=0)
    assert process_all() == [1]
    assert Delivery.objects.get().state == "processed"
    assert Incident.objects.count() == 1
