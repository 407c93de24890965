"""A hold is its row; what was done to the row is told by the entries."""

import pytest

from incidents.custody.holds import release_hold
from incidents.events.actor import Actor
from incidents.models import Entry, Hold
from tests import factories as make
from tests.factories import NOW


@pytest.fixture
def hold(log):
    """A hold on a person, beside a released one on an incident."""
    lab = make.lab("aurora")
    admin, other = make.person(lab, role="admin"), make.person(lab, role="staff")
    ended = make.hold(lab, make.incident(lab, now=NOW), admin)
    release_hold(ended, reason="over", user=admin, actor=Actor.of(admin, lab), now=NOW)
    found = make.hold(lab, admin, other, "Case 7")
    log.grow()
    return found


def entry_of(kind):
    return Entry.objects.filter(kind=kind).latest("pk").pk


def test_holds_as_they_were_placed_and_released_fit(log, hold):
    assert log.found(has_values=True) == []


@pytest.mark.parametrize(
    ("statement", "kind", "why"),
    [
        (
            "DELETE FROM tocsin_hold WHERE id = {id}",
            "hold.placed",
            "it places a hold, and no row keeps it, so nothing is held",
        ),
        (
            "UPDATE tocsin_hold SET matter = 'Case 8' WHERE id = {id}",
            "hold.placed",
            "the row of hold {uid} is not what it says",
        ),
        (
            "UPDATE tocsin_hold SET person_id = placed_by_id WHERE id = {id}",
            "hold.placed",
            "the row of hold {uid} is not what it says",
        ),
        (
            "UPDATE tocsin_hold SET released_at = now() WHERE id = {id}",
            None,
            "no entry releases hold {uid}, and its row is released",
        ),
        (
            "UPDATE tocsin_hold SET released_at = NULL, release_entry_id = NULL",
            "hold.released",
            "it releases a hold, and no row is released by it",
        ),
    ],
)
def test_row_that_is_not_what_the_entries_say_is_found(log, hold, statement, kind, why):
    log.tamper(statement.format(id=hold.pk))
    named = None if kind is None else entry_of(kind)
    found = [(one, said.partition(":")[0]) for one, said in log.found(has_values=True)]
    assert found == [(named, why.format(uid=hold.uid))]


def test_hold_that_nobody_placed_is_found(log, hold):
    log.tamper(
        "INSERT INTO tocsin_hold (uid, organisation_id, person_id, matter, reason,"
        " placed_by_id, placed_at, entry_id, released_reason)"
        " SELECT gen_random_uuid(), organisation_id, person_id, matter, reason,"
        f" placed_by_id, placed_at, {log.ids[0]}, '' FROM tocsin_hold"
        f" WHERE id = {hold.pk}"
    )
    uid = Hold.objects.latest("pk").uid
    why = f"no entry places hold {uid}: find out who made its row"
    assert log.found(has_values=True) == [(None, why)]
