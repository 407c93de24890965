import pytest

from escalation.worldfile.export import export_world
from incidents.mail.addresses import address_of
from incidents.models import Mailbox
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

BOX = """
[[mailboxes]]
organisation = "aurora"
"""


def test_mailbox_is_opened_changed_and_exported(apply):
    opened = apply(SMALL + BOX)
    assert "+ mailbox of aurora: opened" in opened.lines
    address = address_of(Mailbox.objects.get())
    assert f"mailbox aurora: {address}" in opened.secrets
    changed = apply(SMALL + BOX + "default_severity = 5\nopen = false\n")
    assert changed.lines == (
        "~ mailbox of aurora: is_open True → False, default_severity 3 → 5",
    )
    box = Mailbox.objects.get()
    assert (box.is_open, box.default_severity, address_of(box)) == (False, 5, address)
    assert apply(export_world()).lines == ()


def test_second_mailbox_of_an_organisation_is_told(apply):
    with pytest.raises(Exception, match="mailbox aurora is here twice"):
        apply(SMALL + BOX + BOX)


def test_severity_out_of_range_is_told(apply):
    with pytest.raises(Exception, match="default_severity"):
        apply(SMALL + BOX + "default_severity = 6\n")
