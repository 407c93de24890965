import pytest

from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.note import NoKnownSignature
from incidents.models import Checkpoint
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW
from tests.incidents.sealing.log import ORIGIN, LocalSigner, Refused, record_entries

pytestmark = pytest.mark.django_db


def seal(*counts):
    for count in counts:
        record_entries(count=count)
        seal_batch(NOW)


def signed_sizes():
    signed = Checkpoint.objects.exclude(note="").order_by("size")
    return list(signed.values_list("size", flat=True))


def test_head_gets_the_signature_of_the_log():
    seal(3)
    signer = LocalSigner()
    assert sign_heads(signer.as_signer(), NOW) == 3
    opened = open_checkpoint(
        newest_note(3).encode(), origin=ORIGIN, log_keys=[signer.key.public]
    )
    head = Checkpoint.objects.get()
    assert (opened.checkpoint.size, opened.checkpoint.root) == (3, bytes(head.root))
    assert head.signed_at == NOW


def test_signer_is_asked_once_for_each_head():
    signer = LocalSigner()
    for _ in range(3):
        sign_heads(signer.as_signer(), NOW)
    seal(2)
    for _ in range(3):
        sign_heads(signer.as_signer(), NOW)
    assert signer.asked == [2]


def test_heads_sealed_while_the_signer_was_away_are_passed_over_but_for_the_first():
    seal(1, 1, 1, 1)
    sign_heads(LocalSigner().as_signer(), NOW)
    assert signed_sizes() == [1, 4]


def test_head_signed_before_a_crash_is_signed_again():
    signer = LocalSigner()
    seal(1)
    sign_heads(signer.as_signer(), NOW)
    seal(1)

    def crash(*asked):
        signer.sign(*asked)
        raise ConnectionError("the answer was lost")

    with pytest.raises(ConnectionError):
        sign_heads(signer.as_signer(sign=crash), NOW)
    seal(1, 1)
    sign_heads(signer.as_signer(), NOW)
    assert signed_sizes() == [1, 2, 4]


def test_restored_log_gets_no_signature():
    seal(1)
    signer = LocalSigner(size=9, root=bytes(32))
    with pytest.raises(Refused, match="1 does not extend 9"):
        sign_heads(signer.as_signer(), NOW)
    assert (signed_sizes(), newest_note()) == ([], None)


def test_line_that_is_no_signature_of_the_log_is_not_kept():
    seal(1)
    other = LocalSigner(size=1, root=bytes(Checkpoint.objects.get().root))
    signer = LocalSigner().as_signer(
        sign=lambda *asked: (other.sign(*asked)[0].replace(ORIGIN, "log.example/b"),)
    )
    with pytest.raises(NoKnownSignature):
        sign_heads(signer, NOW)
    assert signed_sizes() == []
