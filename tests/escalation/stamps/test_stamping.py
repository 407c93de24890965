"""Heads that an authority stamps, openssl's and over HTTP."""

from datetime import timedelta

import pytest

from escalation.stamps.stamping import stamp_due
from escalation.witnesses.guarded_text import NotAnswered
from incidents.ledger.keyring import seal_secret
from incidents.ledger.note import parse_note
from incidents.ledger.time_stamp import read_certificates, verify_stamp
from incidents.models import Pending, TimeStamp, TimeStampAuthority
from incidents.stamping.vitals import measure_stamps
from tests.factories import NOW
from tests.incidents.ledger.time_authority import (
    OTHER_POLICY,
    TimeAuthority,
    needs_openssl,
)
from tests.incidents.sealing.log import record_entries
from tests.incidents.witnessing.parties import our_head

pytestmark = [pytest.mark.django_db, needs_openssl]
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def row(authority):
    return TimeStampAuthority.objects.create(
        slug="stamps",
        address="https://tsa.example/",
        certificates=authority.pem.decode(),
        added_at=NOW,
        next_at=NOW,
    )


@pytest.fixture
def send(authority):
    return authority.send


def fail(letter):
    raise NotAnswered("not reached: TimeoutError")


def test_newest_head_is_stamped_each_hour_over_http(authority, row, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with authority.serve() as address:
        TimeStampAuthority.objects.update(
            address=address,
            username="lab",
            password_sealed=seal_secret(b"pw", context="time-stamp-authority"),
        )
        head = our_head(3)
        assert stamp_due(NOW) == 1
    assert authority.asked[0]["Authorization"] == "Basic bGFiOnB3"
    stamp = TimeStamp.objects.get()
    read = verify_stamp(
        bytes(stamp.answer),
        parse_note(head.note).text,
        read_certificates(authority.pem),
    )
    assert (stamp.size, stamp.which, stamp.at) == (3, "first", read.at)
    assert (stamp.accuracy_ms, stamp.got_at) == (1500, NOW)
    row.refresh_from_db()
    assert (row.size, row.said_at, row.next_at) == (3, read.at, NOW + HOUR)


def test_quiet_log_is_stamped_again_and_keeps_the_first_and_the_newest(row, send):
    our_head()
    assert stamp_due(NOW, send=send) == 1
    assert stamp_due(NOW + HOUR - timedelta(seconds=1), send=send) == 0
    for hours in (1, 2):
        assert stamp_due(NOW + hours * HOUR, send=send) == 1
    got = dict(TimeStamp.objects.values_list("which", "got_at"))
    assert got == {"first": NOW, "last": NOW + 2 * HOUR}


def test_nothing_is_stamped_while_older_entries_wait(row, send):
    assert stamp_due(NOW, send=send) == 0
    our_head()
    record_entries()
    since = Pending.objects.latest("id").since
    assert stamp_due(since + timedelta(seconds=31), send=send) == 0
    assert stamp_due(since + timedelta(seconds=29), send=send) == 1


def test_authority_that_is_away_is_asked_again_ever_more_seldom(row, send):
    our_head()
    waits, now = [], NOW
    for _ in range(7):
        assert stamp_due(now, send=fail) == 0
        row.refresh_from_db()
        waits.append((row.next_at - now) // timedelta(minutes=1))
        now = row.next_at
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert measure_stamps().failing == {"stamps": "not reached: TimeoutError"}
    assert stamp_due(now, send=send) == 1
    row.refresh_from_db()
    assert (row.failures, row.failed_why, row.next_at) == (0, "", now + HOUR)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"policy": "1.2.3"}, "refused with status 2"),
        ({"address": "https://other.example"}, "it answered 500"),
    ],
)
def test_answer_that_cannot_be_verified_is_not_kept(row, send, change, why):
    TimeStampAuthority.objects.update(**change)
    our_head()

    def answer(letter):
        if "other" in letter.address:
            return 500, "text/html", b""
        return send(letter)

    assert stamp_due(NOW, send=answer) == 0
    row.refresh_from_db()
    assert why in row.failed_why
    assert not TimeStamp.objects.exists()


def test_stamp_by_another_root_or_policy_is_not_kept(row, send, tmp_path):
    our_head()
    other = TimeAuthority(tmp_path).pem.decode()
    TimeStampAuthority.objects.update(certificates=other)
    assert stamp_due(NOW, send=send) == 0
    row.refresh_from_db()
    assert row.failed_why.startswith("its answer cannot be used: ")
    assert not TimeStamp.objects.exists()


def test_policy_that_is_asked_for_is_stamped_by(row, send):
    TimeStampAuthority.objects.update(policy=OTHER_POLICY)
    our_head()
    assert stamp_due(NOW, send=send) == 1


def test_clock_far_from_ours_is_told(row, send):
    # The authority's clock is the machine's, ours is that of the test.
    our_head()
    stamp_due(NOW, send=send)
    row.refresh_from_db()
    seconds = round((row.said_at - NOW).total_seconds())
    assert measure_stamps().apart == {"stamps": seconds}
    TimeStampAuthority.objects.update(stamped_at=row.said_at)
    assert measure_stamps().apart == {}
