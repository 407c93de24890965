"""Alerts that are sent again and again, and a pause of ours."""

import json
from datetime import timedelta

import pytest

from incidents.intake.pauses import bridge_pause
from incidents.intake.receive import store_deliveries
from incidents.intake.waking import wake_alerts
from incidents.models import Alert, Delivery, Incident
from incidents.tasks import process_intake
from incidents.timers.clock import read_now
from incidents.timers.ticks import note_tick
from tests.incidents.intake.intake_world import NOW, at, make_source, process_all

pytestmark = pytest.mark.django_db

BODY = json.dumps([{"labels": {"alertname": "GPU"}}]).encode()


@pytest.fixture
def prometheus(organisation):
    return make_source(organisation, tool="alertmanager_api", slug="prometheus")


def send(source, received_at):
    [delivery] = store_deliveries(source, [BODY])
    Delivery.objects.filter(pk=delivery.pk).update(received_at=received_at)


def status():
    return Incident.objects.get().status


def test_alert_lives_longer_by_the_time_in_which_intake_did_not_run(prometheus):
    send(prometheus, NOW)
    process_all()
    note_tick("intake", at(1))
    assert Alert.objects.get().expires_at == at(5)

    assert bridge_pause(at(31)) == 1

    assert Alert.objects.get().expires_at == at(35)
    assert bridge_pause(at(31)) == 0
    wake_alerts(at(34))
    assert status() == "open"
    wake_alerts(at(35))
    assert status() == "resolved"


def test_what_was_over_before_the_pause_ends(prometheus):
    send(prometheus, NOW)
    process_all()
    note_tick("intake", at(6))
    assert bridge_pause(at(31)) == 0
    wake_alerts(at(31))
    assert status() == "resolved"


def test_a_short_pause_is_left_to_the_senders(prometheus):
    send(prometheus, NOW)
    process_all()
    note_tick("intake", NOW)
    assert bridge_pause(NOW + timedelta(seconds=59)) == 0
    assert Alert.objects.get().expires_at == at(5)


def test_what_was_sent_again_is_read_before_alerts_end(prometheus):
    now = read_now()
    send(prometheus, now - timedelta(minutes=6))
    process_all(now)
    note_tick("intake", now)
    send(prometheus, now - timedelta(minutes=1))

    process_intake()

    assert status() == "open"
    assert Alert.objects.get().repeat_count == 1
