import pytest

from escalation.lawbook.editing import (
    MAX_TEXT,
    RegimeDraft,
    retire_regime,
    save_regime,
    versions_of,
)
from escalation.lawbook.registry import regimes_of, shipped
from escalation.lawbook.storing import REGIME_CHANGED
from escalation.models import LegalProfile, RegimeText
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.models import Entry, Organisation, Timer
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ID = "aurora-framework"


@pytest.fixture
def lab() -> Organisation:
    return make.lab("aurora")


def _save(lab: Organisation, text: str, *, regime_id: str = "") -> RegimeText:
    draft = RegimeDraft(text, "because", regime_id)
    actor = Actor.system(lab)
    return save_regime(lab, draft, user=None, actor=actor, now=NOW)


def _refused(lab: Organisation, text: str, *, regime_id: str = "") -> BadInput:
    with pytest.raises(BadInput) as error:
        _save(lab, text, regime_id=regime_id)
    assert error.value.field == "text"
    assert not RegimeText.objects.filter(organisation=lab).exists()
    return error.value


def test_framework_is_a_regime_with_its_author_and_reason(lab: Organisation):
    author = make.person(lab)
    draft = RegimeDraft(framework(), "version 3 was published")

    save_regime(lab, draft, user=author, actor=Actor.system(lab), now=NOW)

    [row] = versions_of(lab, ID)
    assert (row.author, row.reason) == (author, "version 3 was published")
    assert regimes_of(lab.pk)[ID].digest == row.digest


def test_change_is_recorded(lab: Organisation):
    row = _save(lab, framework())

    entry = Entry.objects.get(kind="config.changed")
    assert entry.stream.audience.organisation == lab
    assert RegimeText.objects.get(organisation=lab) == row


def test_same_text_makes_no_version_whatever_its_line_ends(lab: Organisation):
    first = _save(lab, framework())
    again = _save(lab, framework().replace("\n", "\r\n"))

    assert again == first
    assert RegimeText.objects.filter(organisation=lab).count() == 1
    assert Entry.objects.filter(kind="config.changed").count() == 1


def test_new_text_is_a_version_and_open_clocks_are_looked_at(lab: Organisation):
    _save(lab, framework(hours=48))
    assert not Timer.objects.filter(kind=REGIME_CHANGED).exists()

    _save(lab, framework(hours=24))

    assert [row.is_current for row in versions_of(lab, ID)] == [True, False]
    [timer] = Timer.objects.filter(kind=REGIME_CHANGED)
    assert (timer.organisation_id, timer.payload) == (lab.pk, {"regime": ID})


def test_former_text_that_comes_back_is_a_version_of_its_own(lab: Organisation):
    for hours in (48, 24, 48):
        _save(lab, framework(hours=hours))

    rows = versions_of(lab, ID)
    assert [row.is_current for row in rows] == [True, False, False]
    assert rows[0].digest == rows[2].digest
    assert regimes_of(lab.pk)[ID].regime.stages[0].terms[0].length == 48


@pytest.mark.parametrize("name", ["us-ca-sb53", "meridian-x", "aurora", "aurora-"])
def test_id_that_is_not_the_labs_is_refused(lab: Organisation, name: str):
    text = framework().replace(ID, name)

    error = _refused(lab, text)

    assert error.value == "id"
    assert error.remedy.startswith(f"your text: id: {name!r} cannot be used")


def test_id_of_a_law_that_came_with_us_is_refused_to_a_lab_of_that_name():
    lab = make.lab("us")

    error = _refused(lab, framework("us").replace("us-framework", "us-ca-sb53"))

    assert error.value == "id"
    assert regimes_of(lab.pk)["us-ca-sb53"] == shipped()["us-ca-sb53"]


def test_text_of_another_regime_is_refused_as_a_new_version(lab: Organisation):
    error = _refused(lab, framework(), regime_id="aurora-other")

    assert error.remedy == (
        "your text: id: It is 'aurora-other' and stays so; write another regime anew."
    )


@pytest.mark.parametrize(
    ("before", "after", "key", "remedy"),
    [
        ('id = "notice"', 'id = "Notice!"', "stages[0].id", "use a-z, 0-9 and _"),
        ('unit = "hours"', 'unit = "moons"', "stages[0].terms[0].unit", "is unknown"),
        ("scope =", "scoop =", "scope", "It is missing"),
        ("https://lab.example", "javascript:x//", "source_url", "https://"),
        ('zone = "America/Los_Angeles"', 'zone = "Europe"', None, ""),
        ("length = 48", "length = 10001", "stages[0].terms[0].length", "at most 10000"),
        ("length = 48", f"length = {'9' * 5000}", "(file)", "plain values"),
        ('citation = "7.2"', f'citation = "{"x" * 151}"', "stages[0].citation", "150"),
        (
            "verified_on = 2026-11-01",
            "verified_on = 2026-11-01T03:00:00",
            "verified_on",
            "without a time",
        ),
        ("scope = ", "scope = " + "[" * 5000, "(file)", ""),
        ("scope = ", "scope = [", "(file)", "Write valid TOML"),
    ],
)
def test_text_that_cannot_be_used_names_key_and_remedy(
    lab: Organisation, before: str, after: str, key: str | None, remedy: str
):
    text = framework()
    assert before in text

    error = _refused(lab, text.replace(before, after, 1))

    assert key in (None, error.value)
    assert remedy in error.remedy
    assert error.remedy.startswith("your text: ")


def test_text_that_is_too_long_is_refused(lab: Organisation):
    error = _refused(lab, framework() + "#" * MAX_TEXT)

    assert "Write at most 100000 characters" in error.remedy


def test_limb_that_stands_there_twice_is_refused(lab: Organisation):
    limb = '\n[[limbs]]\nid = "safeguard_failed"\ntext = "x"\ncitation = "7.9"\n'

    error = _refused(lab, framework() + limb)

    assert (
        error.remedy == "your text: limbs[0].id: 'safeguard_failed' stands there twice."
    )


def test_agency_has_no_framework():
    agency = make.agency("aurora")

    with pytest.raises(BadInput) as error:
        _save(agency, framework())

    assert error.value.field == "organisation"


def test_regime_out_of_use_keeps_its_versions(lab: Organisation):
    _save(lab, framework())

    retire_regime(lab, ID, reason="over", actor=Actor.system(lab), now=NOW)

    assert ID not in regimes_of(lab.pk)
    assert [row.is_current for row in versions_of(lab, ID)] == [False]
    assert Entry.objects.filter(kind="config.changed").count() == 2


def test_regime_of_the_profile_stays_in_use(lab: Organisation):
    _save(lab, framework())
    LegalProfile.objects.create(organisation=lab, regimes={ID: {}}, changed_at=NOW)

    with pytest.raises(NotPossible):
        retire_regime(lab, ID, reason="over", actor=Actor.system(lab), now=NOW)

    assert ID in regimes_of(lab.pk)
