import pytest

from escalation.regimes.library import shipped_regimes
from escalation.regimes.regime import SUBMITTED
from escalation.regimes.words import anchors_of, names_of, rule_words, stage_words


@pytest.mark.parametrize(
    ("regime", "stage", "words"),
    [
        ("us-ca-sb53", "report", ("15 days after discovering it",)),
        (
            "eu-cra-14",
            "incident_final",
            ("1 month after submitting “Incident notification”",),
        ),
        ("safe-2026", "confidential_report", ("4 business days after becoming aware",)),
        (
            "us-ny-raise",
            "report",
            (
                "72 hours after the first of: determining that it happened or reasonably "
                "believing that it happened",
            ),
        ),
        (
            "eu-dora-19",
            "initial",
            (
                "4 hours after classifying it as major",
                "24 hours after becoming aware; not counted when there is an instant of "
                "“classified major” only after its end",
            ),
        ),
        (
            "eu-nis2-23",
            "final",
            (
                "1 month after submitting “Incident notification”, unless "
                "“Progress report” was submitted",
                "1 month after its handling ended, if “Progress report” was submitted",
            ),
        ),
        ("eu-nis2-23", "progress", ("when “Final report” is due",)),
        (
            "eu-nis2-23",
            "intermediate",
            ("on request, after an authority asked; the law gives no date",),
        ),
    ],
)
def test_stage_is_said_in_words(regime: str, stage: str, words: tuple[str, ...]):
    law = shipped_regimes()[regime]
    found = law.stage(stage)
    assert found is not None
    assert stage_words(found, names_of(law)) == words


@pytest.mark.parametrize("regime", shipped_regimes().values(), ids=lambda one: one.id)
def test_words_of_every_law_name_no_key(regime):
    for stage in regime.stages:
        said = " ".join([*stage_words(stage, names_of(regime)), *rule_words(stage)])
        assert "_" not in said
        assert SUBMITTED not in said


def test_anchors_are_those_of_all_stages_once_and_reopening():
    assert anchors_of(shipped_regimes()["eu-nis2-23"])[:3] == (
        "aware",
        "authority_request",
        "handled",
    )
    assert anchors_of(shipped_regimes()["eu-nis2-23"])[-1] == "reopened"
    assert anchors_of(shipped_regimes()["us-ca-sb53"]) == (
        "discovered",
        "imminent_risk_discovered",
    )


def test_rule_is_said_with_its_source():
    stage = shipped_regimes()["us-ca-sb53"].stage("report")
    assert stage is not None
    assert rule_words(stage) == (
        "Code of Civil Procedure 12 and 12a",
        "a last day that is a holiday is left out. Saturdays, Sundays and the judicial "
        "holidays of section 135 are holidays.",
    )
