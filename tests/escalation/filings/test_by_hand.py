import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from escalation.filings.by_hand import PortalReceipt, record_by_hand
from escalation.filings.composing import compose, named_only
from escalation.filings.drafting import revise, write_version
from escalation.filings.models import FilingState, RecipientState
from escalation.filings.punctuality import is_late
from escalation.filings.reading import newest_version
from escalation.filings.submitting import submit
from escalation.lawbook.registry import regimes_of
from escalation.models import (
    AnchorValue,
    DueDate,
    Filing,
    FilingRecipient,
    StatutoryClock,
)
from incidents.errors import BadInput, NotPossible
from incidents.incident.shares import share
from tests.escalation.filings.filing_world import SB53, FilingWorld

PAGE = b"%PDF-1.7 receipt of the portal"


def receipt(at: datetime, **more: Any) -> PortalReceipt:
    return PortalReceipt(
        key=more.get("key", "by-hand-1"),
        reference=more.get("reference", "OES-7"),
        submitted_at=at,
        upload=SimpleUploadedFile("receipt.pdf", PAGE),
        filename="receipt.pdf",
        version=more.get("version"),
    )


def file_it(world: FilingWorld, filing: Filing, at: datetime | None = None, **more):
    return record_by_hand(
        filing, receipt(at or world.now, **more), **world.who(world.author)
    )


def test_portals_reference_and_receipt_make_it_submitted(world: FilingWorld):
    filing = world.approved(world.by_hand())
    world.now += timedelta(minutes=10)
    at = world.now - timedelta(minutes=3)
    recipient = file_it(world, filing, at)
    assert (recipient.state, recipient.submitted_at) == ("submitted", at)
    assert recipient.receipt.sha256 == hashlib.sha256(PAGE).hexdigest()
    [noted] = AnchorValue.objects.filter(name="submitted:report")
    assert (noted.organisation, noted.at) == (world.lab, at)
    filing.refresh_from_db()
    assert filing.state == FilingState.SUBMITTED


def test_filing_by_hand_is_not_submitted_by_a_button(world: FilingWorld):
    filing = world.approved(world.by_hand())
    with pytest.raises(NotPossible, match="by hand"):
        submit(filing, **world.who(world.author))
    assert not AnchorValue.objects.exists()


def test_database_wants_the_receipt(world: FilingWorld):
    filing = world.approved(world.by_hand())
    rows = FilingRecipient.objects.filter(filing=filing)
    refused = pytest.raises(IntegrityError, match="filing_by_hand_has_receipt")
    with refused, transaction.atomic():
        rows.update(
            state=RecipientState.SUBMITTED,
            submitted_at=world.now,
            version=filing.versions.last(),
            portal_reference="OES-7",
        )


@pytest.mark.parametrize(
    ("minutes", "remedy"), [(1, "later than now"), (-1, "approved only at")]
)
def test_instant_is_neither_to_come_nor_before_the_approval(
    world: FilingWorld, minutes: int, remedy: str
):
    filing = world.approved(world.by_hand())
    with pytest.raises(BadInput, match=remedy):
        file_it(world, filing, world.now + timedelta(minutes=minutes))
    assert not AnchorValue.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"), [({"reference": " "}, "reference"), ({"key": "x"}, "recipient")]
)
def test_what_the_portal_gave_is_needed(world: FilingWorld, more: dict, field: str):
    filing = world.approved(world.by_hand())
    with pytest.raises(BadInput) as refused:
        file_it(world, filing, **more)
    assert refused.value.field == field


def test_draft_is_not_filed_by_hand(world: FilingWorld):
    with pytest.raises(NotPossible, match="draft"):
        file_it(world, world.draft(world.by_hand()))


