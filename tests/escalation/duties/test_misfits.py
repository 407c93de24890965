import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.duties.misfits import misfit
from escalation.duties.proposals import LimbState, propose
from escalation.regimes.answers import questions_of, settle
from escalation.regimes.library import shipped_regimes
from escalation.regimes.questions import shipped_questions

ALL = shipped_questions()
SAID = st.dictionaries(
    st.sampled_from(list(ALL)), st.sampled_from(["yes", "no", "unknown"])
)
LAWS = st.sampled_from([law for law in shipped_regimes().values() if law.limbs])


def proposed(law, answers):
    questions = questions_of(law, ALL)
    return propose(law, questions=questions, said=settle(questions, answers))


def why(verdict, *limbs, **answers):
    law = shipped_regimes()["eu-ai-act-73"]
    return misfit(proposed(law, answers), verdict=verdict, limbs=limbs)


@pytest.mark.parametrize("verdict", ["undecided", "not_reportable"])
def test_what_fits_says_nothing(verdict):
    assert why(verdict, people_harmed="no") == ""
    assert why("reportable", "death", death="yes") == ""


def test_no_does_not_fit_a_limb_that_is_met():
    assert why("not_reportable", death="yes") == (
        "Decided not reportable, but the answers meet “the death of a person”."
    )


def test_yes_does_not_fit_a_limb_that_it_does_not_name():
    assert why("reportable", "health", health_harm="yes", death="yes") == (
        "The answers meet more than the decision names: “the death of a person”."
    )


def test_yes_does_not_fit_when_what_it_rests_on_is_ruled_out():
    assert why("reportable", "death", people_harmed="no") == (
        "The answers rule out what the decision rests on: “the death of a person”."
    )


def test_long_words_of_a_law_are_cut():
    law = shipped_regimes()["us-ca-sb53"]
    found = misfit(
        proposed(law, {"weights_injury": "yes"}), verdict="not_reportable", limbs=()
    )
    assert found == (
        "Decided not reportable, but the answers meet “unauthorized access to,"
        " modification of, or exfiltration of the model weights of a …”."
    )


@given(LAWS, SAID)
def test_decision_that_follows_the_suggestion_fits(law, answers):
    found = proposed(law, answers)
    limbs = [one.limb.id for one in found.limbs_in(LimbState.MET)]
    assert misfit(found, verdict=found.proposal, limbs=limbs) == ""


@given(LAWS, SAID)
def test_no_fits_exactly_while_nothing_is_met(law, answers):
    found = proposed(law, answers)
    says = misfit(found, verdict="not_reportable", limbs=())
    assert bool(says) == (found.proposal == "reportable")
