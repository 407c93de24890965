from datetime import UTC, date, datetime, timedelta

import pytest

from escalation.regimes.deadlines import Place, deadline
from escalation.regimes.library import FOLDER, load_regimes, shipped_regimes
from escalation.regimes.reading import read_regime
from escalation.regimes.references import _circle
from escalation.regimes.regime import DutyOf
from escalation.regimes.tables import RegimeError

CONTRACT = {
    "eu-ai-act-73": {"report", "report_fast", "report_death", "authority_measures"},
    "eu-gpai-cop-9": {
        "initial_critical_infrastructure",
        "initial_cybersecurity_breach",
        "initial_death",
        "initial_serious_harm",
        "intermediate",
        "final",
    },
    "us-ca-sb53": {"report", "imminent_risk"},
    "us-ny-raise": {"report", "imminent_risk"},
    "us-il-aisma": {"report", "imminent_risk"},
    "eu-nis2-23": {
        "early_warning",
        "notification",
        "intermediate",
        "final",
        "progress",
        "authority_answer",
    },
    "eu-cra-14": {
        "vulnerability_early_warning",
        "vulnerability_notification",
        "vulnerability_final",
        "incident_early_warning",
        "incident_notification",
        "incident_final",
    },
    "eu-dora-19": {"initial", "intermediate", "final"},
    "eu-gdpr-33": {"notification"},
    "us-circia": {"covered_incident", "ransom_payment", "supplemental"},
    "us-sec-8k-105": {"filing", "amendment"},
    "cn-cac-2025": {"initial_cii", "initial_operator", "summary"},
    "safe-2026": {"affected", "confidential_report", "preliminary", "remediation"},
    "uk": set(),
    "kr": set(),
    "jp": set(),
}

ANY = 'id = "notification"'
TERMS = 'terms = [{ start = ["aware"], length = 72, unit = "hours" }]'
LADDER = """
[[stages]]
id = "{id}"
name = "A rung"
trigger = "The one below."
recipient = "The board"
citation = "1"
basis = "statute"
terms = [{{ starts_when_due = "{behind}" }}, {{ starts_when_due = "{behind}" }}]
"""


NOWHERE = '{ starts_when_due = "nowhere" }'


def many_terms(count):
    """Return a stage's terms; they lead to no stage, which is looked at later."""
    return f"terms = [{', '.join([NOWHERE] * count)}]"


def ladder(rungs):
    """Return a law in which every stage starts twice when the one before is due."""
    ids = ["notification", *(f"rung_{number}" for number in range(rungs))]
    steps = zip(ids[1:], ids, strict=False)
    return text_of() + "".join(LADDER.format(id=i, behind=b) for i, b in steps)


def text_of(regime="eu-gdpr-33", **changes):
    """Return a shipped file with some of its text replaced."""
    text = (FOLDER / f"{regime}.toml").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_every_law_of_the_contract_has_its_stages():
    found = {
        law.id: {stage.id for stage in law.stages} for law in shipped_regimes().values()
    }
    assert found == CONTRACT


def test_every_law_says_where_it_stands_and_when_that_was_looked_up():
    for law in shipped_regimes().values():
        assert law.source_url.startswith("https://")
        assert law.verified_on >= date(2026, 11, 1)
        assert all(stage.citation for stage in law.stages)


