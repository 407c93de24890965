import re
from datetime import timedelta

import pytest
from django.http import Http404
from django.test import Client

from config.api import build_schema
from escalation.filings.access import agency_actor, find_filing
from escalation.filings.drafting import NewRecipient, revise, write_version
from escalation.filings.inquiries import answer_request, request_information
from escalation.filings.models import RecipientState
from escalation.filings.passing_on import Transfer, transfer
from escalation.filings.reading import newest_version
from escalation.filings.receiving import accept, receive, return_filing
from escalation.filings.showing import shown_filing
from escalation.filings.submitting import submit
from escalation.loop import fire_due
from escalation.models import AnchorValue, Filing, Notification
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.incident.shares import share, unshare
from incidents.models import ReadMark
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, FilingWorld

ANSWER = "submitted:authority_answer"
FIELD = "Could have a cross-border impact: yes, no, not known"


def give_back(world: FilingWorld, filing: Filing) -> None:
    return_filing(
        world.got(filing),
        text="Please complete it.",
        remarks=[{"field": FIELD, "text": "Which states?"}],
        **world.who(world.officer),
    )


def test_receipt_has_a_number_of_the_agency(world: FilingWorld):
    filing = world.submitted()
    received = receive(world.got(filing), **world.who(world.officer))
    assert (received.state, received.received_at) == ("received", world.now)
    assert received.receipt_number.startswith(f"NAISA-{world.now:%Y}-")
    [*_, (kind, data)] = world.told(world.author)
    assert (kind, data["receipt"]) == ("filing.received", received.receipt_number)


def test_second_receipt_changes_nothing(world: FilingWorld):
    filing = world.submitted()
    first = receive(world.got(filing), **world.who(world.officer))
    world.now += timedelta(hours=1)
    second = receive(world.got(filing), **world.who(world.officer))
    assert (second.receipt_number, second.received_at) == (
        first.receipt_number,
        first.received_at,
    )


def test_lab_is_told_of_the_receipt(world: FilingWorld):
    make.contact(world.lab, address="desk@aurora.example")
    filing = world.submitted()
    receive(world.got(filing), **world.who(world.officer))
    fire_due(world.now)
    letter = Notification.objects.get(purpose="filing", organisation=world.lab)
    assert f"{filing.ref} was received." in letter.message["text"]


def test_returned_filing_is_corrected_and_sent_again(world: FilingWorld):
    filing = world.submitted()
    give_back(world, filing)
    revise(filing, **world.actor(world.author))
    world.now += timedelta(days=2)
    newest = newest_version(filing)
    rows = [{**row, "answer": "Yes: BE, DE."} for row in newest.sections]
    write_version(filing, rows, based_on=newest.number, **world.who(world.author))
    world.approve(filing)
    submit(filing, **world.who(world.author))
    [recipient] = filing.recipients.all()
    assert (recipient.state, recipient.version) == (
        "submitted",
        newest_version(filing),
    )
    assert newest_version(filing).number == 3
    assert recipient.submitted_at == world.now - timedelta(days=2)
    assert recipient.resubmitted_at == world.now
    noted = AnchorValue.objects.filter(name__startswith="submitted:")
    assert {row.at for row in noted} == {recipient.submitted_at}


def test_agency_sees_the_version_that_it_got_while_the_lab_writes(world: FilingWorld):
    filing = world.submitted()
    give_back(world, filing)
    revise(filing, **world.actor(world.author))
    world.answer_all(filing, "x")
    newest = newest_version(filing)
    rows = [{**row, "answer": "Secret draft."} for row in newest.sections]
    write_version(filing, rows, based_on=newest.number, **world.who(world.author))
    assert world.got(filing).version == filing.versions.get(number=2)


def test_remark_names_a_field_that_the_agency_reads(world: FilingWorld):
    filing = world.submitted()
    with pytest.raises(BadInput) as refused:
        return_filing(
            world.got(filing),
            text="No.",
            remarks=[{"field": "Costs", "text": "?"}],
            **world.who(world.officer),
        )
    assert refused.value.field == "remarks[0].field"
    assert world.got(filing).state == RecipientState.SUBMITTED


