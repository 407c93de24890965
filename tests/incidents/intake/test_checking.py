"""The checks of a source on the way of a delivery into the real database."""

import hashlib
import hmac
import time
from datetime import timedelta

import pytest

from incidents.events.actor import Actor
from incidents.intake.arrivals import Verdict
from incidents.intake.checking import Checker
from incidents.intake.receive import arrival_of
from incidents.intake.signatures import Proof
from incidents.intake.sources import create_source, rotate_key
from incidents.intake.trust import change_trust, end_old_key, old_key_of
from incidents.intake.trust_kinds import REASONS
from incidents.intake.writer import DeliveryWriter, connect
from incidents.models import Delivery, Refusal
from incidents.timers.clock import read_now
from tests.incidents.intake.intake_world import NOW, make_organisation

SECRET = "correct horse battery"
BODY = b'{"a": 1}'


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


@pytest.fixture
def checker(writer):
    return Checker(writer.store)


def change(source, **changes):
    keep = changes.pop("keep_old_secret", timedelta(0))
    actor = Actor.system(source.organisation)
    return change_trust(
        source, changes=changes, actor=actor, now=read_now(), keep_old_secret=keep
    )


def rotate(source, **kept):
    actor = Actor.system(source.organisation)
    return rotate_key(source, actor=actor, now=read_now(), **kept)


def signed(key, body=BODY, *, secret=SECRET, uid="", address="192.0.2.1"):
    """Return an arrival as GitHub sends it."""
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}", "x-github-delivery": uid}
    proof = Proof(headers.get, body, address, time.time())
    return arrival_of("generic", key, body=body, headers={}, proof=proof)


def test_signed_delivery_is_stored_with_what_it_proved(made, checker):
    source, key = made
    assert checker.store(signed(key)) is Verdict.STORED
    change(source, verification="hmac_github", secret=SECRET)
    assert checker.store(signed(key)) is Verdict.STORED
    rows = Delivery.objects.order_by("id").values_list("verified_by", "body")
    assert [(kind, bytes(body)) for kind, body in rows] == [
        ("none", BODY),
        ("hmac_github", BODY),
    ]


def test_wrong_signature_stores_no_body_and_is_counted(made, checker):
    source, key = made
    change(source, verification="hmac_github", secret=SECRET)
    wrong = signed(key, b"forged", secret="another secret", address="192.0.2.9")
    assert checker.store(wrong) is REASONS["signature_wrong"]
    assert checker.store(wrong) is REASONS["signature_wrong"]
    assert Delivery.objects.count() == 0
    row = Refusal.objects.get()
    assert (row.source, row.reason, row.count) == (source, "signature_wrong", 2)
    assert (row.last_size_bytes, row.last_address) == (6, "192.0.2.9")
    assert bytes(row.last_sha256) == hashlib.sha256(b"forged").digest()
    assert row.first_at < row.last_at


def test_changed_secret_holds_at_once_where_the_old_one_was_known(made, checker):
    source, key = made
    change(source, verification="hmac_github", secret=SECRET)
    assert checker.store(signed(key)) is Verdict.STORED
    change(source, secret="a newer secret")
    assert checker.store(signed(key)) is REASONS["signature_wrong"]
    newer = signed(key, secret="a newer secret")
    assert checker.store(newer) is Verdict.STORED
    change(source, verification="none")
    assert checker.store(signed(key, secret="any")) is Verdict.STORED
    assert checker.store(signed(key, secret="any")) is Verdict.STORED
    change(source, verification="bearer", secret=SECRET)
    assert checker.store(signed(key)) is REASONS["credentials_missing"]


def test_old_secret_works_as_long_as_was_chosen(made, checker):
    source, key = made
    change(source, verification="hmac_github", secret=SECRET)
    hour = timedelta(hours=1)
    change(source, secret="a newer secret", keep_old_secret=hour)
    assert checker.store(signed(key)) is Verdict.STORED
    assert checker.store(signed(key, secret="a newer secret")) is Verdict.STORED
    source.old_secret_ends_at = read_now() - hour
    source.trust_version += 1
    source.save(update_fields=["old_secret_ends_at", "trust_version"])
    assert checker.store(signed(key)) is REASONS["signature_wrong"]