@pytest.mark.parametrize(
    ("changes", "key", "remedy"),
    [
        ({'scope = "': 'skope = "'}, "scope", "It is missing"),
        ({"retention =": "retentoin ="}, "retentoin", "This key is unknown"),
        ({'status = "in_force"': 'status = "forced"'}, "status", "use one of in_force"),
        ({"Europe/Brussels": "Europe/Atlantis"}, "zone", "is no time zone"),
        ({'calendar = "BE"': 'calendar = "XX"'}, "calendar", "use one of AT, BE"),
        ({'unit = "hours"': 'unit = "moons"'}, "stages[0].terms[0].unit", "use one of"),
        ({"length = 72": "length = 0"}, "stages[0].terms[0].length", "above zero"),
        ({'"aware"': '"awake"'}, "stages[0].terms[0].start", "is no anchor"),
        (
            {'citation = "Article 33(1), (3), (4)"\n': ""},
            "stages[0].citation",
            "It is missing",
        ),
        (
            {'statutory = "regulation_1182_71"': 'statutory = "regulation"'},
            "stages[0].statutory",
            "is no rule",
        ),
        ({"verified_on = 2026-11-23": "verified_on = 3"}, "verified_on", "a date"),
        (
            {'start = ["aware"]': 'start = ["submitted:early"]'},
            "stages[0].terms",
            "There is no stage 'early'",
        ),
        (
            {'asks = "personal_data_risk"': 'asks = "personal_risk"'},
            "limbs[0].asks",
            "There is no question 'personal_risk'",
        ),
        ({ANY: f'{ANY}\nlimbs = ["breach"]'}, "stages[0].limbs", "There is no limb"),
        ({ANY: f'{ANY}\nduty_of = "court"'}, "stages[0].duty_of", "use one of"),
        (
            {ANY: f'{ANY}\nduty_of = "authority"'},
            "stages[0].terms",
            "starts from submitted:STAGE",
        ),
        (
            {ANY: f'id = "{"n" * 51}"'},
            "stages[0].id",
            "Keep it to 50 characters",
        ),
        ({ANY: f'{ANY}\nasks = "danger"'}, "stages[0].asks", "There is no question"),
        ({TERMS: many_terms(11)}, "stages[0].terms", "Keep it to 10 terms"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(changes, key, remedy):
    with pytest.raises(RegimeError) as caught:
        read_regime(text_of(**changes), file="law.toml")
    assert (caught.value.file, caught.value.key) == ("law.toml", key)
    assert remedy in caught.value.remedy


def test_stages_that_wait_for_one_another_are_refused():
    text = text_of(
        "eu-dora-19", **{'start = ["submitted:initial"]': 'start = ["submitted:final"]'}
    )
    with pytest.raises(RegimeError, match="intermediate → final → intermediate"):
        read_regime(text, file="eu-dora-19.toml")


def test_limb_that_brings_no_report_is_refused():
    second = '[[limbs]]\nid = "loss"\ntext = "loss"\ncitation = "x"\n\n[[stages]]'
    text = text_of(
        **{"[[stages]]": second, ANY: f'{ANY}\nlimbs = ["personal_data_breach"]'}
    )
    with pytest.raises(RegimeError, match=r"limbs\[1\]\.id: No stage reports 'loss'"):
        read_regime(text, file="law.toml")


def test_limb_that_stands_there_twice_is_refused():
    text = text_of(
        "us-circia", **{'id = "ransom_payment"\ntext': 'id = "covered_incident"\ntext'}
    )
    with pytest.raises(RegimeError, match=r"limbs\[0\]\.id: .* stands there twice"):
        read_regime(text, file="law.toml")


def test_only_authorities_act_on_what_was_submitted_to_them():
    found = {
        (law.id, stage.id)
        for law in shipped_regimes().values()
        for stage in law.stages
        if stage.duty_of == DutyOf.AUTHORITY
    }
    assert found == {
        ("eu-ai-act-73", "authority_measures"),
        ("eu-nis2-23", "authority_answer"),
    }


def test_text_that_is_no_toml_is_named():
    with pytest.raises(RegimeError, match=r"law\.toml: .*valid TOML"):
        read_regime("id = ", file="law.toml")


def test_file_is_named_after_its_regime(tmp_path):
    (tmp_path / "other.toml").write_text(text_of())
    with pytest.raises(RegimeError, match=r"is to be called eu-gdpr-33\.toml"):
        load_regimes(tmp_path)


def test_ladder_of_stages_is_read_and_counted_in_no_time():
    law = read_regime(ladder(59), file="law.toml")
    aware = datetime(2026, 11, 23, 3, tzinfo=UTC)

    found = deadline(
        law, law.stages[-1], {"aware": [aware]}, Place(law.zone, law.calendar)
    )

    assert found.due_operational == aware + timedelta(hours=72)
    assert found.rule == "when rung_57 is due"


def test_many_stages_that_lead_to_many_are_checked_for_circles_in_no_time():
    ids = [f"stage_{number}" for number in range(200)]
    graph = {one: set(ids[number + 1 :]) for number, one in enumerate(ids)}

    assert _circle(ids[0], graph) == ()
    assert _circle(ids[0], graph | {ids[-1]: {ids[0]}})[-1] == ids[0]