def test_one_filing_goes_both_ways(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    submit(filing, **world.who(world.author))
    filing.refresh_from_db()
    assert filing.state == FilingState.APPROVED
    file_it(world, filing, key="by-hand-2")
    filing.refresh_from_db()
    assert filing.state == FilingState.SUBMITTED


def test_filing_by_hand_is_no_agencys_business(world: FilingWorld):
    share(world.incident, agency=world.agency, reason="x", **world.who(world.author))
    file_it(world, world.approved(world.by_hand()))
    assert world.told(world.officer) == []


def revised(world: FilingWorld, filing: Filing, text: str = "Corrected.") -> None:
    """Write another version an hour later."""
    world.now += timedelta(hours=1)
    revise(filing, **world.actor(world.author))
    newest = newest_version(filing)
    rows = [{**row, "answer": text} for row in newest.sections]
    write_version(filing, rows, based_on=newest.number, **world.who(world.author))


@pytest.mark.parametrize("is_approved", [True, False])
def test_what_was_filed_before_a_revision_is_recorded_as_it_was(
    world: FilingWorld, is_approved: bool
):
    filing = world.approved(world.by_hand())
    at = world.now + timedelta(minutes=5)
    revised(world, filing)
    if is_approved:
        world.approve(filing)
    recipient = file_it(world, filing, at)
    assert (recipient.version.number, recipient.submitted_at) == (2, at)
    [(_, told)] = [t for t in world.told(world.author) if t[0] == "filing.submitted"]
    assert (told["version"], told["sha256"]) == (2, recipient.version.sha256)
    filing.refresh_from_db()
    assert filing.state == ("approved" if is_approved else "draft")


def test_newest_version_approved_by_then_is_taken(world: FilingWorld):
    filing = world.approved(world.by_hand())
    revised(world, filing)
    world.approve(filing)
    assert file_it(world, filing).version.number == 3


def test_person_names_the_version_that_was_filed(world: FilingWorld):
    filing = world.approved(world.by_hand())
    revised(world, filing)
    world.approve(filing)
    assert file_it(world, filing, version=2).version.number == 2


@pytest.mark.parametrize(
    ("version", "minutes", "field"),
    [(1, 0, "version"), (9, 0, "version"), (3, -1, "submitted_at")],
)
def test_version_that_cannot_have_been_filed_is_refused(
    world: FilingWorld, version: int, minutes: int, field: str
):
    filing = world.approved(world.by_hand())
    revised(world, filing)
    world.approve(filing)
    at = world.now + timedelta(minutes=minutes)
    with pytest.raises(BadInput) as refused:
        file_it(world, filing, at, version=version)
    assert refused.value.field == field
    assert filing.recipients.get().state == RecipientState.PREPARED


def clock_of(world: FilingWorld, *dates: tuple[timedelta, datetime]) -> None:
    """Give the lab's duty a clock with this history of (set after, due at)."""
    clock = StatutoryClock.objects.create(
        incident=world.incident,
        organisation=world.lab,
        regime_id=SB53,
        regime_digest=regimes_of(None)[SB53].digest,
        stage="report",
        state="running",
        due_operational=dates[-1][1],
        started_at=world.now,
    )
    for after, due_at in dates:
        DueDate.objects.create(
            clock=clock,
            organisation=world.lab,
            due_operational=due_at,
            rule=f"set {after}",
            regime_digest=clock.regime_digest,
            reason="test",
            set_at=world.now + after,
        )


@pytest.mark.parametrize(
    ("filed_after", "is_late_by_then"), [(5, False), (29, False), (31, True)]
)
def test_lateness_goes_by_the_date_that_stood_when_it_was_filed(
    world: FilingWorld, filed_after: int, is_late_by_then: bool
):
    first = world.now + timedelta(minutes=60)
    moved = world.now + timedelta(minutes=1)
    clock_of(world, (timedelta(), first), (timedelta(minutes=30), moved))
    filing = world.approved(world.by_hand())
    at = world.now + timedelta(minutes=filed_after)
    world.now += timedelta(hours=2)
    recipient = file_it(world, filing, at)
    assert recipient.due_operational == (moved if is_late_by_then else first)
    assert is_late(recipient) is is_late_by_then


def test_date_set_in_the_minute_of_the_approval_stood_when_it_was_filed(
    world: FilingWorld,
):
    due_at = world.now + timedelta(hours=1)
    clock_of(world, (timedelta(seconds=20), due_at))
    minute = world.now
    world.now += timedelta(seconds=30)
    recipient = file_it(world, world.approved(world.by_hand()), minute)
    assert recipient.due_operational == due_at
    document = compose(
        recipient, recipient.version, incident=named_only(world.incident)
    )
    assert document.due.rule == "set 0:00:20"


@pytest.mark.parametrize(("minutes", "has_date"), [(5, True), (40, False)])
def test_what_was_no_longer_due_had_no_date(
    world: FilingWorld, minutes: int, has_date: bool
):
    due_at = world.now + timedelta(minutes=1)
    clock_of(world, (timedelta(), due_at))
    ended_at = world.now + timedelta(minutes=30)
    StatutoryClock.objects.update(state="cancelled", ended_at=ended_at)
    filing = world.approved(world.by_hand())
    at = world.now + timedelta(minutes=minutes)
    world.now += timedelta(hours=2)
    recipient = file_it(world, filing, at)
    assert recipient.due_operational == (due_at if has_date else None)
