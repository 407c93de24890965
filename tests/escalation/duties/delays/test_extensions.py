import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from escalation.duties.delays.extensions import (
    confirm_extension,
    withdraw_extension,
)
from escalation.models import Extension
from incidents.errors import BadInput, NotPossible
from incidents.models import Attachment
from tests.escalation.duties.delays.delay_world import WORD
from tests.escalation.duties.duty_world import utc

DAY = timedelta(days=1)
FIRST = "extension 1 of 3: 30 days, granted by the Attorney General under Item 1.05(c)"


def dates(clock):
    clock.refresh_from_db()
    return clock.due_operational, clock.due_statutory_latest


def test_extension_moves_both_dates_once_a_second_person_has_confirmed(
    world,
):
    clock = world.disclosure()
    before = dates(clock)
    recorded = world.record(clock)
    world.look(clock.incident)
    assert dates(clock) == before

    world.confirm(recorded)

    assert dates(clock) == (before[0] + 30 * DAY, before[1] + 30 * DAY)
    assert clock.due_operational - before[0] == 30 * DAY
    assert FIRST in clock.flags
    assert list(clock.due_dates.values_list("reason", flat=True)) == [
        "counted from material",
        FIRST,
    ]


def test_extension_is_on_the_labs_record_with_the_hash_of_its_document(
    world,
):
    clock = world.disclosure()
    row = world.confirm(world.record(clock))
    digest = hashlib.sha256(WORD).hexdigest()
    found = world.entries(clock.incident, world.lab, "extension.", "clock.moved")
    assert [kind for kind, _ in found] == [
        "extension.recorded",
        "extension.confirmed",
        "clock.moved",
    ]
    assert found[0][1] == {
        "extension": row.pk,
        "what": "SEC Form 8-K, Item 1.05: Form 8-K",
        "regime": "us-sec-8k-105",
        "stage": "filing",
        "citation": "Item 1.05(c)",
        "number": 1,
        "days": 30,
        "granted_by": "the Attorney General",
        "determined_on": "2026-11-22",
        "reason": "a risk to national security",
        "document_sha256": digest,
    }
    assert found[2][1]["reason"] == FIRST
    assert (row.document.sha256, row.document.is_shared) == (digest, False)


def test_agency_that_sees_the_incident_reads_nothing_of_it(world):
    clock = world.disclosure()
    world.share(clock.incident)
    world.confirm(world.record(clock))
    assert world.entries(clock.incident, world.lab, "extension.") != []
    assert world.entries(clock.incident, world.agency, "extension.") == []


def test_extensions_follow_one_another_up_to_what_the_law_allows_each(
    world,
):
    clock = world.disclosure()
    first, _ = dates(clock)
    for days in (30, 30, 60):
        with pytest.raises(BadInput) as caught:
            world.record(clock, days + 1)
        assert caught.value.field == "days"
        world.confirm(world.record(clock, days))
    # 120 days on, at half past five in New York, where it is summer time by then.
    assert (first, dates(clock)[0]) == (
        utc("2026-11-27T22:30"),
        utc("2027-03-27T21:30"),
    )
    assert clock.moves == 3
    assert clock.flags[-1].startswith("extension 3 of 3: 60 days")
    beyond = world.confirm(world.record(clock, 90))
    assert (beyond.granted_by, beyond.most_days) == ("the Commission, by order", 0)
    with pytest.raises(NotPossible, match="knows no more than 4 extensions"):
        world.record(clock, 1)


def test_next_extension_waits_until_the_one_before_is_settled(world):
    clock = world.disclosure()
    world.record(clock)
    with pytest.raises(NotPossible, match="Extension 1 is not settled yet"):
        world.record(clock)


def test_nobody_confirms_what_they_recorded_themselves(world):
    row = world.record(world.disclosure())
    with pytest.raises(NotPossible, match="Another person must confirm"):
        confirm_extension(row, by=world.accountable, now=world.now)
    refused = pytest.raises(IntegrityError, match="extension_by_two_people")
    with refused, transaction.atomic():
        Extension.objects.filter(pk=row.pk).update(confirmed_by=world.accountable)


