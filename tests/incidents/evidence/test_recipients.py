"""Who was handed what is erased since is noted, and told of it."""

import pytest
from django.test import Client

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.custody.recipients import mark_told
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.evidence.redaction import Rule
from incidents.models import Entry, RecipientNotice
from tests import factories as make
from tests.incidents.evidence.scene import Scene
from tests.incidents.evidence.test_erased import erase_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    made = Scene()
    made.happen("about a person")
    return made


def erase_after(scene, **asked):
    scene.build(scene.ask(**asked))
    erase_text(scene)
    fire_due(scene.now)


def test_recipient_of_an_erased_value_is_noted_and_the_desk_told(scene):
    make.contact(scene.lab, address="desk@lab.example")
    erase_after(scene)
    fire_due(scene.now)
    notice = RecipientNotice.objects.get()
    assert (notice.recipient, notice.value_count) == ("Court of Somewhere", 1)
    told = Notification.objects.filter(purpose="retention")
    assert [row.address for row in told] == ["desk@lab.example"]


def test_who_did_not_get_the_value_is_not_noted(scene):
    erase_after(scene, rules=(Rule("text", "FOIA b(6)"),))
    scene.build(scene.ask())
    erase_again = Entry.objects.filter(kind="disclosure.erased").count()
    assert (erase_again, RecipientNotice.objects.count()) == (1, 0)


def test_it_is_noted_once_how_they_were_told(scene):
    erase_after(scene)
    notice = RecipientNotice.objects.get()
    ann = make.person(scene.lab, role="approver")
    page = Client()
    page.force_login(ann)
    page.post(f"/custody/recipients/{notice.uid}/told/", {"how": "by letter"})
    notice.refresh_from_db()
    assert (notice.told_by, notice.told_how) == (ann, "by letter")
    assert "by letter" in page.get("/custody/").content.decode()
    with pytest.raises(NotPossible, match="noted already"):
        mark_told(
            notice,
            how="again",
            user=ann,
            actor=Actor.of(ann, scene.lab),
            now=scene.now,
        )
