import pytest

from escalation.lawbook.profiles import Watched, profile_of
from escalation.lawbook.registry import regimes_of
from escalation.models import LegalProfile, RegimeText
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.models import Organisation
from tests.escalation.lawbook.framework import framework
from tests.escalation.worldfile.conftest import SMALL

OWN = f"""
[[regimes]]
organisation = "aurora"
reason = "version 3 was published"
text = '''{framework()}'''
"""
PROFILE = """
[[legal_profiles]]
organisation = "aurora"
regimes = { us-ca-sb53 = {}, eu-dora-19 = { zone = "Europe/Riga" }, aurora-framework = {} }
accountable = "duty@aurora.example"
deputy = "second@aurora.example"
policy = "serious"
"""


def test_framework_and_profile_are_written_as_the_file_says(apply):
    lines = apply(SMALL + OWN + PROFILE).lines

    lab = Organisation.objects.get(slug="aurora")
    row = RegimeText.objects.get(organisation=lab)
    assert (row.regime_id, row.reason) == (
        "aurora-framework",
        "version 3 was published",
    )
    assert "aurora-framework" in regimes_of(lab.pk)
    found = profile_of(lab.pk)
    assert dict(found.regimes) == {
        "aurora-framework": Watched(),
        "eu-dora-19": Watched(zone="Europe/Riga"),
        "us-ca-sb53": Watched(),
    }
    assert None not in (found.accountable_id, found.deputy_id, found.policy_id)
    assert "+ regime aurora/aurora-framework: new" in lines
    assert (
        "+ legal profile of aurora: + aurora-framework, + eu-dora-19 (zone Europe/Riga), "
        "+ us-ca-sb53, accountable: Diego, deputy: Sana, policy: Serious"
    ) in lines


def test_laws_are_applied_twice_and_exported_without_a_change(apply):
    apply(SMALL + OWN + PROFILE)

    assert apply(SMALL + OWN + PROFILE).lines == ()
    assert apply(export_world()).lines == ()
    assert f"text = '''\n{framework().strip()}\n'''" in export_world()


def test_what_changed_is_told(apply):
    apply(SMALL + OWN + PROFILE)
    text = SMALL + OWN.replace("length = 48", "length = 24")
    text += PROFILE.replace("us-ca-sb53 = {}, ", "").replace("Riga", "Athens")

    assert apply(text).lines == (
        "~ regime aurora/aurora-framework: new text",
        "~ legal profile of aurora: ~ eu-dora-19 (zone Europe/Athens), - us-ca-sb53",
    )


def test_dry_run_writes_nothing(apply):
    apply(SMALL + OWN + PROFILE, is_dry_run=True)

    assert not LegalProfile.objects.exists()
    assert not RegimeText.objects.exclude(organisation=None).exists()


@pytest.mark.parametrize(
    ("before", "after", "field", "message"),
    [
        ("us-ca-sb53 =", "us-moon =", "regimes", "There is no such regime"),
        ("Europe/Riga", "Mars", "regimes.eu-dora-19.zone", "Use a time zone"),
        ("duty@aurora", "nobody@aurora", "accountable", "there is no person"),
        ('policy = "serious"', 'policy = "none"', "policy", "has no policy 'none'"),
        ("regimes = {", 'regimes = "x" #', "regimes", "Write a table"),
    ],
)
def test_profile_that_names_what_is_not_there_is_told(
    apply, before: str, after: str, field: str, message: str
):
    assert before in PROFILE
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + OWN + PROFILE.replace(before, after))

    [problem] = error.value.problems
    assert problem.field == f"legal_profiles[0].{field}"
    assert message in problem.message


def test_text_that_cannot_be_used_is_told_with_key_and_remedy(apply):
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + OWN.replace("hours", "moons"))

    [problem] = error.value.problems
    assert problem.field == "regimes[0].text"
    assert "stages[0].terms[0].unit: 'moons' is unknown" in problem.message


def test_framework_of_an_agency_is_told(apply):
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + OWN.replace("aurora", "naisa"))

    [problem] = error.value.problems
    assert problem.field == "regimes[0].organisation"