def test_what_was_entered_in_error_moves_back_and_both_acts_stay(world):
    clock = world.disclosure()
    before = dates(clock)
    row = world.confirm(world.record(clock))

    withdraw_extension(
        row, reason="of another case", by=world.deputy, side=world.lab, now=world.now
    )
    world.run()

    assert dates(clock) == before
    reasons = list(clock.due_dates.values_list("reason", flat=True))
    assert reasons[1:] == [FIRST, f"withdrawn: {FIRST}"]
    kinds = [k for k, _ in world.entries(clock.incident, world.lab, "extension.")]
    assert kinds == [
        "extension.recorded",
        "extension.confirmed",
        "extension.withdrawn",
    ]
    assert world.record(clock).number == 1


def test_extension_on_which_another_stands_is_not_withdrawn(world):
    clock = world.disclosure()
    first = world.confirm(world.record(clock))
    world.confirm(world.record(clock))
    with pytest.raises(NotPossible, match="Extension 2 stands on it"):
        withdraw_extension(
            first, reason="x", by=world.deputy, side=world.lab, now=world.now
        )


def test_warnings_come_again_before_the_later_date(world):
    clock = world.disclosure()
    due, _ = dates(clock)
    world.now = due - timedelta(minutes=30)
    world.run()
    clock.refresh_from_db()
    assert clock.warned[-1] == "1h"

    world.confirm(world.record(clock))
    world.now = due + 30 * DAY - timedelta(minutes=30)
    world.run()

    clock.refresh_from_db()
    assert clock.warned == ["50%", "75%", "90%", "24h", "1h"]
    warned = world.entries(clock.incident, world.lab, "clock.warned")
    assert [data["warning"] for _, data in warned].count(["1h"]) == 2
    assert world.entries(clock.incident, world.lab, "clock.breached") == []


def test_report_that_was_filed_keeps_its_date(world):
    clock = world.disclosure()
    before = dates(clock)
    row = world.record(clock)
    world.submit(clock.incident, clock.regime_id, clock.stage)
    with pytest.raises(NotPossible, match="filed already"):
        world.confirm(row)
    assert dates(clock) == before


def test_extension_in_force_stays_with_the_report_that_it_was_for(world):
    clock = world.disclosure()
    world.confirm(world.record(clock))
    extended = dates(clock)
    world.forward(days=20)
    world.submit(clock.incident, clock.regime_id, clock.stage)
    clock.refresh_from_db()
    assert (clock.state, dates(clock)) == ("met", extended)
    assert world.entries(clock.incident, world.lab, "clock.breached") == []


def test_law_that_knows_no_extension_says_so(world):
    clock = world.clock_of("eu-nis2-23", "early_warning", "aware")
    with pytest.raises(NotPossible, match="knows no extension for this report"):
        world.record(clock)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"days": 0}, "days"),
        ({"days": 31}, "days"),
        ({"reason": " "}, "reason"),
        ({"determined_on": 1}, "determined_on"),
        ({"upload": SimpleUploadedFile("word.pdf", b"")}, "file"),
    ],
)
def test_what_cannot_be_recorded_names_its_field(world, more, field):
    if "determined_on" in more:
        more = {"determined_on": world.now.date() + DAY}
    clock = world.disclosure()
    with pytest.raises(BadInput) as caught:
        world.record(clock, **more)
    assert caught.value.field == field
    assert not Extension.objects.exists()


def test_database_wants_the_document_of_what_is_confirmed(world):
    row = world.record(world.disclosure())
    refused = pytest.raises(IntegrityError, match="extension_confirmed_with_document")
    with refused, transaction.atomic():
        Extension.objects.filter(pk=row.pk).update(
            state="confirmed", document=None, confirmed_at=world.now
        )
