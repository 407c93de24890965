import hashlib
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from escalation.filings.by_hand import PortalReceipt, record_by_hand
from escalation.filings.models import FilingState, RecipientState
from escalation.filings.submitting import submit
from escalation.models import AnchorValue, Filing, FilingRecipient
from incidents.errors import BadInput, NotPossible
from incidents.incident.shares import share
from tests.escalation.filings.filing_world import FilingWorld

PAGE = b"%PDF-1.7 receipt of the portal"


def receipt(at: datetime, **more: str) -> PortalReceipt:
    return PortalReceipt(
        key=more.get("key", "by-hand-1"),
        reference=more.get("reference", "OES-7"),
        submitted_at=at,
        upload=SimpleUploadedFile("receipt.pdf", PAGE),
        filename="receipt.pdf",
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
