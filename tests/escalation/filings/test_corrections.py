"""A version that no authority is to get any more, and what is offered for it."""

from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from escalation.filings.by_hand import PortalReceipt, record_by_hand
from escalation.filings.drafting import revise, write_version
from escalation.filings.passing_on import Transfer, transfer
from escalation.filings.reading import newest_version
from escalation.filings.receiving import return_filing
from escalation.models import Filing, FilingRecipient
from incidents.errors import NotPossible
from tests.escalation.filings.filing_world import FilingWorld, make_filing_world


@pytest.fixture
def world(db: None) -> FilingWorld:
    return make_filing_world()


def visit(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(world: FilingWorld, filing: Filing) -> str:
    page = visit(world.author).get(filing.get_absolute_url())
    return unescape(page.content.decode())


def corrected(world: FilingWorld, filing: Filing, text: str = "Corrected.") -> None:
    world.now += timedelta(hours=1)
    revise(filing, **world.actor(world.author))
    newest = newest_version(filing)
    rows = [{**row, "answer": text} for row in newest.sections]
    write_version(filing, rows, based_on=newest.number, **world.who(world.author))
    world.approve(filing)


@pytest.fixture
def orphan(world: FilingWorld) -> Filing:
    """An approved correction whose agency has given the filing on meanwhile."""
    filing = world.submitted()
    return_filing(world.got(filing), text="Complete it.", **world.who(world.officer))
    corrected(world, filing)
    wanted = Transfer(None, "Cal OES", "Article 23(8)", "Theirs.")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    filing.refresh_from_db()
    return filing


def by_hand(world: FilingWorld, filing: Filing, at) -> FilingRecipient:
    receipt = PortalReceipt(
        "by-hand-1", "OES-7", at, SimpleUploadedFile("r.pdf", b"%PDF-1.7"), "r.pdf"
    )
    return record_by_hand(filing, receipt, **world.who(world.author))


def test_correction_is_offered_by_an_amended_filing(world: FilingWorld, orphan: Filing):
    page = page_of(world, orphan)
    assert page.count("Nobody waits for version 3.") == 1
    assert "Each authority keeps the version that it was sent." in page
    assert f"amends={orphan.ref}" in page
    # To whom it is with now, not to who gave it on.
    assert "agency=by-hand&name=Cal+OES" in page
    for name in ("revise", "submit", "withdraw"):
        assert f'id="action-{name}"' not in page


def test_amended_filing_begins_with_the_correction(world: FilingWorld, orphan: Filing):
    path = f"/incidents/{world.incident.ref}/filings/new/?name=Cal+OES"
    form = visit(world.author).get(path).context["forms"][0]
    assert form["name"].value() == "Cal OES"
    second = world.draft(world.by_hand("eu-nis2-23", "early_warning"), amends=orphan)
    answers = {row["answer"] for row in newest_version(second).sections}
    assert answers == {"Corrected."}


def test_version_for_nobody_is_not_revised(world: FilingWorld, orphan: Filing):
    with pytest.raises(NotPossible, match="Correct it by an amended filing"):
        revise(orphan, **world.actor(world.author))


def test_version_for_nobody_is_off_the_list_of_what_is_under_way(
    world: FilingWorld, orphan: Filing
):
    client = visit(world.author)
    assert orphan.ref not in client.get("/filings/").content.decode()
    assert orphan.ref in client.get("/filings/?show=all").content.decode()


def test_correction_of_what_was_filed_by_hand_is_an_amended_filing(world: FilingWorld):
    filing = world.approved(world.by_hand())
    at = world.now
    corrected(world, filing)
    by_hand(world, filing, at)
    page = page_of(world, filing)
    assert "Nobody waits for version 3." in page
    assert "agency=by-hand&name=Cal+OES" in page
    assert filing.ref not in visit(world.author).get("/filings/").content.decode()


def test_filing_that_waits_says_nothing_of_it(world: FilingWorld):
    filing = world.approved(world.by_hand())
    page = page_of(world, filing)
    assert "Nobody waits" not in page
    assert "amends=" not in page


def test_page_asks_which_version_was_filed_if_there_are_several(world: FilingWorld):
    filing = world.approved(world.by_hand())
    assert "Which version was filed" not in page_of(world, filing)
    at = world.now
    corrected(world, filing)
    assert f"Version 2, approved {at:%Y-%m-%d %H:%M} UTC" in page_of(world, filing)
    sent = {
        "recipient": "by-hand-1",
        "reference": "OES-7",
        "submitted_at": f"{world.now:%Y-%m-%dT%H:%M}",
        "zone": "UTC",
        "version": "2",
        "file": SimpleUploadedFile("receipt.pdf", b"%PDF-1.7"),
    }
    path = f"/filings/{filing.ref}/by-hand/"
    assert visit(world.author).post(path, sent).status_code == 302
    version = filing.recipients.get().version
    assert version
    assert version.number == 2


def test_packet_is_of_the_version_that_is_filed(world: FilingWorld):
    filing = world.draft(world.by_hand())
    assert "once a version is approved" in page_of(world, filing)
    world.answer_all(filing)
    world.approve(filing)
    revise(filing, **world.actor(world.author))
    rows = newest_version(filing).sections
    write_version(filing, rows, based_on=2, **world.who(world.author))
    page = page_of(world, filing)
    path = f"/filings/{filing.ref}/files/by-hand-1/packet/?version=2"
    assert f'href="{path}"' in page
    answer = visit(world.author).get(path)
    assert f"{filing.ref}-v2-by-hand-1.zip" in answer["Content-Disposition"]
    for odd in ("x", "0", "99999", "٣"):
        missing = visit(world.author).get(path.replace("=2", f"={odd}"))
        assert missing.status_code == 404


def test_correction_that_its_agency_waits_for_is_to_be_submitted(world: FilingWorld):
    filing = world.submitted()
    return_filing(world.got(filing), text="Complete it.", **world.who(world.officer))
    corrected(world, filing)
    page = page_of(world, filing)
    assert "Version 3 is approved. Nobody has it yet." in page
    assert "Yours: submit it." in page


def test_files_of_what_was_sent_stand_beside_those_of_the_newest(
    world: FilingWorld, orphan: Filing
):
    page = page_of(world, orphan)
    path = f"/filings/{orphan.ref}/files/naisa/pdf/"
    for address in (path, f"{path}?version=2"):
        assert page.count(f'href="{address}"') == 1
