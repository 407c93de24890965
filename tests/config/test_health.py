from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.health import CHORES, CONSUMERS, measure
from escalation.models import Circuit, RegimeText
from escalation.tasks import ask_witnesses, refresh_calendars
from incidents.mail.addresses import Addressee
from incidents.mail.storing import store_mail
from incidents.models import Pending, Tick, Timer
from incidents.sealing.seal import seal_batch
from incidents.tasks import (
    audit_record,
    build_evidence,
    fold_lateness,
    forget_deliveries,
    seal,
)
from tests import factories
from tests.factories import NOW
from tests.incidents.sealing.log import record_entries


@pytest.fixture
def ticking(db: None) -> None:
    for consumer in (*CONSUMERS, *CHORES):
        Tick.objects.create(consumer=consumer, ran_at=timezone.now())


def test_process_that_lives_says_so(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_whole_that_works_is_ready(
    ticking: None, client: Client, servers: None
) -> None:
    body = client.get("/readyz").json()
    assert (body["status"], body["database"], body["broker"]) == ("ready", "ok", "ok")
    assert set(body["tick_age_seconds"]) == set(CONSUMERS)
    assert body["oldest_due_timer_seconds"] is None


def test_loop_that_never_ran_is_not_ready(db: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.json()["stale"] == list(CONSUMERS)


def test_loop_that_stopped_is_not_ready(ticking: None, client: Client) -> None:
    late = timezone.now() - timedelta(seconds=31)
    Tick.objects.filter(consumer="timers").update(ran_at=late)
    assert client.get("/readyz").json()["stale"] == ["timers"]


def test_chore_that_stopped_is_told_since_when_but_no_failure(
    ticking: None, client: Client
) -> None:
    at = datetime(2026, 11, 23, 3, tzinfo=UTC)
    Tick.objects.filter(consumer="calendars").update(ran_at=at)
    Tick.objects.filter(consumer="lateness").delete()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["stale_chores"]) == (
        200,
        {"calendars": "2026-11-23T03:00:00.000Z", "lateness": None},
    )
    text = client.get("/metrics").content.decode()
    assert 'tocsin_chore_age_seconds{chore="lateness"} +Inf' in text
    assert 'tocsin_chore_age_seconds{chore="retention"} +Inf' not in text


def test_chore_is_stale_when_its_time_has_passed_several_times(db: None) -> None:
    for chore, limit in CHORES.items():
        Tick.objects.create(consumer=chore, ran_at=NOW - limit)
    assert measure(NOW).stale_chores == {}
    late = NOW + timedelta(seconds=1)
    assert [*measure(late).stale_chores] == [*CHORES]


def test_chores_note_that_they_ran(db: None, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    for chore in (refresh_calendars, fold_lateness, forget_deliveries, seal):
        chore()
    audit_record()
    build_evidence()
    ask_witnesses()
    assert measure(timezone.now()).stale_chores == {}


def test_broker_that_is_gone_is_told_but_no_failure(
    ticking: None, client: Client, settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (200, "unreachable")


def test_late_timer_shows_in_the_metrics(ticking: None, client: Client) -> None:
    now = timezone.now()
    Timer.objects.create(
        kind="x",
        subject_id=1,
        organisation=factories.lab(),
        due_at=now - timedelta(seconds=90),
    )
    lines = client.get("/metrics").content.decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert 90 <= float(figures["tocsin_timer_lateness_seconds"]) < 120
    assert figures["tocsin_database_up"] == "1"
    assert float(figures['tocsin_tick_age_seconds{consumer="timers"}']) < 60


def test_tick_that_never_came_is_infinite(db: None, client: Client) -> None:
    text = client.get("/metrics").content.decode()
    assert 'tocsin_tick_age_seconds{consumer="delivery"} +Inf' in text


def test_refused_callback_shows_in_the_metrics(db: None, client: Client) -> None:
    client.post("/callbacks/slack/interactive")
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'tocsin_callbacks_refused_total{provider="slack"} 1' in lines


def test_text_of_law_that_cannot_be_read_shows_in_the_metrics(
    db: None, client: Client
) -> None:
    RegimeText.objects.create(
        organisation=factories.lab("aurora"),
        regime_id="aurora-framework",
        digest="0" * 64,
        text="nobody_knows_this_key = 1",
        created_at=timezone.now(),
    )
    lines = client.get("/metrics").content.decode().splitlines()
    assert "tocsin_unreadable_laws 1" in lines


def test_open_circuit_is_told_but_no_failure(ticking: None, client: Client) -> None:
    Circuit.objects.create(
        destination="sms",
        failures=5,
        opened_at=timezone.now(),
        open_until=timezone.now(),
    )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["open_circuits"]) == (200, {"sms": 1})
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'tocsin_circuit_open{provider="sms"} 1' in lines
    assert 'tocsin_circuit_open{provider="email"} 0' in lines


def test_host_of_a_customer_is_not_told(ticking: None, client: Client) -> None:
    Circuit.objects.create(
        organisation=factories.lab(),
        destination="webhook:hooks.aurora.example:443",
        failures=5,
        opened_at=timezone.now(),
        open_until=timezone.now(),
    )
    assert client.get("/readyz").json()["open_circuits"] == {"webhook": 1}
    assert "aurora" not in client.get("/metrics").content.decode()


def test_age_of_mail_that_nobody_read_is_told(client: Client, db: None) -> None:
    lab, received_at = factories.lab(), timezone.now() - timedelta(seconds=90)
    assert measure(timezone.now()).mail_age is None
    store_mail([Addressee(lab.pk)], b"x", envelope_from="a@b.example", now=received_at)
    age = measure(received_at + timedelta(seconds=90)).mail_age
    assert age == 90
    assert client.get("/readyz").json()["oldest_waiting_mail_seconds"] >= 90


def test_record_that_is_not_sealed_is_told_but_no_failure(
    ticking: None, client: Client
) -> None:
    first, second = record_entries(count=2)
    waiting = Pending.objects.filter(entry=first)
    waiting.update(since=timezone.now() - timedelta(seconds=90))
    assert 90 <= client.get("/readyz").json()["oldest_unsealed_entry_seconds"] < 95
    waiting.delete()
    seal_batch(NOW)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["record_broken"].startswith(f"Entry {second}: number 2 of")
    assert "tocsin_record_broken 1" in client.get("/metrics").text.splitlines()


def test_sizes_of_the_record_are_told(ticking: None, client: Client) -> None:
    record_entries(count=3)
    seal_batch(NOW)
    body = client.get("/readyz").json()
    assert (body["sealed_size"], body["signed_size"]) == (3, 0)
    assert body["oldest_unsealed_entry_seconds"] is None
    lines = client.get("/metrics").text.splitlines()
    assert {"tocsin_sealed_size 3", "tocsin_signed_size 0"} <= set(lines)
