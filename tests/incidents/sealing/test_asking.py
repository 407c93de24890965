from pathlib import Path

import pytest

from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.signer_client import public_keys
from incidents.models import Checkpoint, SealerState
from incidents.sealing.asking import configured_signer, sign_what_is_unsigned
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from incidents.tasks import seal
from tests.factories import NOW
from tests.incidents.ledger.running_signer import ORIGIN, Running
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def signer(signer: Running, settings) -> Running:
    settings.SIGNER_SOCKET = signer.socket
    return signer


def test_task_has_what_it_sealed_signed_by_the_process(signer: Running):
    record_entries(count=3)
    seal()
    seal()
    note = newest_note(1)
    assert note
    opened = open_checkpoint(note, origin=ORIGIN, log_keys=public_keys(signer.socket))
    newest = Checkpoint.objects.order_by("-size").first()
    assert newest
    assert opened.checkpoint.root == bytes(newest.root)


def test_installation_without_a_signer_is_sealed_unsigned(settings):
    settings.SIGNER_SOCKET = None
    record_entries(count=2)
    seal()
    assert configured_signer() is None
    assert {head.note for head in Checkpoint.objects.all()} == {""}


def test_signer_that_is_away_signs_when_it_is_back(signer: Running):
    record_entries(count=2)
    seal_batch(NOW)
    signer.kill()
    assert sign_what_is_unsigned(NOW) is None
    assert "does not answer" in SealerState.objects.get().refused_why
    signer.start()
    assert sign_what_is_unsigned(NOW) == 2
    assert SealerState.objects.get().refused_why == ""


def test_refusal_of_the_signer_stands_in_the_state(signer: Running):
    signer.ask(0, 9)  # as after an older database was put back
    record_entries(count=2)
    seal_batch(NOW)
    assert sign_what_is_unsigned(NOW) is None
    why = SealerState.objects.get().refused_why
    assert why.startswith("size 2 was passed: 9 is signed.")


def test_public_keys_that_are_gone_sign_nothing(signer: Running, tmp_path: Path):
    (tmp_path / "s.sock.vkeys").unlink()
    record_entries(count=1)
    seal_batch(NOW)
    assert sign_what_is_unsigned(NOW) is None
    assert not Checkpoint.objects.get().note
