"""What is said about a filing once its incident is not shared with the agency any more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from escalation.filings.inquiries import answer_request, request_information
from escalation.filings.passing_on import Transfer, transfer
from escalation.filings.receiving import accept, receive, return_filing
from escalation.filings.request_changes import move_request, withdraw_request
from escalation.models import Filing, FilingRecipient
from incidents.events.feed import timeline
from incidents.incident.shares import share, unshare
from incidents.models import AudienceStream, Entry, Incident, Purpose
from tests import factories as make
from tests.escalation.filings.filing_world import FilingWorld

Act = Callable[..., Any]


def ask(part: FilingRecipient, **who: Any) -> Any:
    return request_information(part, text="Since when?", due_at=None, **who)


def give_back(part: FilingRecipient, **who: Any) -> Any:
    return return_filing(part, text="Complete it.", **who)


def give_on(part: FilingRecipient, **who: Any) -> Any:
    wanted = Transfer(None, "Cal OES", "Article 23(8)", "Theirs.", "secret-risk")
    return transfer(part, wanted, **who)


@pytest.fixture
def filing(world: FilingWorld) -> Filing:
    """A filing of an incident that the agency does not see any more."""
    made = world.submitted()
    end_share(world)
    return made


def end_share(world: FilingWorld) -> None:
    who = world.who(world.author)
    unshare(world.incident, agency=world.agency, reason="over", **who)


def kinds_in(purpose: Purpose, **of: Any) -> list[str]:
    streams = AudienceStream.objects.filter(purpose=purpose, **of)
    rows = Entry.objects.filter(stream__in=streams.values("stream_id"))
    return [entry.kind for entry in rows.order_by("pk")]


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (receive, "filing.received"),
        (give_back, "filing.returned"),
        (accept, "filing.accepted"),
        (ask, "filing.info_requested"),
        (give_on, "filing.transferred"),
    ],
)
def test_agencys_word_stands_on_the_labs_own_record(
    world: FilingWorld, filing: Filing, act: Act, kind: str
):
    pair = kinds_in(Purpose.PAIR)
    act(world.got(filing), **world.who(world.officer))
    for side in (world.lab, world.agency):
        assert kinds_in(Purpose.PRIVATE, organisation=side).count(kind) == 1
    assert (kinds_in(Purpose.PAIR), pair[-1]) == (pair, "incident.unshared")


def test_lab_reads_the_shared_fields_and_no_name(world: FilingWorld, filing: Filing):
    world.officer.name = "Ida Officer"
    give_on(world.got(filing), **world.who(world.officer))
    item = timeline(world.incident, [world.lab.pk])[-1]
    assert (item.data["to"], "risks" in item.data) == ("Cal OES", False)
    assert item.actor == {"kind": "user", "organisation": "Safety Agency"}
    assert "Ida" not in repr(item)


def test_labs_answer_stands_on_the_agencys_own_record(
    world: FilingWorld, filing: Filing
):
    asked = ask(world.got(filing), **world.who(world.officer))
    world.author.name = "Ada Author"
    answer_request(asked, text="Monday.", **world.who(world.author))
    of_agency = {"organisation": world.agency}
    assert kinds_in(Purpose.PRIVATE, **of_agency)[-1] == "filing.info_answered"
    item = timeline(world.incident, [world.agency.pk])[-1]
    assert (item.data["text"], "Ada" in repr(item)) == ("Monday.", False)


@pytest.mark.parametrize("name", ["moved", "withdrawn"])
def test_what_becomes_of_a_request_stands_on_both_records(
    world: FilingWorld, filing: Filing, name: str
):
    asked = ask(world.got(filing), **world.who(world.officer))
    who = world.who(world.officer)
    if name == "moved":
        day = world.now + timedelta(days=1)
        move_request(asked, due_at=day, text="The council meets.", **who)
    else:
        withdraw_request(asked, text="Solved.", **who)
    for side in (world.lab, world.agency):
        kinds = kinds_in(Purpose.PRIVATE, organisation=side)
        assert kinds.count(f"filing.request_{name}") == 1


def test_another_agency_hears_nothing_of_it(world: FilingWorld, filing: Filing):
    bureau = make.agency("bureau")
    share(world.incident, agency=bureau, reason="x", **world.who(world.author))
    accept(world.got(filing), **world.who(world.officer))
    told = [item.kind for item in timeline(world.incident, [bureau.pk])]
    assert told == ["incident.shared"]


def test_agency_still_sees_nothing_of_the_incident(world: FilingWorld, filing: Filing):
    accept(world.got(filing), **world.who(world.officer))
    assert not Incident.objects.visible_to(world.officer).exists()


def test_shared_again_the_pair_has_it_once(world: FilingWorld, filing: Filing):
    who = world.who(world.author)
    share(world.incident, agency=world.agency, reason="again", **who)
    receive(world.got(filing), **world.who(world.officer))
    assert kinds_in(Purpose.PAIR)[-1] == "filing.received"
    assert "filing.received" not in kinds_in(Purpose.PRIVATE, organisation=world.lab)
