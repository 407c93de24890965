import hashlib
import threading
import time

import psycopg
import pytest

from incidents.events.actor import Actor
from incidents.intake import writer as writing
from incidents.intake.arrivals import Verdict
from incidents.intake.receive import (
    arrival_of,
    kept_headers,
)
from incidents.intake.sources import change_source, create_source
from incidents.intake.writer import DeliveryWriter, connect
from incidents.models import Delivery
from tests.incidents.intake.intake_world import NOW, generic, make_organisation


@pytest.fixture
def database(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


@pytest.fixture
def made(database):
    """A committed source and its key."""

    organisation = make_organisation()
    return create_source(
        organisation,
        tool="generic",
        slug="tool",
        name="Tool",
        actor=Actor.system(organisation),
        now=NOW,
    )


@pytest.fixture
def writer(database):
    writer = DeliveryWriter(connect)
    yield writer
    writer.close()


def arrival(key, *, tool="generic", body=b"{}"):
    return arrival_of(tool, key, body=body, headers={"User-Agent": "Probe/1"})


def test_stored_delivery_is_committed_as_it_came(made, writer):
    source, key = made
    sent = arrival(key, body=generic())
    assert writer.store(sent) is Verdict.STORED
    row = Delivery.objects.get()
    assert (row.uid, row.source, row.organisation) == (
        sent.uid,
        source,
        source.organisation,
    )
    assert bytes(row.body) == generic()
    assert bytes(row.sha256) == hashlib.sha256(generic()).digest()
    assert (row.state, row.headers) == ("pending", {"user-agent": "Probe/1"})


def test_unknown_key_stores_nothing(made, writer):
    _, key = made
    assert writer.store(arrival("x" + key)) is Verdict.UNKNOWN_KEY
    assert writer.store(arrival(key, tool="grafana")) is Verdict.UNKNOWN_KEY
    assert Delivery.objects.count() == 0


def test_disabled_source_is_unknown_at_once(made, writer):

    source, key = made
    assert writer.store(arrival(key)) is Verdict.STORED
    actor = Actor.system(source.organisation)
    change_source(source, changes={"is_enabled": False}, actor=actor, now=NOW)
    assert writer.store(arrival(key)) is Verdict.UNKNOWN_KEY


def test_requests_at_once_share_commits_and_keep_their_verdicts(made, writer):
    _, key = made
    keys = [key if n % 3 else "wrong" for n in range(60)]
    arrivals = [arrival(k, body=str(n).encode()) for n, k in enumerate(keys)]
    verdicts = {}

    def send(number):
        verdicts[number] = writer.store(arrivals[number])

    with connect() as other:
        # The first insert waits for this lock, and the others gather behind it.
        other.autocommit = False
        other.execute("LOCK TABLE tocsin_delivery IN SHARE MODE")
        threads = [threading.Thread(target=send, args=(n,)) for n in range(60)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        other.rollback()
    for thread in threads:
        thread.join()
    wanted = {n: Verdict.STORED if n % 3 else Verdict.UNKNOWN_KEY for n in range(60)}
    assert verdicts == wanted
    commits = "SELECT count(DISTINCT xmin::text) FROM tocsin_delivery"
    with connect() as other:
        assert other.execute(commits).fetchone()[0] < 10
    assert Delivery.objects.count() == 40


def test_connection_that_broke_while_idle_is_replaced(made, writer, database):
    _, key = made
    assert writer.store(arrival(key)) is Verdict.STORED
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tocsin intake' AND datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    with connect() as other:
        assert len(other.execute(kill).fetchall()) == 1
    assert writer.store(arrival(key)) is Verdict.STORED
    assert Delivery.objects.count() == 2


def test_database_that_does_not_answer_is_unavailable():
    def refuse():
        raise psycopg.OperationalError("connection refused")

    writer = DeliveryWriter(refuse)
    assert writer.store(arrival("key")) is Verdict.UNAVAILABLE
    writer.close()


def test_table_that_is_locked_is_unavailable_in_time(made, writer):
    _, key = made
    assert writer.store(arrival(key)) is Verdict.STORED
    with connect() as other:
        other.autocommit = False
        other.execute("LOCK TABLE tocsin_delivery IN SHARE MODE")
        began = time.monotonic()
        assert writer.store(arrival(key)) is Verdict.UNAVAILABLE
        assert time.monotonic() - began < writing.WAIT_SECONDS + 1
        other.rollback()
    assert writer.store(arrival(key)) is Verdict.STORED
    assert Delivery.objects.count() == 2


def test_headers_with_secrets_are_not_kept():
    headers = {
        "Authorization": "Bearer s3cret",
        "Cookie": "session=s3cret",
        "X-Grafana-Alerting-Signature": "s3cret",
        "X-Hub-Signature-256": "sha256=s3cret",
        "Content-Type": "application/json",
        "USER-AGENT": "Alertmanager/0.27\x00\r\n" + "x" * 1000,
    }
    kept = kept_headers(headers)
    assert kept["content-type"] == "application/json"
    assert kept["user-agent"] == ("Alertmanager/0.27" + "x" * 1000)[:500]
    assert kept.keys() == {"content-type", "user-agent"}
