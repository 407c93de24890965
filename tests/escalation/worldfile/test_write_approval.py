import pytest

from escalation.models import PolicyVersion, SecondPersonRule
from escalation.worldfile.export import export_world
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

FOR_ALL = SMALL.replace('kind = "lab"\n', 'kind = "lab"\nsecond_person = true\n')
FOR_ONE = SMALL.replace(
    'name = "Serious"\nack', 'name = "Serious"\nsecond_person = true\nack'
)
SLOWER = ("minutes = 5", "minutes = 9")


def states():
    rows = PolicyVersion.objects.order_by("number")
    return list(rows.values_list("number", "state", "reason"))


@pytest.mark.parametrize("text", [FOR_ALL, FOR_ONE])
def test_rule_begins_after_the_policies_of_its_file(apply, text):
    assert "+ second person for " in "\n".join(apply(text).lines)
    assert states() == [(1, "approved", "by configuration file")]
    assert apply(text).lines == ()


@pytest.mark.parametrize("text", [FOR_ALL, FOR_ONE])
def test_later_file_only_proposes(apply, text):
    apply(text)
    applied = apply(text.replace(*SLOWER))
    assert applied.notes == (
        "policy aurora/serious: version 2 waits for somebody to approve it",
    )
    assert [state for _, state, _ in states()] == ["approved", "proposed"]
    assert apply(text.replace(*SLOWER)).lines == ()
    assert apply(text).lines == ()


def test_file_ends_the_rule_and_one_that_says_nothing_leaves_it(apply):
    apply(FOR_ALL)
    apply(SMALL)
    assert SecondPersonRule.objects.count() == 1
    ended = apply(FOR_ALL.replace("second_person = true", "second_person = false"))
    assert ended.lines == ("- second person for aurora",)
    assert not SecondPersonRule.objects.exists()


@pytest.mark.parametrize("text", [FOR_ALL, FOR_ONE])
def test_rule_is_exported_and_the_version_in_force_with_it(apply, text):
    apply(text)
    apply(text.replace(*SLOWER))
    exported = export_world()
    assert exported.count("second_person = true") == 1
    assert "minutes = 5" in exported
    assert apply(exported).lines == ()
