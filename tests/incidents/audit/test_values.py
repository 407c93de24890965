"""Values that went without a word, and values that an entry says are gone."""

import uuid

import pytest
from django.db import transaction

from incidents.custody.erasing import erase
from incidents.custody.places import erasable, find_places
from incidents.events.actor import Actor
from incidents.models import Disclosure, Entry
from tests import factories as make
from tests.factories import NOW

KEPT = "CREATE TABLE kept AS SELECT * FROM tocsin_disclosure"
PUT_BACK = (
    "INSERT INTO tocsin_disclosure (id, entry_id, name, key_id, body)"
    " OVERRIDING SYSTEM VALUE SELECT id, entry_id, name, key_id, body FROM kept"
    " ON CONFLICT DO NOTHING"
)


@pytest.fixture
def opened(log):
    """An entry whose title was lawfully erased."""
    log.tamper(KEPT)
    incident = make.incident(make.lab("aurora"), now=NOW, title="Zoe Quill called")
    log.tamper("INSERT INTO kept SELECT * FROM tocsin_disclosure")
    entry = Entry.objects.get(kind="incident.opened")
    rows = erasable(incident, incident.organisation)
    assert rows.filter(entry=entry, name="title").exists()
    with transaction.atomic():
        erase(
            find_places(entry.stream_id, {(entry.seq, "title")}),
            basis="GDPR 17",
            erasure=uuid.uuid4(),
            actor=Actor.system(incident.organisation),
            now=NOW,
        )
    log.grow()
    return entry


def test_lawful_erasure_is_no_finding(log, opened):
    assert not Disclosure.objects.filter(entry=opened, name="title").exists()
    assert log.found(has_values=True) == []


def test_value_that_went_without_a_word_is_named(log):
    log.tamper(f"DELETE FROM tocsin_disclosure WHERE entry_id = {log.ids[2]}")
    why = "its text is missing, and no entry says that it was erased"
    assert log.found(has_values=True) == [
        (log.ids[2], f"{why}: put it back from a backup")
    ]


def test_key_that_was_changed_is_told_by_its_values(log):
    log.tamper(
        "UPDATE tocsin_data_key SET wrapped = '\\x00'"
        f" WHERE owner = '{log.streams[1].pk}'"
    )
    assert log.found(has_values=True) == [
        (one, "its text is not the value that was recorded") for one in log.ids[1::2]
    ]


def test_value_that_came_back_after_its_erasure_is_named(log, opened):
    log.tamper(PUT_BACK)
    why = "its title was erased and can be read again: was a backup put back?"
    assert log.found(has_values=True) == [
        (opened.pk, f"{why} run manage.py replay_erasures")
    ]


def test_erasure_that_was_forgotten_is_named(log, opened):
    log.tamper(PUT_BACK, "DELETE FROM tocsin_erased")
    why = "an entry says that its title was erased, and it was not"
    assert log.found(has_values=True) == [
        (opened.pk, f"{why}: run manage.py replay_erasures")
    ]


@pytest.mark.parametrize("kind", ["disclosure.erased", "incident.opened"])
def test_erasure_that_no_entry_names_is_found(log, opened, kind):
    log.tamper(
        f"DELETE FROM tocsin_disclosure WHERE entry_id = {log.ids[0]}",
        "INSERT INTO tocsin_erased (entry_id, name, decision_id)"
        f" SELECT {log.ids[0]}, 'text', id FROM tocsin_entry WHERE kind = '{kind}'",
    )
    why = "its text counts as erased, and no entry names it"
    [(entry_id, said)] = log.found(has_values=True)
    assert (entry_id, said.partition(":")[0]) == (log.ids[0], why)


def test_opening_of_values_goes_on_where_it_was_broken_off(log):
    log.tamper(f"DELETE FROM tocsin_disclosure WHERE entry_id = {log.ids[5]}")
    opened = []

    def stop(at, last):
        opened.append((at, last))
        return len(opened) > 1

    more = {"has_values": True, "after_piece": stop, "piece": 4}
    assert log.audit(**more) is None
    assert (log.memory.read().under_way.seen, opened) == (4, [(4, 6)])
    assert [one for one, _ in log.found(**more)] == [log.ids[5]]
