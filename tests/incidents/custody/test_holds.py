"""What a hold covers, PostgreSQL refuses to delete, whoever asks (ledger: rows 18, 19)."""

import pytest
from django.db import ProgrammingError, connection, transaction

from incidents.custody.holds import place_hold, release_hold
from incidents.custody.places import places_of_person
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.models import Entry, Hold
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def ann(lab):
    return make.person(lab, "ann@aurora.example", role="approver")


@pytest.fixture
def incident(lab, ann):
    return make.incident(lab, reported_by=ann)


def hold(lab, user, on):
    actor = Actor.of(user, lab)
    return place_hold(
        lab, on=on, matter="Case 7", reason="Lawsuit", user=user, actor=actor, now=NOW
    )


def release(row, user):
    actor = Actor.of(user, row.organisation)
    return release_hold(row, reason="Settled", user=user, actor=actor, now=NOW)


def refused(match):
    return pytest.raises(ProgrammingError, match=match)


def execute(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_placing_and_releasing_are_entries_of_the_incident(lab, ann, incident):
    release(hold(lab, ann, incident), ann)
    told = [item.summary for item in timeline(incident, [lab.pk])][-2:]
    assert told == [
        "Legal hold placed for Case 7: Lawsuit",
        "Legal hold for Case 7 released: Settled",
    ]


def test_a_hold_is_released_once(lab, ann, incident):
    row = release(hold(lab, ann, incident), ann)
    with pytest.raises(NotPossible, match="released already"):
        release(row, ann)


def test_a_hold_needs_words(lab, ann, incident):
    actor = Actor.of(ann, lab)
    with pytest.raises(BadInput, match="matter"):
        place_hold(
            lab, on=incident, matter=" ", reason="x", user=ann, actor=actor, now=NOW
        )


def test_the_runtime_role_cannot_delete_a_disclosure(incident):
    with refused("permission denied"):
        execute("DELETE FROM tocsin_disclosure")


def test_the_runtime_role_cannot_say_that_something_is_erased(incident):
    entry = Entry.objects.filter(kind="incident.opened").get()
    with refused("permission denied"):
        execute(
            "INSERT INTO tocsin_erased (entry_id, name, decision_id) VALUES (%s, 'title', %s)",
            entry.pk,
            entry.pk,
        )


def test_a_key_is_never_exchanged(incident):
    with refused("permission denied"):
        execute("UPDATE tocsin_data_key SET wrapped = ''")


def test_a_held_persons_key_is_not_destroyed(lab, ann, incident):
    row = hold(lab, ann, ann)
    with refused("a legal hold covers it"):
        execute("DELETE FROM tocsin_data_key WHERE owner = %s", ann.uid)
    release(row, ann)
    assert len(places_of_person(ann)) > 0


def test_a_hold_cannot_be_deleted_or_changed(lab, ann, incident):
    row = hold(lab, ann, incident)
    with refused("permission denied"):
        execute("UPDATE tocsin_hold SET matter = 'x'")
    with refused("permission denied"):
        execute("DELETE FROM tocsin_hold")
    with refused("released once, by an entry"):
        execute("UPDATE tocsin_hold SET released_at = now()")
    assert Hold.objects.active().get() == row


def test_a_hold_without_its_entry_is_refused(lab, ann, incident):
    with refused("no entry says"), transaction.atomic():
        Hold.objects.create(
            organisation=lab,
            incident=incident,
            matter="x",
            reason="x",
            placed_by=ann,
            placed_at=NOW,
            entry=Entry.objects.get(kind="incident.opened"),
        )
