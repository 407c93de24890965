import pytest

from escalation.stamps.asking import password_of
from escalation.worldfile.export import export_world
from incidents.models import TimeStampAuthority
from tests.escalation.worldfile.conftest import SMALL
from tests.escalation.worldfile.test_witnesses import PLATFORM
from tests.incidents.ledger.time_authority import TimeAuthority

pytestmark = pytest.mark.django_db


@pytest.fixture
def section(tmp_path):
    pem = TimeAuthority(tmp_path).pem.decode()
    return f"""
[[time_stamp_authorities]]
slug = "stamps"
address = "https://tsa.example/"
certificates = '''
{pem}'''
"""


def test_authority_is_added_changed_and_exported(apply, section):
    base = SMALL + PLATFORM
    done = apply(base + section)
    assert "+ time stamps by stamps: added" in done.lines
    assert "time stamps by stamps were not tried" in done.notes[-1]
    user = 'username = "u"\npassword = "tsa-pw-7"\nevery_minutes = 90\n'
    changed = apply(base + section + user)
    assert changed.lines == (
        "~ time stamps by stamps: username, every_minutes, password",
    )
    row = TimeStampAuthority.objects.get()
    assert (row.username, password_of(row), row.every_minutes) == ("u", "tsa-pw-7", 90)
    exported = export_world()
    assert "tsa-pw-7" not in exported
    assert apply(exported).lines == ()
    assert apply(base + section + user + "active = false\n").lines == (
        "~ time stamps by stamps: is_active",
    )
    row.refresh_from_db()
    assert (row.is_active, password_of(row)) == (False, "tsa-pw-7")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("https://", "ftp://"), "takes questions"),
        (("BEGIN", "BEGUN"), "in PEM"),
        (("slug", 'policy = "1.2"\nslug'), "number with dots"),
        (("slug", "every_minutes = 1\nslug"), "every_minutes"),
    ],
)
def test_authority_that_cannot_be_is_told(apply, section, change, told):
    with pytest.raises(Exception, match=told):
        apply(SMALL + PLATFORM + section.replace(*change))
    with pytest.raises(Exception, match="of kind platform"):
        apply(SMALL + section)
    assert not TimeStampAuthority.objects.exists()
