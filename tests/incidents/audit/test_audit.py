from datetime import timedelta
from urllib.parse import urlsplit

import psycopg

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.audit.audit import Auditor, audit_log
from incidents.audit.memory import MemoryFile
from incidents.audit.rereading import PIECE
from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import sign_checkpoint
from incidents.ledger.note import parse_note, sign_text, write_note
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Audit, Checkpoint, EndedLog, Entry, Organisation, Timer
from incidents.organisations.roles import Role
from incidents.sealing.continuing import Why, continue_log
from incidents.sealing.signing import sign_heads
from tests import conftest
from tests import factories as make
from tests.escalation.notifications.makers import make_method, make_user
from tests.factories import NOW
from tests.incidents.sealing.log import (
    ORIGIN,
    LocalSigner,
    record_entries,
    tampering,
)


def other_leaf(entry_id):
    """A statement that changes one digit of a digest, so that all else still reads."""
    return (
        "UPDATE tocsin_entry SET leaf = overlay(leaf PLACING 'AAAA' FROM 62)"
        f" WHERE id = {entry_id}"
    )


SAME_LEAF_HASH = (
    "UPDATE tocsin_leaf AS l SET leaf_hash = e.leaf_hash"
    " FROM tocsin_entry AS e WHERE e.id = l.entry_id"
)


def test_untouched_log_fits_its_signed_head(log):
    audit = log.audit(has_values=True)
    assert (audit.size, audit.against, audit.findings) == (6, "signed", [])
    assert bytes(audit.root) == bytes(Checkpoint.objects.get(size=6).root)
    assert (Timer.objects.count(), Entry.objects.count()) == (0, 6)


def test_nothing_sealed_is_nothing_to_audit(world_database, tmp_path):
    auditor = Auditor(MemoryFile(tmp_path / "audit.json"))
    assert (audit_log(auditor, NOW), Audit.objects.count()) == (None, 0)


def test_changed_entry_is_named(log):
    log.tamper(other_leaf(log.ids[2]))
    assert log.found() == [
        (log.ids[2], "its bytes are not those that were sealed"),
        (None, "the entries are not those of the signed head of 6"),
    ]


def test_changed_value_is_named(log):
    log.tamper(
        "UPDATE tocsin_disclosure AS d SET body = o.body FROM tocsin_disclosure AS o"
        f" WHERE d.entry_id = {log.ids[1]} AND o.entry_id = {log.ids[3]}"
    )
    assert log.found(has_values=True) == [
        (log.ids[1], "its text is not the value that was recorded")
    ]


def test_entry_changed_together_with_its_leaf_is_named_by_the_tree(log):
    log.tamper(other_leaf(log.ids[4]), SAME_LEAF_HASH)
    assert log.found() == [
        (log.ids[4], "the tree has another hash in its place"),
        (None, "the entries are not those of the signed head of 6"),
    ]


def test_everything_changed_alike_is_found_by_the_signed_heads(log):
    log.grow(2)
    log.tamper(
        other_leaf(log.ids[8]),
        SAME_LEAF_HASH,
        "UPDATE tocsin_tile SET hashes = ("
        "SELECT string_agg(leaf_hash, '' ORDER BY idx) FROM tocsin_leaf)",
    )
    why = "the entries are not those of the signed head of 10"
    assert log.found() == [(None, f"{why}; it leaves the heads between 6 and 10")]


DELETED = (
    "SET CONSTRAINTS ALL IMMEDIATE",
    "DELETE FROM tocsin_disclosure WHERE entry_id = {id}",
    "DELETE FROM tocsin_leaf WHERE entry_id = {id}",
    "DELETE FROM tocsin_entry WHERE id = {id}",
)


def test_deleted_entry_leaves_a_hole(log):
    log.tamper(*(one.format(id=log.ids[1]) for one in DELETED))
    stream = log.streams[1].pk
    assert log.found() == [
        (None, "place 1 of the log is empty"),
        (log.ids[3], f"number 2 of stream {stream} follows number 0"),
    ]


def test_deletion_is_found_however_the_rest_is_renumbered(log):
    log.tamper(
        *(one.format(id=log.ids[1]) for one in DELETED),
        "UPDATE tocsin_leaf SET idx = -idx WHERE idx > 1",
        "UPDATE tocsin_leaf SET idx = -idx - 1 WHERE idx < 0",
    )
    found = log.found()
    assert found[0] == (
        log.ids[3],
        f"number 2 of stream {log.streams[1].pk} follows number 0",
    )
    assert (None, "place 5 of the log is empty") in found
    assert found[-1] == (None, "the entries are not those of the signed head of 6")


def test_swapped_places_are_named(log):
    log.tamper(
        "UPDATE tocsin_leaf SET idx = -1 WHERE idx = 0",
        "UPDATE tocsin_leaf SET idx = 0 WHERE idx = 1",
        "UPDATE tocsin_leaf SET idx = 1 WHERE idx = -1",
    )
    assert log.found() == [
        (log.ids[1], "the tree has another hash in its place"),
        (log.ids[0], "the tree has another hash in its place"),
        (None, "the entries are not those of the signed head of 6"),
    ]


def test_entry_past_the_record_is_named(log):
    (late,) = record_entries(log.streams[0])
    log.tamper(f"DELETE FROM tocsin_pending WHERE entry_id = {late}")
    assert log.found() == [(late, "it is neither sealed nor waiting for it")]


