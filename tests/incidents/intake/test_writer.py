"""What many requests at once meet at the one who writes."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from incidents.events.actor import Actor
from incidents.intake import writer as writing
from incidents.intake.arrivals import Settings, Verdict
from incidents.intake.checking import Checker
from incidents.intake.receive import arrival_of, digest_of_key
from incidents.intake.sources import create_source
from incidents.intake.writer import DeliveryWriter, connect
from incidents.models import Delivery
from tests.incidents.intake.intake_world import NOW, make_organisation


@pytest.fixture
def key(world_database, django_db_blocker):
    """Commit a source; returns its key."""
    with django_db_blocker.unblock():
        organisation = make_organisation()
        _, key = create_source(
            organisation,
            tool="generic",
            slug="tool",
            name="Tool",
            actor=Actor.system(organisation),
            now=NOW,
        )
        yield key


@pytest.fixture
def writer(key):
    writer = DeliveryWriter(connect)
    yield writer
    writer.close()


def arrival(key, *, body=b"{}"):
    return arrival_of("generic", key, body=body, headers={})


def store_together(writer, arrivals):
    """Store arrivals in one batch: the table is locked until all of them wait."""

    async def store():
        waiting = [asyncio.create_task(writer.store_in_loop(a)) for a in arrivals]
        await asyncio.sleep(0.2)
        other.rollback()
        return await asyncio.gather(*waiting)

    with connect() as other:
        other.autocommit = False
        other.execute("LOCK TABLE tocsin_delivery IN SHARE MODE")
        return asyncio.run(store())


def test_coroutines_share_commits_and_keep_their_verdicts(key, writer):
    keys = [key if n % 3 else "wrong" for n in range(60)]
    found = store_together(writer, [arrival(one) for one in keys])
    assert found == [
        Verdict.STORED if n % 3 else Verdict.UNKNOWN_KEY for n in range(60)
    ]
    commits = "SELECT count(DISTINCT xmin::text) FROM tocsin_delivery"
    with connect() as other:
        assert other.execute(commits).fetchone()[0] < 10


def test_row_that_cannot_be_stored_takes_no_other_with_it(key, writer):
    bad = replace(arrival(key), headers={"user-agent": "\ud800"})
    found = store_together(writer, [arrival(key), bad, arrival(key), arrival("wrong")])
    assert found == [
        Verdict.STORED,
        Verdict.UNAVAILABLE,
        Verdict.STORED,
        Verdict.UNKNOWN_KEY,
    ]
    assert Delivery.objects.count() == 2


@pytest.fixture
def other_key(key):
    """The key of a source of another organisation."""
    organisation = make_organisation("meridian")
    actor = Actor.system(organisation)
    return create_source(
        organisation, tool="generic", slug="b", name="B", actor=actor, now=NOW
    )[1]


@contextmanager
def key_being_changed(key):
    """Hold an uncommitted change of a source's key."""
    with connect() as other:
        other.autocommit = False
        changed = "UPDATE tocsin_source SET key_digest = %s WHERE key_digest = %s"
        other.execute(changed, [b"new" * 10, digest_of_key(key)])
        yield
        other.rollback()


def test_source_whose_key_is_being_changed_holds_up_no_other(key, other_key, writer):
    refused = replace(arrival(key), refusal="signature_wrong")
    with key_being_changed(key):
        began = time.monotonic()
        found = store_together(writer, [arrival(key), refused, arrival(other_key)])
        assert time.monotonic() - began < 1
    assert isinstance(found[0], Settings)
    assert found[1:] == [Verdict.REFUSED, Verdict.STORED]
    assert Delivery.objects.get().source.slug == "b"


@pytest.mark.parametrize("is_in_loop", [True, False])
def test_sender_waits_a_little_for_a_source_that_is_being_changed(
    key, writer, is_in_loop
):
    checker = Checker(writer.store)

    def store():
        if not is_in_loop:
            return checker.store(arrival(key))
        return asyncio.run(checker.store_in_loop(arrival(key), writer.store_in_loop))

    with ThreadPoolExecutor(1) as threads:
        with key_being_changed(key):
            told = threads.submit(store)
            time.sleep(0.2)
            assert not told.done()
        assert told.result(timeout=5) is Verdict.STORED


def test_coroutine_does_not_wait_for_longer_than_it_may(key, writer):
    with connect() as other:
        other.autocommit = False
        other.execute("LOCK TABLE tocsin_delivery IN SHARE MODE")
        began = time.monotonic()
        found = asyncio.run(writer.store_in_loop(arrival(key)))
        assert time.monotonic() - began < writing.WAIT_SECONDS + 0.5
        other.rollback()
    assert found is Verdict.UNAVAILABLE
    assert asyncio.run(writer.store_in_loop(arrival(key))) is Verdict.STORED


def test_more_bodies_than_memory_allows_are_unavailable_at_once(key, writer):
    large = b"x" * (1024 * 1024)
    count = writing.MAX_WAITING_BYTES // len(large)
    began = time.monotonic()
    found = store_together(writer, [arrival(key, body=large)] * (count + 8))
    assert time.monotonic() - began < writing.WAIT_SECONDS + 20
    assert found.count(Verdict.UNAVAILABLE) >= 8
    # What was taken in was settled, and leaves room again.
    assert asyncio.run(writer.store_in_loop(arrival(key))) is Verdict.STORED
