import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.regimes.library import shipped_regimes
from escalation.regimes.relevance import stages_in_question

LAWS = st.sampled_from([law for law in shipped_regimes().values() if law.limbs])


def in_question(regime, *, met=(), ruled_out=(), is_decided):
    found = stages_in_question(
        shipped_regimes()[regime],
        met=set(met),
        ruled_out=set(ruled_out),
        is_decided=is_decided,
    )
    return [stage.id for stage in found]


@st.composite
def answered(draw):
    """Draw a law with some limbs met and some of the others ruled out."""
    law = draw(LAWS)
    said = {limb.id: draw(st.sampled_from(["yes", "no", ""])) for limb in law.limbs}
    met = {limb for limb, one in said.items() if one == "yes"}
    return law, met, {limb for limb, one in said.items() if one == "no"}


@pytest.mark.parametrize(
    ("regime", "met", "stages"),
    [
        ("eu-ai-act-73", ["death"], ["report_death", "authority_measures"]),
        ("eu-ai-act-73", ["health"], ["report", "authority_measures"]),
        (
            "eu-ai-act-73",
            ["widespread_infringement", "death"],
            ["report_fast", "report_death", "authority_measures"],
        ),
        (
            "eu-gpai-cop-9",
            ["cybersecurity_breach"],
            ["initial_cybersecurity_breach", "intermediate", "final"],
        ),
        ("us-ca-sb53", ["deception"], ["report", "imminent_risk"]),
        (
            "eu-cra-14",
            ["severe_incident"],
            ["incident_early_warning", "incident_notification", "incident_final"],
        ),
        ("us-circia", ["ransom_payment"], ["ransom_payment", "supplemental"]),
        (
            "safe-2026",
            ["incident"],
            ["confidential_report", "preliminary", "remediation"],
        ),
    ],
)
def test_limb_that_is_met_brings_its_stages(regime, met, stages):
    assert in_question(regime, met=met, is_decided=True) == stages


def test_undecided_law_keeps_what_is_not_ruled_out():
    found = in_question("eu-gpai-cop-9", ruled_out=["death"], is_decided=False)
    assert found == [
        "initial_critical_infrastructure",
        "initial_cybersecurity_breach",
        "initial_serious_harm",
        "intermediate",
        "final",
    ]


def test_decision_that_names_no_limb_loses_no_stage():
    found = in_question("eu-ai-act-73", met=["typo"], is_decided=True)
    assert found == ["report", "report_fast", "report_death", "authority_measures"]


@given(answered())
def test_nothing_that_is_met_is_out_of_question_before_the_decision(drawn):
    law, met, ruled_out = drawn
    before = stages_in_question(law, met=met, ruled_out=ruled_out, is_decided=False)
    after = stages_in_question(law, met=met, ruled_out=ruled_out, is_decided=True)
    assert set(after) <= set(before)


@given(answered())
def test_ruling_out_one_more_limb_adds_no_stage(drawn):
    law, met, ruled_out = drawn
    before = stages_in_question(law, met=met, ruled_out=ruled_out, is_decided=False)
    for limb in law.limbs:
        fewer = stages_in_question(
            law, met=met, ruled_out=ruled_out | {limb.id}, is_decided=False
        )
        assert set(fewer) <= set(before)


@given(answered())
def test_each_met_limb_brings_a_report(drawn):
    law, met, ruled_out = drawn
    for limb in met:
        alone = stages_in_question(
            law, met={limb}, ruled_out=ruled_out, is_decided=True
        )
        assert any(stage.duty_of == "reporter" for stage in alone)
