from base64 import b64encode

import pytest

from escalation.worldfile.export import export_world
from incidents.models import WatchedLog, Witness
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
