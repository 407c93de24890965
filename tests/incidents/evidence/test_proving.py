import pytest

from incidents.evidence.proving import proving_head
from incidents.witnessing.models import Witness
from tests.incidents.evidence.scene import Scene
from tests.incidents.evidence.test_witnessed import WitnessedScene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return WitnessedScene()


def standing(place=0):
    head = proving_head(place)
    return head and head.is_cosigned


def test_entry_waits_for_the_first_quorum_too(scene):
    Scene.seal(scene)
    assert standing() is None
    scene.cosign("naisa")
    assert standing() is None
    scene.cosign("aurora")
    assert standing() is True


def test_entry_behind_the_newest_quorum_waits_for_the_next(scene):
    scene.seal()
    place = scene.signer.size
    scene.happen("later")
    Scene.seal(scene)
    assert (standing(place - 1), standing(place)) == (True, None)


def test_signature_of_the_log_is_enough_where_no_witness_is_asked_any_more(scene):
    scene.seal()
    place = scene.signer.size
    Witness.objects.update(is_active=False)
    scene.happen("later")
    Scene.seal(scene)
    assert (standing(place - 1), standing(place)) == (True, False)


def test_entry_that_no_signed_head_covers_is_not_proved():
    made = Scene()
    assert standing() is None
    made.seal()
    assert (standing(), standing(made.signer.size)) == (False, None)