def test_accepted_filing_is_settled(world: FilingWorld):
    filing = world.submitted()
    accept(world.got(filing), text="Thank you.", **world.who(world.officer))
    assert world.got(filing).settled_at == world.now
    with pytest.raises(NotPossible, match="accepted"):
        give_back(world, filing)


def test_request_is_noted_for_the_lab_and_answered(world: FilingWorld):
    filing = world.submitted()
    asked = request_information(
        world.got(filing),
        text="Which cluster?",
        due_at=world.now + timedelta(days=1),
        **world.who(world.officer),
    )
    noted = AnchorValue.objects.get(name="authority_request")
    assert (noted.organisation, noted.at, noted.source) == (
        world.lab,
        world.now,
        filing.ref,
    )
    answer_request(asked, text="c1.", **world.who(world.author))
    [*_, (kind, data)] = world.told(world.officer)
    assert (kind, data["text"]) == ("filing.info_answered", "c1.")
    with pytest.raises(NotPossible, match="answer already"):
        answer_request(asked, text="c2.", **world.who(world.author))


def test_request_is_not_due_in_the_past(world: FilingWorld):
    filing = world.submitted()
    with pytest.raises(BadInput) as refused:
        request_information(
            world.got(filing), text="?", due_at=world.now, **world.who(world.officer)
        )
    assert refused.value.field == "due_at"


def test_transfer_tells_the_lab_but_not_the_risks(world: FilingWorld):
    filing = world.submitted()
    wanted = Transfer(None, "Cal OES", "Article 23(8)", "Theirs.", "secret-risk")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    [*_, (kind, data)] = world.told(world.author)
    assert (kind, data["to"], data["legal_basis"]) == (
        "filing.transferred",
        "Cal OES",
        "Article 23(8)",
    )
    assert "risks" not in data


def test_transfer_to_an_agency_that_sees_the_incident_hands_over(world: FilingWorld):
    bureau = make.agency("bureau")
    share(world.incident, agency=bureau, reason="x", **world.who(world.author))
    filing = world.submitted()
    wanted = Transfer(bureau, "", "Article 23(8)", "Theirs.")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    officer = make.person(bureau, role="officer")
    [recipient] = filing.recipients.filter(agency=bureau)
    assert list(Filing.objects.visible_to(officer)) == [filing]
    assert (recipient.state, recipient.submitted_at) == ("submitted", world.now)
    filing_digest = newest_version(filing).sha256
    assert newest_version(Filing.objects.get()).sha256 == filing_digest


def correct(world: FilingWorld, filing: Filing) -> None:
    """Write another version and have it approved."""
    revise(filing, **world.actor(world.author))
    newest = newest_version(filing)
    rows = [{**row, "answer": "Yes: BE, DE."} for row in newest.sections]
    write_version(filing, rows, based_on=newest.number, **world.who(world.author))
    world.approve(filing)


def test_correction_reaches_whom_the_returned_filing_was_given_to(world: FilingWorld):
    bureau = make.agency("bureau")
    share(world.incident, agency=bureau, reason="x", **world.who(world.author))
    filing = world.submitted()
    give_back(world, filing)
    wanted = Transfer(bureau, "", "Article 23(8)", "Theirs.")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    correct(world, filing)
    submit(filing, **world.who(world.author))
    given_to = filing.recipients.get(agency=bureau)
    assert (given_to.state, given_to.version) == ("submitted", newest_version(filing))


def test_version_that_nobody_waits_for_is_not_submitted(world: FilingWorld):
    filing = world.submitted()
    give_back(world, filing)
    correct(world, filing)
    wanted = Transfer(None, "Cal OES", "Article 23(8)", "Theirs.")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    with pytest.raises(NotPossible, match="Nobody waits for this version"):
        submit(filing, **world.who(world.author))
    filing.refresh_from_db()
    assert filing.state == "approved"