def test_older_copy_of_the_database_is_told_from_what_was_remembered(log):
    log.grow()
    assert log.audit().is_intact
    log.tamper(
        "DELETE FROM tocsin_leaf WHERE idx >= 6",
        "DELETE FROM tocsin_checkpoint WHERE size > 6",
        f"DELETE FROM tocsin_disclosure WHERE entry_id > {log.ids[5]}",
        f"DELETE FROM tocsin_entry WHERE id > {log.ids[5]}",
    )
    why = "the log ends at 6 entries, and once had 8: was an older copy of the database"
    assert log.found() == [(None, f"{why} put back?")]


def test_log_that_another_key_signed_is_found(log):
    forger = LocalSigner(key=signing_key(ORIGIN, KeyType.LOG, bytes(32)))
    log.tamper("UPDATE tocsin_checkpoint SET note = '', signed_at = NULL")
    sign_heads(forger.as_signer(), NOW)
    assert log.found() == [
        (
            None,
            "the head of 6 entries is not the signer's:"
            " no key that is trusted has signed this note",
        )
    ]


def go_on(log):
    """Give the log another name and key, and have that sign a head."""
    log.signer = LocalSigner(
        key=signing_key(f"{ORIGIN}-2", KeyType.LOG, bytes([7]) * 32)
    )
    why = Why("The key was copied", "Ana")
    continue_log(log.signer.as_signer(), why, NOW, may_lack_witnesses=True)


def test_log_that_continues_another_fits_and_remembers_that_one(log):
    assert log.audit().is_intact
    go_on(log)
    assert (log.audit().against, log.found()) == ("sealed", [])
    log.grow()
    assert log.audit().against == "signed"
    assert (log.found(), "test-2" in log.memory.read().note) == ([], True)


def test_log_that_does_not_begin_with_the_one_that_it_continues_is_found(log):
    other = Head(ORIGIN, 6, bytes(32))
    go_on(log)
    log.grow()
    with tampering(log.database, "tocsin_ended_log") as owner:
        note = write_note(sign_checkpoint(other, [LocalSigner().key]))
        owner.execute("UPDATE tocsin_ended_log SET note = %s", [note])
    why = f"the log does not begin with {ORIGIN}, which it continues"
    assert log.found() == [(None, why)]


def test_log_that_says_another_end_than_was_kept_is_found(log):
    go_on(log)
    ended = EndedLog.objects.get()
    stranger = signing_key("other.example", KeyType.LOG, bytes(32))
    parsed = parse_note(ended.note)
    note = write_note(parsed.with_signature(sign_text(parsed.text, stranger)))
    with tampering(log.database, "tocsin_ended_log") as owner:
        owner.execute("UPDATE tocsin_ended_log SET note = %s", [note])
    why = f"it says another end of {ORIGIN}"
    assert log.found() == [(ended.entry_id, why)]


def test_what_a_superuser_does_past_every_trigger_is_found(log):
    parts = urlsplit(conftest.ADMIN_URL)._replace(path=f"/{log.database.name}")
    admin = parts.geturl()
    with psycopg.connect(admin) as superuser:
        superuser.execute(
            "UPDATE pg_trigger SET tgenabled = 'D'"
            " WHERE tgrelid = 'tocsin_entry'::regclass AND NOT tgisinternal"
        )
        superuser.execute(other_leaf(log.ids[5]))
    assert log.found()[0] == (log.ids[5], "its bytes are not those that were sealed")


def test_audit_goes_on_where_it_was_broken_off(log):
    seen = []

    def stop(at, size):
        seen.append((at, size))
        return False

    assert log.audit(after_piece=stop, piece=4) is None
    assert log.memory.read().under_way.seen == 4
    assert log.audit(after_piece=stop, piece=4).findings == []
    assert (seen, log.memory.read().under_way) == ([(4, 6)], None)


def test_audit_begins_anew_when_what_was_kept_does_not_fit(log):
    log.audit(after_piece=lambda *_: False, piece=4)
    kept = log.memory.path.read_text()
    log.memory.path.write_text(kept.replace('"seen": 4', '"seen": 5'))
    assert log.audit().findings == []


def test_pieces_make_whole_tiles():
    assert PIECE % 256 == 0


def test_mismatch_is_recorded_and_told_to_everybody_in_charge(log):
    lab, agency = Organisation.objects.get(), make.agency()
    platform = Organisation.objects.create(slug="us", name="Us", kind="platform")
    make_method(agency, address="desk@agency.example")
    operator = make_user(platform, Role.OPERATOR)
    make_method(platform, user=operator, address="op@tocsin.example")
    make_method(lab, user=make_user(lab, Role.ADMIN), address="admin@lab.example")
    make_method(lab, user=make_user(lab, Role.STAFF), address="staff@lab.example")
    log.tamper(other_leaf(log.ids[0]))
    log.audit()
    entry = Entry.objects.get(kind="log.mismatch")
    assert entry.at == NOW
    fire_due(NOW + timedelta(seconds=1))
    rows = Notification.objects.order_by("address")
    assert list(rows.values_list("address", "purpose", "is_urgent")) == [
        ("admin@lab.example", "record", True),
        ("desk@agency.example", "record", True),
        ("op@tocsin.example", "record", True),
    ]
    text = rows[0].message["text"]
    assert f"- Entry {log.ids[0]}: its bytes are not those that were sealed." in text