def test_message_sent_again_has_one_effect(made, checker):
    source, key = made
    change(source, verification="hmac_github", secret=SECRET)
    first, again = signed(key, uid="one"), signed(key, uid="one")
    told = [checker.store(first), checker.store(again)]
    assert told == [Delivery.objects.get().uid] * 2
    told += [checker.store(signed(key, b"{}", uid="one"))]
    told += [checker.store(signed(key, uid="two"))]
    stored = Delivery.objects.order_by("id").values_list("uid", flat=True)
    assert list(stored) == told[1:]


def test_former_key_works_until_its_end_and_shows_its_last_use(made, checker):
    source, old = made
    new = rotate(source, keep_old=timedelta(hours=1))
    assert old_key_of(source, now=read_now()).last_used_at is None
    assert checker.store(signed(old)) is Verdict.STORED
    assert checker.store(signed(old)) is Verdict.STORED
    assert checker.store(signed(new)) is Verdict.STORED
    rows = Delivery.objects.order_by("id")
    assert [row.by_old_key for row in rows] == [True, True, False]
    shown = old_key_of(source, now=read_now())
    assert shown.last_used_at == rows[1].received_at
    end_old_key(source, actor=Actor.system(source.organisation), now=read_now())
    assert checker.store(signed(old)) is Verdict.UNKNOWN_KEY
    assert checker.store(signed(new)) is Verdict.STORED


def test_key_before_the_former_one_is_unknown(made, checker):
    source, oldest = made
    hour = timedelta(hours=1)
    old = rotate(source, keep_old=hour)
    assert checker.store(signed(oldest)) is Verdict.STORED
    new = rotate(source, keep_old=hour)
    assert checker.store(signed(oldest)) is Verdict.UNKNOWN_KEY
    assert checker.store(signed(old)) is Verdict.STORED
    assert checker.store(signed(new)) is Verdict.STORED
    last = rotate(source)
    assert checker.store(signed(new)) is Verdict.UNKNOWN_KEY
    assert checker.store(signed(last)) is Verdict.STORED


def test_former_key_past_its_end_is_unknown(made, checker):
    source, old = made
    rotate(source, keep_old=timedelta(seconds=1))
    assert checker.store(signed(old)) is Verdict.STORED
    time.sleep(1.1)
    assert checker.store(signed(old)) is Verdict.UNKNOWN_KEY


def test_address_outside_the_ranges_is_refused(made, checker):
    source, key = made
    change(source, address_ranges=["198.51.100.0/24"])
    assert checker.store(signed(key)) is REASONS["address_outside"]
    inside = signed(key, address="198.51.100.4")
    assert checker.store(inside) is Verdict.STORED


def test_arrival_without_proof_is_refused_where_proof_is_asked_for(made, checker):
    source, key = made
    change(source, verification="bearer", secret=SECRET)
    bare = arrival_of("generic", key, body=BODY, headers={})
    assert checker.store(bare) is REASONS["credentials_missing"]


def test_requests_at_once_are_two_statements(made, writer):
    source, key = made
    change(source, verification="hmac_github", secret=SECRET)
    checker = Checker(writer.store)
    checker.store(signed(key))
    asked = []
    execute = writer._connection.execute  # the connection is the writer's own

    class Counted:
        broken = False

        def execute(self, statement, columns):
            asked.append(statement)
            return execute(statement, columns)

    writer._connection, real = Counted(), writer._connection
    arrivals = [
        checker._checked(a)
        for a in (
            signed(key, b"1"),
            signed(key, b"2"),
            signed(key, b"3", secret="another secret"),
            signed(key, b"4", secret="another secret"),
            signed("unknown"),
        )
    ]
    told = writer._store(arrivals)
    writer._connection = real
    assert len(asked) == 2
    verdicts = [told.get(a.uid, Verdict.UNKNOWN_KEY) for a in arrivals]
    assert verdicts == [
        Verdict.STORED,
        Verdict.STORED,
        Verdict.REFUSED,
        Verdict.REFUSED,
        Verdict.UNKNOWN_KEY,
    ]
    assert Refusal.objects.get().count == 2
