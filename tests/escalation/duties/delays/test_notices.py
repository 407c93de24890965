from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from escalation.models import DelayNotice, Notification
from incidents.errors import BadInput, NotPossible
from incidents.models import Share
from tests.escalation.duties.delays.delay_world import DORA

HOUR = timedelta(hours=1)
BY_HAND = {"agency": None, "authority": "BaFin", "reference": "BF-7"}


def test_notice_reaches_the_agency_and_moves_no_date(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    due, latest = clock.due_operational, clock.due_statutory_latest
    world.now += HOUR
    row = world.notify(clock, latest + HOUR)
    world.run()
    clock.refresh_from_db()
    assert (clock.due_operational, clock.moves) == (due, 0)
    assert (row.notified_at, row.is_late) == (world.now, False)
    assert Share.objects.get().agency == world.agency
    [(kind, data)] = world.entries(clock.incident, world.agency, "delay.")
    assert (kind, data["reasons"]) == ("delay.notified", "the logs are encrypted")
    assert data["citation"] == "RTS (EU) 2025/301, Article 5(3)"
    [letter] = Notification.objects.filter(dedup_key__startswith="delay:notice")
    assert letter.address == "desk@naisa.example"


def test_agency_does_not_learn_what_the_lab_counts_as_its_limit(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    row = world.notify(clock, clock.due_statutory_latest + HOUR)
    [(_, own)] = world.entries(clock.incident, world.lab, "delay.")
    [(_, others)] = world.entries(clock.incident, world.agency, "delay.")
    assert own.keys() - others.keys() == {"limit_at"}
    assert row.limit_at == clock.due_statutory_latest


def test_after_the_limit_a_law_that_wants_it_before_takes_none(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    limit = clock.due_statutory_latest
    world.now = limit
    assert not world.notify(clock, limit + HOUR).is_late
    world.now = limit + timedelta(seconds=1)
    with pytest.raises(NotPossible, match="takes a notice only before"):
        world.notify(clock, limit + 2 * HOUR)
    assert DelayNotice.objects.count() == 1


def test_reasons_with_a_late_report_are_taken_and_marked_late(world):
    clock = world.clock_of("eu-gdpr-33", "notification", "aware")
    limit = clock.due_statutory_latest
    world.now = limit + HOUR
    assert world.notify(clock, world.now + HOUR).is_late


def test_notice_by_hand_is_kept_with_its_reference_and_stays_private(
    world,
):
    clock = world.clock_of(DORA, "initial", "classified_major")
    at = world.now
    world.now += HOUR
    row = world.notify(
        clock, clock.due_statutory_latest + HOUR, notified_at=at, **BY_HAND
    )
    assert (row.authority, row.reference, row.notified_at) == ("BaFin", "BF-7", at)
    assert not Share.objects.exists()
    [(_, data)] = world.entries(clock.incident, world.lab, "delay.")
    assert data["reference"] == "BF-7"


def test_notice_told_before_the_limit_is_recorded_after_it(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    limit = clock.due_statutory_latest
    world.now = limit + HOUR
    row = world.notify(clock, limit + 2 * HOUR, notified_at=limit - HOUR, **BY_HAND)
    assert not row.is_late
    with pytest.raises(NotPossible, match="takes a notice only before"):
        world.notify(clock, limit + 3 * HOUR, notified_at=world.now, **BY_HAND)


@pytest.mark.parametrize(
    ("hours", "more", "field"),
    [
        (0, {}, "expected_at"),
        (1, {"reasons": " "}, "reasons"),
        (1, {"agency": None, "authority": "", "reference": "x"}, "notified_at"),
        (1, {**BY_HAND, "notified_at": -1, "reference": ""}, "reference"),
        (1, {**BY_HAND, "notified_at": -1, "authority": ""}, "authority"),
        (1, {**BY_HAND, "notified_at": 1}, "notified_at"),
    ],
)
def test_what_cannot_be_told_names_its_field(world, hours: int, more, field):
    clock = world.clock_of(DORA, "initial", "classified_major")
    if "notified_at" in more:
        more = {**more, "notified_at": world.now + more["notified_at"] * HOUR}
    with pytest.raises(BadInput) as caught:
        world.notify(clock, clock.due_statutory_latest + hours * HOUR, **more)
    assert caught.value.field == field
    assert not DelayNotice.objects.exists()


def test_same_notice_sent_twice_is_one(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    expected = clock.due_statutory_latest + HOUR
    first = world.notify(clock, expected)
    assert world.notify(clock, expected) == first
    assert world.notify(clock, expected, reasons="still encrypted") != first
    assert DelayNotice.objects.count() == 2


def test_law_that_knows_no_notice_says_so(world):
    clock = world.clock_of("eu-nis2-23", "early_warning", "aware")
    with pytest.raises(NotPossible, match="knows no notice of delay"):
        world.notify(clock, clock.due_statutory_latest + HOUR)
    assert not Share.objects.exists()


def test_report_that_was_filed_or_has_no_date_is_not_delayed(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    with pytest.raises(NotPossible, match="no date yet"):
        world.notify(world.clock("final"), world.now + HOUR)
    world.submit(clock.incident, DORA, "initial")
    with pytest.raises(NotPossible, match="filed already"):
        world.notify(clock, clock.due_statutory_latest + HOUR)


def test_database_wants_the_reference_of_what_was_told_by_hand(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    row = world.notify(clock, clock.due_statutory_latest + HOUR)
    refused = pytest.raises(IntegrityError, match="delay_notice_by_hand_has_reference")
    with refused, transaction.atomic():
        DelayNotice.objects.filter(pk=row.pk).update(agency=None)
