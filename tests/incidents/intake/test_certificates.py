"""Certificates of AWS, where somebody asks for others all the time."""

import threading
import time
import uuid
from datetime import UTC, datetime

import pytest

from incidents.intake import certificates as keeping
from incidents.intake.certificates import Certificates
from tests.incidents.intake.sns_world import CERTIFICATE, FakeSns

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
OTHER = "https://sns.eu-west-1.amazonaws.com/{}.pem"


@pytest.fixture(scope="module")
def sns():
    return FakeSns(at=AT)


def test_addresses_without_a_certificate_do_not_push_out_those_with_one(sns):
    certificates = Certificates(sns.fetch)
    assert certificates.get(CERTIFICATE) is not None
    asked = len(sns.asked)
    for n in range(keeping.MAX_KEPT + 10):
        assert certificates.get(OTHER.format(n), source=uuid.uuid4()) is None
    assert certificates.get(CERTIFICATE) is not None
    assert CERTIFICATE not in sns.asked[asked:]


def test_a_source_causes_a_few_fetches_and_others_still_theirs(sns):
    certificates = Certificates(sns.fetch)
    one, other = uuid.uuid4(), uuid.uuid4()
    asked = len(sns.asked)
    for n in range(20):
        certificates.get(OTHER.format(n), source=one)
    assert len(sns.asked) - asked == keeping.FETCHES
    assert certificates.get(CERTIFICATE, source=one) is None
    assert certificates.get(CERTIFICATE, source=other) is not None
    assert certificates.get(CERTIFICATE, source=one) is not None


def test_one_waits_for_a_fetch_and_the_others_are_told_at_once(sns):
    is_begun, may_end = threading.Event(), threading.Event()

    def fetch(address):
        is_begun.set()
        may_end.wait(10)
        return sns.published.get(address)

    certificates = Certificates(fetch)
    found = {}

    def ask(name):
        found[name] = certificates.get(CERTIFICATE)

    first, second = (threading.Thread(target=ask, args=(name,)) for name in "ab")
    first.start()
    assert is_begun.wait(5)
    second.start()
    time.sleep(0.1)
    began = time.monotonic()
    for name in "cdef":
        ask(name)
    assert time.monotonic() - began < 0.5
    may_end.set()
    first.join()
    second.join()
    assert {name: one is not None for name, one in found.items()} == {
        **dict.fromkeys("ab", True),
        **dict.fromkeys("cdef", False),
    }