def test_transfer_to_an_agency_that_does_not_see_it_shows_it_nothing(
    world: FilingWorld,
):
    bureau = make.agency("bureau")
    filing = world.submitted()
    wanted = Transfer(bureau, "", "Article 23(8)", "Theirs.")
    transfer(world.got(filing), wanted, **world.who(world.officer))
    officer = make.person(bureau, role="officer")
    assert list(Filing.objects.visible_to(officer)) == []


def test_what_was_submitted_stays_with_the_agency_after_the_share(world: FilingWorld):
    filing = world.submitted()
    unshare(
        world.incident, agency=world.agency, reason="over", **world.who(world.author)
    )
    assert list(Filing.objects.visible_to(world.officer)) == [filing]


@pytest.mark.parametrize("act", ["return", "ask", "accept", "transfer"])
def test_first_word_of_the_agency_is_its_answer(world: FilingWorld, act: str):
    filing = world.submitted()
    who = world.who(world.officer)
    got = world.got(filing)
    receive(got, **who)
    assert not AnchorValue.objects.filter(name=ANSWER).exists()
    if act == "return":
        give_back(world, filing)
    elif act == "ask":
        request_information(got, text="?", due_at=None, **who)
    elif act == "accept":
        accept(got, **who)
    else:
        transfer(got, Transfer(None, "Cal OES", "Article 23(8)", "Theirs."), **who)
    [noted] = AnchorValue.objects.filter(name=ANSWER)
    assert (noted.organisation, noted.at) == (world.agency, world.now)


def test_answer_is_noted_once(world: FilingWorld):
    filing = world.submitted()
    for question in ("Which?", "Since when?"):
        request_information(
            world.got(filing), text=question, due_at=None, **world.who(world.officer)
        )
        world.now += timedelta(hours=1)
    assert AnchorValue.objects.filter(name=ANSWER).count() == 1


