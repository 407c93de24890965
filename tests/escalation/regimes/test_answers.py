import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.regimes.answers import (
    contradictions,
    met_limbs,
    questions_of,
    ruled_out_limbs,
    settle,
)
from escalation.regimes.library import FOLDER, shipped_regimes
from escalation.regimes.questions import shipped_questions
from escalation.regimes.reading import read_regime

ALL = shipped_questions()
SAID = st.dictionaries(
    st.sampled_from(list(ALL)), st.sampled_from(["yes", "no", "unknown"])
)
LAWS = st.sampled_from(list(shipped_regimes().values()))


def limbs(regime, **answers):
    """Return the limbs met and those ruled out."""
    law = shipped_regimes()[regime]
    said = settle(questions_of(law, ALL), answers)
    return met_limbs(law, said), ruled_out_limbs(law, said)


def test_no_to_a_question_also_answers_those_behind_it():
    assert limbs("eu-ai-act-73", people_harmed="no") == (set(), {"death", "health"})


def test_unknown_answers_nothing_behind_it():
    assert limbs("eu-ai-act-73", people_harmed="unknown") == (set(), set())


def test_no_reaches_through_several_questions():
    assert limbs("us-ca-sb53", systems_hit="no") == (set(), {"weights"})


def test_yes_stands_though_a_question_before_it_says_no():
    answers = {"people_harmed": "no", "death": "yes"}
    law = shipped_regimes()["eu-ai-act-73"]
    questions = questions_of(law, ALL)
    said = settle(questions, answers)
    assert met_limbs(law, said) == {"death"}
    assert contradictions(questions, answers, said) == {"death": ["people_harmed"]}


@pytest.mark.parametrize(
    ("answers", "met", "ruled_out"),
    [
        ({"fundamental_rights": "yes"}, {"serious_harm"}, set()),
        ({"people_harmed": "no", "fundamental_rights": "no"}, set(), {"death"}),
        (
            {
                "people_harmed": "no",
                "fundamental_rights": "no",
                "property_or_environment": "no",
            },
            set(),
            {"death", "serious_harm"},
        ),
        (
            {
                "people_harmed": "no",
                "fundamental_rights": "unknown",
                "property_or_environment": "no",
            },
            set(),
            {"death"},
        ),
    ],
)
def test_limb_of_several_questions_is_settled_by_them(answers, met, ruled_out):
    assert limbs("eu-gpai-cop-9", **answers) == (met, ruled_out)


def test_limb_without_a_question_is_asked_in_its_own_words():
    text = (FOLDER / "us-sec-8k-105.toml").read_text()
    law = read_regime(
        text.replace('asks = "material_to_investors"\n', ""), file="law.toml"
    )
    questions = questions_of(law, ALL)
    assert [(one.key, one.text) for one in questions.values()] == [
        (
            "us-sec-8k-105:material_incident",
            "Does this apply: cybersecurity incident determined material?",
        )
    ]
    said = settle(questions, {"us-sec-8k-105:material_incident": "yes"})
    assert met_limbs(law, said) == {"material_incident"}


@given(LAWS, SAID)
def test_no_limb_is_both_met_and_ruled_out(law, answers):
    said = settle(questions_of(law, ALL), answers)
    assert not met_limbs(law, said) & ruled_out_limbs(law, said)


@given(LAWS, SAID, st.sampled_from(list(ALL)))
def test_one_more_yes_takes_no_limb_away(law, answers, key):
    questions = questions_of(law, ALL)
    before = settle(questions, answers)
    after = settle(questions, answers | {key: "yes"})
    assert met_limbs(law, before) <= met_limbs(law, after)
    assert ruled_out_limbs(law, after) <= ruled_out_limbs(law, before)


@given(LAWS, SAID)
def test_limb_is_ruled_out_only_by_a_no(law, answers):
    without = {key: one for key, one in answers.items() if one != "no"}
    said = settle(questions_of(law, ALL), without)
    assert ruled_out_limbs(law, said) == set()


@given(LAWS)
def test_every_limb_can_be_met_and_ruled_out(law):
    questions = questions_of(law, ALL)
    ids = {limb.id for limb in law.limbs}
    assert met_limbs(law, settle(questions, dict.fromkeys(questions, "yes"))) == ids
    assert (
        ruled_out_limbs(law, settle(questions, dict.fromkeys(questions, "no"))) == ids
    )
