from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.duties.proposals import LimbState, propose
from escalation.regimes.answers import questions_of, settle
from escalation.regimes.library import shipped_regimes
from escalation.regimes.questions import shipped_questions
from escalation.regimes.regime import Status

ALL = shipped_questions()
KEYS = st.sampled_from(list(ALL))
SAID = st.dictionaries(KEYS, st.sampled_from(["yes", "no", "unknown"]))
LAWS = st.sampled_from([law for law in shipped_regimes().values() if law.limbs])
ORDER = ["not_reportable", "undecided", "reportable"]


def proposed(law, answers):
    questions = questions_of(law, ALL)
    return propose(law, questions=questions, said=settle(questions, answers))


def under(regime, **answers):
    return proposed(shipped_regimes()[regime], answers)


def limbs(found, state):
    return [one.limb.id for one in found.limbs_in(state)]


def test_one_limb_that_is_met_is_enough():
    found = under("eu-ai-act-73", people_harmed="yes", death="yes")
    assert (found.proposal, found.why) == (
        "reportable",
        "1 of 6 conditions met: one is enough.",
    )
    assert limbs(found, LimbState.MET) == ["death"]


def test_not_reportable_only_if_every_limb_is_ruled_out():
    answers = {
        "people_harmed": "no",
        "critical_infrastructure": "no",
        "fundamental_rights": "no",
        "property_or_environment": "no",
    }
    still_open = under("eu-ai-act-73", **answers)
    assert (still_open.proposal, still_open.why) == (
        "undecided",
        "1 of 6 conditions open: 1 not answered.",
    )
    found = under("eu-ai-act-73", widespread_infringement="no", **answers)
    assert (found.proposal, found.why) == (
        "not_reportable",
        "Every condition is ruled out.",
    )


def test_what_nobody_knows_is_told_from_what_nobody_answered():
    found = under("eu-cra-14", systems_hit="yes", exploited_vulnerability="unknown")
    assert found.why == "2 of 2 conditions open: 1 not known yet, 1 not answered."
    assert [one.is_unknown for one in found.limbs] == [True, False]


def test_no_for_the_exchange_and_for_its_customers_rules_the_scheme_out():
    found = under("safe-2026", for_the_exchange="no", customer_data_exposed="no")
    assert found.proposal == "not_reportable"
    assert found.remark == "Whoever takes part has bound themselves; it is no law."


def test_law_without_limbs_is_left_to_people():
    law = replace(shipped_regimes()["eu-gdpr-33"], limbs=())
    found = proposed(law, {"personal_data": "yes", "personal_data_risk": "yes"})
    assert (found.proposal, found.why) == (
        "undecided",
        "No conditions are written down for it: people decide without a proposal.",
    )


@pytest.mark.parametrize(
    ("status", "since", "remark"),
    [
        (Status.IN_FORCE, None, ""),
        (Status.PENDING, date(2027, 1, 1), "The law binds from 1 January 2027."),
        (Status.PENDING, None, "The law binds nobody yet."),
        (Status.NOT_IN_EFFECT, None, "The law is not in effect."),
        (Status.DRAFT, None, "This is a draft, no law."),
    ],
)
def test_what_keeps_a_law_from_binding_is_said(status, since, remark):
    law = replace(shipped_regimes()["eu-gdpr-33"], status=status, effective_from=since)
    assert proposed(law, {}).remark == remark


def test_imminent_risk_triggers_its_stage_and_is_no_limb():
    found = under("us-ca-sb53", imminent_risk="yes")
    assert [stage.id for stage in found.triggered] == ["imminent_risk"]
    assert found.proposal == "undecided"
    assert under("us-ca-sb53", imminent_risk="no").triggered == ()


@given(LAWS, SAID, KEYS)
def test_one_more_yes_never_makes_it_less_reportable(law, answers, key):
    before = proposed(law, answers).proposal
    after = proposed(law, answers | {key: "yes"}).proposal
    assert ORDER.index(after) >= ORDER.index(before)


@given(LAWS, SAID, KEYS)
def test_one_more_no_never_makes_it_more_reportable(law, answers, key):
    before = proposed(law, answers).proposal
    after = proposed(law, answers | {key: "no"}).proposal
    assert ORDER.index(after) <= ORDER.index(before)


@given(LAWS, SAID)
def test_proposal_agrees_with_its_limbs(law, answers):
    found = proposed(law, answers)
    states = {one.state for one in found.limbs}
    expected = "undecided"
    if LimbState.MET in states:
        expected = "reportable"
    elif states == {LimbState.RULED_OUT}:
        expected = "not_reportable"
    assert found.proposal == expected
    assert len(found.limbs) == len(law.limbs)


@given(LAWS, SAID)
def test_nothing_is_proposed_without_an_answer_of_a_person(law, answers):
    unknown = dict.fromkeys(answers, "unknown")
    assert proposed(law, unknown).proposal == "undecided"