def test_what_was_returned_is_not_sent_again_unchanged(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    submit(filing, **world.who(world.author))
    give_back(world, filing)
    submit(filing, **world.who(world.author))
    assert world.got(filing).state == RecipientState.RETURNED


def with_two_parts(world: FilingWorld) -> Filing:
    """Return a filing of which the agency has its own part and another's."""
    bureau = make.agency("bureau")
    clerk = make.person(bureau, role="officer")
    filing = world.submitted(world.to(), NewRecipient(NIS2, "notification", bureau))
    part, _ = agency_actor(find_filing(clerk, filing.ref))
    wanted = Transfer(world.agency, "", "Article 23(8)", "Theirs.")
    actor = Actor.of(clerk, bureau)
    transfer(part, wanted, user=clerk, actor=actor, now=world.now)
    return filing


def test_agency_works_on_its_own_part_and_on_one_given_to_it(world: FilingWorld):
    filing = with_two_parts(world)
    shown = shown_filing(find_filing(world.officer, filing.ref))
    assert [one.row.key for one in shown.recipients] == ["naisa", "naisa-2"]
    for key in ("naisa-2", "naisa"):
        assert world.got(filing).key == key
        accept(world.got(filing), **world.who(world.officer))
    states = set(filing.recipients.filter(agency=world.agency).values_list("state"))
    assert states == {("accepted",)}


def test_agency_names_the_part_that_it_reads(world: FilingWorld):
    filing = with_two_parts(world)
    seen = find_filing(world.officer, filing.ref, part="naisa")
    shown = shown_filing(seen)
    assert (shown.worked_on.key, agency_actor(seen)[0].key) == ("naisa", "naisa")
    assert {one.needed_by for one in shown.sections} == {("Safety Agency",)}
    with pytest.raises(Http404):
        find_filing(world.officer, filing.ref, part="bureau")


def test_page_acts_on_the_part_that_it_shows(world: FilingWorld, client: Client):
    filing = with_two_parts(world)
    client.force_login(world.officer)
    address = f"{filing.get_absolute_url()}?part=naisa"
    assert f'href="{address}"' in client.get("/filings/").content.decode()
    page = client.get(address).content.decode()
    assert f"{filing.get_absolute_url()}?part=naisa-2" in page
    [action] = re.findall(r'action="([^"]+/receive/[^"]*)"', page)
    client.post(action)
    states = dict(filing.recipients.values_list("key", "state"))
    assert (states["naisa"], states["naisa-2"]) == ("received", "submitted")


def test_api_reads_and_acts_on_the_part_that_it_names(world: FilingWorld):
    filing = with_two_parts(world)
    client = Client()
    client.force_login(world.officer)
    path = f"/api/v1/filings/{filing.ref}/"
    keys = [
        client.get(f"{path}?part={key}").json()["recipients"][-1]["key"]
        for key in ("naisa", "naisa-2")
    ]
    assert keys == ["naisa", "naisa-2"]
    files = client.get(f"{path}files/naisa/csv/?part=naisa")
    assert files.status_code == 200
    answer = client.post(f"{path}receive/?part=naisa", content_type="application/json")
    last = answer.json()["recipients"][-1]
    assert (last["key"], last["state"]) == ("naisa", "received")
    assert client.get(f"{path}?part=bureau").status_code == 404


def test_every_query_parameter_is_in_the_schema() -> None:
    found = {}
    for path, operations in build_schema()["paths"].items():
        if "/filings/" not in path or "/incidents/" in path:
            continue
        for method, operation in operations.items():
            names = {
                one["name"]
                for one in operation.get("parameters", [])
                if one["in"] == "query"
            }
            if names:
                found[method, path.removeprefix("/api/v1/filings/")] = names
    part = {"part"}
    narrowed = {"state", "regime", "incident", "organisation"}
    assert found == {
        ("get", ""): {"limit", "cursor"} | narrowed,
        ("get", "{ref}/"): part,
        ("get", "{ref}/files/"): part,
        ("get", "{ref}/files/{key}/{form}/"): {"part", "version"},
        ("post", "{ref}/receive/"): part,
        ("post", "{ref}/return/"): part,
        ("post", "{ref}/accept/"): part,
        ("post", "{ref}/ask/"): part,
        ("post", "{ref}/transfer/"): part,
        ("post", "{ref}/move-request/"): part,
        ("post", "{ref}/withdraw-request/"): part,
    }


def test_second_click_asks_once(world: FilingWorld):
    filing = world.submitted()
    due_at = world.now + timedelta(days=1)
    asked = {
        request_information(
            world.got(filing), text=text, due_at=due_at, **world.who(world.officer)
        ).number
        for text in ("Which?", " Which? ", "Since when?")
    }
    assert asked == {1, 2}
    assert filing.recipients.get().requests.count() == 2
    told = [kind for kind, _ in world.told(world.author)]
    assert told.count("filing.info_requested") == 2


def test_agency_with_the_longest_name_works_on_each_of_its_parts(world: FilingWorld):
    world.agency = make.agency("n" * 60)
    world.officer = make.person(world.agency, role="officer")
    filing = with_two_parts(world)
    client = Client()
    client.force_login(world.officer)
    for key in filing.recipients.filter(agency=world.agency).values_list("key"):
        path = f"/filings/{filing.ref}/files/{key[0]}/packet/"
        assert client.get(path).status_code == 200
    reads = ReadMark.objects.filter(target__endswith=":packet")
    assert reads.count() == 2


def test_requests_of_two_parts_are_answered_by_part(world: FilingWorld):
    filing = with_two_parts(world)
    for key in ("naisa", "naisa-2"):
        part = filing.recipients.get(key=key)
        who = world.who(world.officer)
        request_information(part, text=f"{key}?", due_at=None, **who)
    client = Client()
    client.force_login(world.author)
    path, sent = f"/api/v1/filings/{filing.ref}/answer/", {"number": 1, "text": "x"}
    refused = client.post(path, sent, content_type="application/json")
    assert "Name one of naisa, naisa-2." in refused.content.decode()
    answer = client.post(
        path, {**sent, "part": "naisa-2"}, content_type="application/json"
    )
    answered = {one["part"]: one["answer"] for one in answer.json()["requests"]}
    assert answered == {"naisa": "", "naisa-2": "x"}
