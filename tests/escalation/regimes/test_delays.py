from datetime import date

import pytest

from escalation.regimes.library import FOLDER, shipped_regimes
from escalation.regimes.reading import read_regime
from escalation.regimes.regime import DelayKind
from escalation.regimes.tables import RegimeError
from escalation.regimes.words import delay_words, grant_words

SEC = "us-sec-8k-105"
DORA = "eu-dora-19"


def text_of(regime=SEC, **changes):
    """Return a shipped file with some of its text replaced."""
    text = (FOLDER / f"{regime}.toml").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_laws_that_know_a_delay_are_these():
    found = {
        (law.id, delay.kind, delay.stages, delay.citation)
        for law in shipped_regimes().values()
        for delay in law.delays
    }
    assert found == {
        (
            DORA,
            "notice",
            ("initial", "intermediate", "final"),
            "RTS (EU) 2025/301, Article 5(3)",
        ),
        ("eu-gdpr-33", "notice", ("notification",), "Article 33(1), (4)"),
        (SEC, "extension", ("filing",), "Item 1.05(c)"),
    }


def test_extensions_of_a_disclosure_come_one_after_the_other():
    delay = shipped_regimes()[SEC].delay("filing", DelayKind.EXTENSION)
    assert delay is not None
    assert [(one.days, one.is_by_recipient) for one in delay.grants] == [
        (30, False),
        (30, False),
        (60, False),
        (0, True),
    ]
    assert grant_words(delay.grants[2]) == (
        "up to 60 days, granted by the Attorney General"
    )
    assert delay_words(delay) == "suspends the duty: both dates move"


def test_notice_is_taken_before_the_limit_where_the_law_says_so():
    laws = shipped_regimes()
    taken = {
        law: laws[law].delay(stage, DelayKind.NOTICE).is_before_limit
        for law, stage in ((DORA, "final"), ("eu-gdpr-33", "notification"))
    }
    assert taken == {DORA: True, "eu-gdpr-33": False}


def test_stage_of_which_the_law_says_nothing_has_no_delay():
    law = shipped_regimes()[SEC]
    assert law.delay("amendment", DelayKind.EXTENSION) is None
    assert law.delay("filing", DelayKind.NOTICE) is None


def test_every_delay_says_where_it_stands_and_when_that_was_looked_up():
    for law in shipped_regimes().values():
        for delay in law.delays:
            assert delay.source_url.startswith("https://")
            assert delay.verified_on >= date(2026, 11, 1)


DAYS = 'General", days = 60'
STAGES = 'stages = ["filing"]'
TWICE = """
[[delays]]
id = "again"
name = "Again"
kind = "extension"
stages = ["filing"]
text = "Again."
citation = "1"
source_url = "https://example.org/"
verified_on = 2026-11-23
basis = "statute"
grants = [{ by = "somebody" }]
"""


@pytest.mark.parametrize(
    ("changes", "key", "remedy"),
    [
        ({'"extension"': '"favour"'}, "delays[0].kind", "use one of notice"),
        ({"suspends =": "suspendz ="}, "delays[0].suspendz", "key is unknown"),
        ({"suspends = true": 'suspends = "yes"'}, "delays[0].suspends", "true or"),
        ({STAGES: 'stages = ["file"]'}, "delays[0].stages", "There is no report"),
        ({STAGES: "stages = []"}, "delays[0].stages", "Name the stages"),
        ({DAYS: 'General", days = 0'}, "delays[0].grants[2].days", "above zero"),
        ({DAYS: 'General", dayz = 60'}, "delays[0].grants[2].dayz", "unknown"),
        ({'by = "the Comm': 'bi = "the Comm'}, "delays[0].grants[3].by", "missing"),
        ({"suspends": "is_before_limit"}, "delays[0].is_before_limit", "Leave it out"),
        (
            {'citation = "Item 1.05(c)"': 'citation = ""'},
            "delays[0].citation",
            "may not be empty",
        ),
    ],
)
def test_what_is_wrong_with_a_delay_is_named(changes, key, remedy):
    with pytest.raises(RegimeError) as caught:
        read_regime(text_of(**changes), file="law.toml")
    assert (caught.value.file, caught.value.key) == ("law.toml", key)
    assert remedy in caught.value.remedy


def test_extension_that_nobody_grants_is_refused():
    text = text_of(DORA, **{'kind = "notice"': 'kind = "extension"'})
    text = text.replace("is_before_limit = true", "")
    with pytest.raises(RegimeError, match=r"delays\[0\]\.grants: Say who grants it"):
        read_regime(text, file="law.toml")


def test_stage_has_one_delay_of_a_kind():
    with pytest.raises(RegimeError, match=r"delays\[1\]\.stages: 'filing' has a"):
        read_regime(text_of() + TWICE, file="law.toml")
