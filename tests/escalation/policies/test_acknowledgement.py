import pytest

from escalation.policies.acknowledgement import (
    Given,
    acknowledgement_body,
    parse_acknowledgement,
    standing,
)
from escalation.policies.steps import PolicyError

EACH = {"mode": "each", "of": [{"role": "responder"}, {"organisation": "naisa"}]}
QUORUM = {"mode": "quorum", "count": 2}


def own(person, *roles):
    return Given("aurora", True, person, frozenset(roles))


OFFICER = Given("naisa", False, 9, frozenset({"officer"}))


def stands(rule, *given):
    parsed = parse_acknowledgement(rule, where="acknowledgement")
    return standing(parsed, given, names={"naisa": "NAISA"})


@pytest.mark.parametrize(
    ("rule", "given", "words"),
    [
        ({"mode": "one"}, [own(None)], "acknowledged by 1 of 1"),
        (QUORUM, [own(1)], "acknowledged by 1 of 2; waiting for 1 more person"),
        (QUORUM, [own(1), own(1)], "acknowledged by 1 of 2; waiting for 1 more person"),
        (
            QUORUM,
            [own(1), OFFICER],
            "acknowledged by 1 of 2; waiting for 1 more person",
        ),
        (QUORUM, [own(1), own(2)], "acknowledged by 2 of 2"),
        (EACH, [own(1, "responder")], "acknowledged by 1 of 2; waiting for NAISA"),
        (EACH, [OFFICER], "acknowledged by 1 of 2; waiting for a responder"),
        (EACH, [OFFICER, own(1, "responder")], "acknowledged by 2 of 2"),
    ],
)
def test_standing_says_how_far_it_is_and_who_is_waited_for(rule, given, words):
    assert stands(rule, *given).in_words() == words


def test_one_person_stands_for_one_role_only_and_the_best_choice_counts():
    rule = {"mode": "each", "of": [{"role": "responder"}, {"role": "approver"}]}
    both = own(1, "responder", "approver")
    assert not stands(rule, both).is_met
    assert stands(rule, both, own(2, "responder")).is_met


@pytest.mark.parametrize("rule", [{"mode": "one"}, EACH, QUORUM])
def test_body_is_what_was_read(rule):
    parsed = parse_acknowledgement(rule, where="acknowledgement")
    assert acknowledgement_body(parsed) == rule


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"mode": "all"}, "acknowledgement.mode: 'all' is not known; use one, each"),
        ({"mode": "quorum", "count": 1}, "acknowledgement.count: 1 does not fit"),
        ({"mode": "each", "of": []}, "acknowledgement.of: send a list of 1 to 10"),
        ({"mode": "each", "of": [{}]}, "acknowledgement.of[0]: name a role"),
        (
            {"mode": "each", "of": [{"role": "king"}]},
            "acknowledgement.of[0].role: 'king' is not a role",
        ),
    ],
)
def test_rule_that_cannot_be_used_names_place_and_remedy(rule, message):
    with pytest.raises(PolicyError) as caught:
        parse_acknowledgement(rule, where="acknowledgement")
    assert str(caught.value).startswith(message)
