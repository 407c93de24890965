from datetime import timedelta

import pytest

from incidents.sealing.heartbeats import beat
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW
from tests.incidents.sealing.log import LocalSigner, record_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def signer():
    return LocalSigner().as_signer()


def seal(signer, *, count=1):
    record_entries(count=count)
    seal_batch(NOW)
    sign_heads(signer, NOW)


def test_newest_signed_head_beats_once_a_minute(signer):
    seal(signer, count=3)
    seconds = [0, 30, 59, 60, 119, 120]
    beats = [beat(NOW + timedelta(seconds=number)) for number in seconds]
    assert beats == [3, None, None, 3, None, 3]


def test_nothing_beats_while_an_entry_waits(signer):
    seal(signer)
    record_entries()
    assert beat(NOW) is None
    seal_batch(NOW)
    assert beat(NOW) is None  # not signed yet
    sign_heads(signer, NOW)
    assert beat(NOW) == 2


def test_empty_log_has_no_heartbeat():
    assert beat(NOW) is None
