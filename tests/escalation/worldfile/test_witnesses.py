from base64 import b64encode

import pytest

from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.models import WatchedLog, Witness, WitnessQuorum
from tests.escalation.worldfile.conftest import SMALL
from tests.incidents.ledger.simulated_log import AGENCY, LAB, LOG_KEY, ORIGIN
from tests.incidents.witnessing.parties import TREE

pytestmark = pytest.mark.django_db

PLATFORM = """
[[organisations]]
slug = "ops"
name = "Ops"
kind = "platform"
"""
WITNESS = f"""
[[witnesses]]
slug = "agency"
vkey = "{AGENCY.public.vkey()}"
organisation = "naisa"
"""
LOG = f"""
[[watched_logs]]
origin = "{ORIGIN}"
vkeys = ["{LOG_KEY.public.vkey()}"]
size = 5
root = "{b64encode(TREE.root(5)).decode()}"
"""


@pytest.fixture(autouse=True)
def witness_key_file(settings, tmp_path):
    settings.WITNESS_KEY_FILE = tmp_path / "key"


def test_witness_and_log_are_added_changed_and_exported(apply):
    base = SMALL + PLATFORM
    lines = apply(base + WITNESS + LOG).lines
    assert "+ witness agency: added" in lines
    assert f"+ watched log {ORIGIN}: 1 keys, active True" in lines
    changed = apply(
        base + WITNESS + 'active = false\naddress = "https://w.example"\n' + LOG
    )
    assert changed.lines == (
        "~ witness agency: address https://w.example, is_active False",
    )
    witness, watched = Witness.objects.get(), WatchedLog.objects.get()
    assert (witness.is_active, witness.organisation.slug) == (False, "naisa")
    assert (watched.size, bytes(watched.root)) == (5, TREE.root(5))
    assert apply(export_world()).lines == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WITNESS, "of kind platform"),
        (PLATFORM + WITNESS.replace("naisa", "ops"), "no witness"),
        (PLATFORM + WITNESS.replace("naisa", "nobody"), "Name an organisation"),
        (PLATFORM + WITNESS.replace('"agency.', '"other.'), "does not belong"),
        (PLATFORM + WITNESS + WITNESS, "witness agency is here twice"),
        (PLATFORM + LOG.replace("size = 5", ""), "none for size 0"),
        (PLATFORM + LOG + LOG, "is here twice"),
    ],
)
def test_what_cannot_be_is_told(apply, text, told):
    with pytest.raises(Exception, match=told):
        apply(SMALL + text)
    assert not Witness.objects.exists()


def test_witness_keeps_its_key(apply):
    apply(SMALL + PLATFORM + WITNESS)
    other = WITNESS.replace(AGENCY.public.vkey(), LAB.public.vkey())
    with pytest.raises(Exception, match="keeps its key"):
        apply(SMALL + PLATFORM + other)


SECOND = f"""
[[witnesses]]
slug = "lab"
vkey = "{LAB.public.vkey()}"
"""
QUORUM = """
[quorum]
name = "both"
alarm_minutes = 5
[[witness_groups]]
name = "both"
needs = 2
members = ["agency", "rest"]
[[witness_groups]]
name = "rest"
members = ["lab"]
"""
COMPUTED = '\n[quorum]\nname = "computed"\n'


def test_quorum_is_set_exported_and_given_back_to_computing(apply):
    base = SMALL + PLATFORM + WITNESS
    lines = apply(base + SECOND + QUORUM).lines
    assert lines[-1] == "+ quorum: both, alarm after 5 minutes"
    row = WitnessQuorum.objects.get()
    assert row.groups[1] == {"name": "rest", "needs": "all", "members": ["lab"]}
    assert apply(export_world()).lines == ()
    # One file ends a witness and sets the quorum that goes without it.
    ended = apply(base + SECOND + "active = false\n" + COMPUTED).lines
    assert ended == (
        "~ quorum: computed, alarm after 10 minutes",
        "~ witness lab: is_active False",
    )
    assert apply(export_world()).lines == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (QUORUM.replace('"lab"', '"labs"'), r"witness_groups\[1\].members: 'labs'"),
        (QUORUM.replace("needs = 2", "needs = 3"), r"witness_groups\[0\].needs: '3'"),
        (QUORUM.replace("needs = 2", "needs = []"), "all, any or a number"),
        (QUORUM.replace('name = "both"', 'name = "x"', 1), "quorum.name: 'x'"),
        (QUORUM.replace('name = "both"', 'name = "none"', 1), "operator's word"),
        (QUORUM.replace('"rest"]', '"both"]'), "part of itself"),
        (QUORUM.replace("= 5", "= 0"), "quorum.alarm_minutes: 0"),
        (QUORUM.partition("[[")[2].join(("[[", "")), "No .quorum. names a group"),
        (QUORUM.replace("[quorum]", "[[quorum]]"), "is not a table"),
    ],
)
def test_quorum_that_cannot_be_is_told(apply, text, told):
    with pytest.raises(WorldFileInvalid, match=told):
        apply(SMALL + PLATFORM + WITNESS + SECOND + text)
    assert not WitnessQuorum.objects.exists()


def test_witness_that_the_quorum_names_does_not_end(apply):
    base = SMALL + PLATFORM + WITNESS + SECOND
    apply(base + QUORUM)
    with pytest.raises(WorldFileInvalid, match="quorum that stands does not allow it"):
        apply(base + "active = false\n")
