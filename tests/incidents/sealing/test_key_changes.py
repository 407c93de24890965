import pytest

from incidents.ledger.signer_client import public_keys
from incidents.models import Entry
from incidents.sealing.asking import sign_what_is_unsigned
from incidents.sealing.key_changes import note_keys
from incidents.sealing.seal import seal_batch
from tests.factories import NOW
from tests.incidents.ledger.running_signer import Running
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db


def changes() -> list[str]:
    entries = Entry.objects.filter(kind__startswith="log.key").order_by("id")
    return list(entries.values_list("kind", flat=True))


def pass_twice() -> None:
    for _ in range(2):
        seal_batch(NOW)
        sign_what_is_unsigned(NOW)


def test_each_change_of_keys_is_an_entry_once(signer: Running, settings):
    settings.SIGNER_SOCKET = signer.socket
    record_entries(count=1)
    pass_twice()
    assert changes() == ["log.key_added"]
    old = public_keys(signer.socket)[0]
    signer.run("--socket", str(signer.socket), "add-key")
    pass_twice()
    assert changes() == ["log.key_added"] * 2
    signer.run("--socket", str(signer.socket), "destroy-key", old.id.hex())
    pass_twice()
    assert changes() == ["log.key_added", "log.key_added", "log.key_retired"]


def test_keys_that_stay_record_nothing():
    record_entries(count=1)
    seal_batch(NOW)
    for _ in range(2):
        note_keys(["one"], NOW)
    assert changes() == ["log.key_added"]
