"""What was erased is withheld, and the bundle holds the entry that says so."""

import uuid

import pytest
from django.db import transaction

from incidents.custody.erasing import erase
from incidents.custody.places import Place
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.evidence.redaction import Rule
from incidents.incident.new_file import path_of
from incidents.ledger.verify.check import verify_bundle
from incidents.models import Disclosure, Entry
from tests.incidents.evidence.scene import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    made = Scene()
    made.happen("about a person")
    return made


def erase_text(scene):
    row = Disclosure.objects.select_related("entry").get(
        name="text", entry__kind="incident.commented"
    )
    entry = row.entry
    place = Place(entry.stream_id, entry.seq, row.name, entry.pk, row.key_id)
    with transaction.atomic():
        erase(
            [place],
            basis="GDPR 17(1)(a)",
            erasure=uuid.uuid4(),
            actor=Actor.system(scene.lab),
            now=scene.now,
        )


def withheld(scene, row):
    with path_of(row.stored_as).open("rb") as file:
        return verify_bundle(file, scene.policy).withheld


def test_erased_field_is_withheld_and_verifies(scene):
    erase_text(scene)
    row = scene.build(scene.ask())
    assert withheld(scene, row) == {"text, erased": 1}


def test_record_is_counted_anew_when_something_is_erased_meanwhile(scene):
    row = scene.ask()
    scene.seal()
    scene.pass_on()
    scene.seal()
    erase_text(scene)
    scene.pass_on()
    row.refresh_from_db()
    assert (row.state, row.heads_entry_id, row.attempts) == ("waiting", None, 0)
    assert withheld(scene, scene.build(row)) == {"text, erased": 1}


def test_what_says_that_something_was_erased_has_to_be_shown(scene):
    erase_text(scene)
    last = Entry.objects.latest("id").seq
    for rule in (Rule("erased", "FOIA b(6)"), Rule("", "FOIA b(6)", last)):
        with pytest.raises(BadInput) as raised:
            scene.ask(rules=(rule,))
        assert raised.value.remedy.startswith("What was erased has to be shown")
