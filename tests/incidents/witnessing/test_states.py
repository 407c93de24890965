from datetime import timedelta

import pytest

from incidents.models import WatchedLog, Witness
from incidents.witnessing.own_policy import cosigners, policy_with
from incidents.witnessing.states import log_facts, state_of, witness_facts
from tests.factories import NOW, agency
from tests.incidents.ledger.simulated_log import AGENCY
from tests.incidents.witnessing.parties import witness


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"cosigned_at": NOW - timedelta(seconds=120)}, "Cosigns"),
        ({"cosigned_at": NOW - timedelta(seconds=121)}, "Silent for 2 min"),
        ({"cosigned_at": NOW - timedelta(days=3)}, "Silent for 3 days"),
        ({"cosigned_at": NOW, "failed_why": "not reached"}, "Does not cosign"),
        ({}, "Not heard of yet"),
        ({"is_active": False, "failed_why": "not reached"}, "Ended"),
    ],
)
def test_witness_that_is_not_heard_lately_is_not_shown_as_cosigning(given, label):
    assert state_of(Witness(slug="w", **given), NOW).label == label


@pytest.mark.django_db
def test_page_of_a_witness_says_whose_move_it_is_and_whether_it_counts():
    row = witness(AGENCY, "naisa", agency(name="National Agency"))
    policy = policy_with(None, cosigners())
    facts = {
        one["label"]: one["value"] for one in witness_facts(state_of(row, NOW), policy)
    }
    assert facts == {
        "State": "Not heard of yet",
        "Whose move": "Whoever runs it: it is to fetch the newest head each minute.",
        "Whose it is": "Agency: National Agency",
        "In the quorum": "Without it no head is complete.",
        "Cosigned up to": "0 entries",
        "Last heard": "never",
    }


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "Nothing came yet"),
        ({"cosigned_at": NOW}, "Cosigned as it comes"),
        ({"is_active": False}, "Ended"),
        ({"refused_note": "x", "cosigned_at": NOW}, "It contradicts itself"),
    ],
)
def test_page_of_a_watched_log_says_how_it_stands(given, state):
    assert log_facts(WatchedLog(**given))[0]["value"] == state
