from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from incidents.audit.memory import Memory, MemoryFile
from incidents.audit.nightly import audit_if_due
from incidents.models import Audit
from incidents.sealing.seal import seal_batch
from tests.factories import NOW
from tests.incidents.sealing.log import record_entries, tampering


def test_record_is_audited_once_a_day(world_database, tmp_path):
    memory = MemoryFile(tmp_path / "audit.json")
    record_entries(count=3)
    seal_batch(NOW)
    assert audit_if_due(NOW, memory)
    assert audit_if_due(NOW + timedelta(minutes=1), memory)
    assert Audit.objects.count() == 1
    assert audit_if_due(NOW + timedelta(days=1), memory)
    assert list(Audit.objects.values_list("size", "against", "findings")) == [
        (3, "sealed", []),
        (3, "sealed", []),
    ]


def test_command_says_what_fits(world_database, tmp_path):
    record_entries(count=3)
    seal_batch(NOW)
    said = StringIO()
    call_command(
        "audit_log", "--values", "--state", tmp_path / "kept.json", stdout=said
    )
    assert said.getvalue() == (
        "3 entries against the sealed head (nobody signs here, so a head is only"
        " what the database says): all fit.\n"
    )


def test_command_exits_1_and_names_what_does_not_fit(world_database, tmp_path):
    (first, *_) = record_entries(count=3)
    seal_batch(NOW)
    with tampering(world_database, "tocsin_entry") as owner:
        owner.execute(f"UPDATE tocsin_entry SET kind = 'a.b' WHERE id = {first}")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit_log", "--state", tmp_path / "kept.json", stdout=said)
    assert ended.value.code == 1
    assert said.getvalue().startswith(f"Entry {first}: its leaf does not continue")


def test_memory_that_cannot_be_read_is_empty(tmp_path):
    memory = MemoryFile(tmp_path / "audit.json")
    assert memory.read() == Memory()
    memory.path.write_text('{"note": "x", "under_way": {}}')
    assert memory.read() == Memory()
