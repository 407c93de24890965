import pytest

from incidents.ledger.policy import parse_policy
from incidents.ledger.vkey import KeyType, signing_key
from incidents.witnessing.own_policy import own_policy
from tests.factories import agency, lab
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.witnessing.parties import witness

pytestmark = pytest.mark.django_db
OTHER = signing_key("body.example/w", KeyType.WITNESS, bytes([7]) * 32)
SECOND = signing_key("second.example/w", KeyType.WITNESS, bytes([8]) * 32)


def is_met(*keys):
    return own_policy().is_met([key.public for key in keys])


def test_nobody_is_needed_where_there_is_no_witness():
    assert own_policy().quorum == "none"


def test_one_witness_of_each_side_is_needed():
    witness(AGENCY, "naisa", agency())
    witness(LAB, "aurora", lab())
    witness(SECOND, "meridian", lab())
    witness(OTHER, "body")
    assert is_met(AGENCY, LAB)
    assert is_met(AGENCY, SECOND)
    assert not is_met(LAB, SECOND, OTHER)
    assert not is_met(AGENCY, OTHER)


def test_body_outside_counts_where_no_party_has_a_witness():
    witness(OTHER, "body")
    assert is_met(OTHER)
    ended = witness(AGENCY, "naisa", agency())
    assert not is_met(OTHER)
    ended.is_active = False
    ended.save()
    assert is_met(OTHER)


def test_policy_as_a_file_reads_the_same_and_names_no_address():
    witness(AGENCY, "naisa", agency(), "https://inside.naisa.example/")
    witness(LAB, "aurora", lab())
    policy = own_policy()
    assert parse_policy(policy.write()) == policy
    assert "inside" not in policy.write()
