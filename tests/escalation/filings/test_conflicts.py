"""Two people at one filing: what the second is shown, and that his second try succeeds."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from escalation.filings.approval import ask_review, refuse
from escalation.filings.drafting import revise, write_version
from escalation.filings.reading import newest_version
from escalation.filings.receiving import return_filing
from escalation.filings.submitting import submit
from escalation.models import Filing
from incidents.errors import NotPossible
from tests.escalation.filings.filing_world import FilingWorld


def visit(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write(world: FilingWorld, filing: Filing, *answers: str, user=None) -> None:
    """Write a version; answers beyond the fields of the law are sections of their own."""
    newest = newest_version(filing)
    rows = [
        {**row, "answer": said}
        for row, said in zip(newest.sections, answers, strict=False)
    ]
    own = answers[len(rows) :]
    rows += [{"field": f"Own {said}", "answer": said} for said in own]
    who = world.who(user or world.author)
    write_version(filing, rows, based_on=newest.number, **who)


def save(user, filing: Filing, based_on: int, **sent: Any):
    path = f"{filing.get_absolute_url()}edit/"
    return visit(user).post(path, {"based_on": based_on, **sent})


def fields_of(answer) -> dict[str, Any]:
    """Return what the form of a page would send."""
    form = answer.context["form"]
    found: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if value not in (None, False, ""):
            found[field.html_name] = value
    return found


def answers_of(filing: Filing) -> list[str]:
    return [row["answer"] for row in newest_version(filing).sections]


@pytest.fixture
def filing(world: FilingWorld) -> Filing:
    """A draft of which the approver has written version 2."""
    made = world.draft()
    write(world, made, "First.", "", user=world.approver)
    return made


def test_second_try_of_a_conflict_succeeds(world: FilingWorld, filing: Filing):
    sent = {"answer-0": "Mine.", "answer-1": ""}
    answer = save(world.author, filing, 1, **sent)
    assert answer.status_code == 409
    page = unescape(answer.content.decode())
    assert "Version 2 says here:" in page
    assert "First." in page
    field = newest_version(filing).sections[0]["field"]
    assert f"yours began with 1. It differs in: {field}." in page
    again = fields_of(answer)
    assert (again["based_on"], again["answer-0"]) == (2, "Mine.")
    assert save(world.author, filing, **again).status_code == 302
    assert answers_of(filing) == ["Mine.", ""]


def test_what_only_the_other_changed_is_not_put_back(
    world: FilingWorld, filing: Filing
):
    answer = save(world.author, filing, 1, **{"answer-0": "", "answer-1": "Mine."})
    assert "Changed in version 2." in answer.content.decode()
    save(world.author, filing, **fields_of(answer))
    assert answers_of(filing) == ["First.", "Mine."]


def test_own_section_does_not_take_the_place_of_the_others(world: FilingWorld):
    filing = world.draft()
    write(world, filing, "", "", "theirs", user=world.approver)
    sent = {"field-2": "Own mine", "answer-2": "mine", "answer-0": ""}
    answer = save(world.author, filing, 1, **sent)
    assert answer.status_code == 409
    save(world.author, filing, **fields_of(answer))
    assert answers_of(filing) == ["", "", "theirs", "mine"]


def test_second_click_on_save_is_no_conflict(world: FilingWorld):
    filing = world.draft()
    sent = {"answer-0": "Mine.", "answer-1": "Yes."}
    codes = [save(world.author, filing, 1, **sent).status_code for _ in range(2)]
    assert codes == [302, 302]
    assert filing.versions.count() == 2


def test_answer_without_a_field_is_given_back(world: FilingWorld):
    filing = world.draft()
    answer = save(world.author, filing, 1, **{"answer-2": "Lost?"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Name what is answered." in page
    assert "Lost?" in page


def act(user, filing: Filing, name: str, **sent):
    return visit(user).post(f"{filing.get_absolute_url()}{name}/", sent)


def hidden_version(answer, name: str) -> int:
    """Return the version that the page's form would send."""
    [found] = re.findall(
        rf'name="version" value="(\d+)"[^>]* id="id_{name}_version"',
        answer.content.decode(),
    )
    return int(found)


@pytest.fixture
def in_review(world: FilingWorld) -> Filing:
    """A filing of which version 3 is in review and version 2 was."""
    filing = world.draft()
    write(world, filing, "Yes.", "No.")
    ask_review(filing, **world.actor(world.author))
    refuse(filing, version=2, reason="Name it.", **world.who(world.approver))
    write(world, filing, "Yes.", "Known.")
    ask_review(filing, **world.actor(world.author))
    return filing


@pytest.mark.parametrize("name", ["approve", "refuse"])
def test_reviewer_is_shown_the_newer_version_and_may_go_on(
    world: FilingWorld, in_review: Filing, name: str
):
    sent = {"reason": "Not yet."}
    answer = act(world.approver, in_review, name, version=2, **sent)
    assert answer.status_code == 409
    page = unescape(answer.content.decode())
    field = newest_version(in_review).sections[1]["field"]
    assert f"read that one. It differs in: {field}." in page
    assert "Known." in page
    number = hidden_version(answer, name)
    assert number == 3
    again = act(world.approver, in_review, name, version=number, **sent)
    assert again.status_code == 302


def test_other_mistake_does_not_bring_the_newer_version(
    world: FilingWorld, in_review: Filing
):
    answer = act(world.approver, in_review, "refuse", version=2, reason="")
    assert answer.status_code == 422
    assert hidden_version(answer, "refuse") == 2


@pytest.fixture
def sent_again(world: FilingWorld) -> Filing:
    """A filing of which the agency returned version 2 and got version 3."""
    filing = world.submitted()
    return_filing(world.got(filing), text="Which?", **world.who(world.officer))
    revise(filing, **world.actor(world.author))
    write(world, filing, "Yes.", "Known.")
    world.approve(filing)
    return submit(filing, **world.who(world.author))


def test_agency_is_told_what_the_lab_corrected(world: FilingWorld, sent_again: Filing):
    answer = act(world.officer, sent_again, "accept", version=2, text="Thank you.")
    assert answer.status_code == 409
    page = unescape(answer.content.decode())
    field = newest_version(sent_again).sections[1]["field"]
    assert f"Version 3 came meanwhile: read that one. It differs in: {field}." in page
    assert "Thank you." in page
    number = hidden_version(answer, "accept")
    assert act(world.officer, sent_again, "accept", version=number).status_code == 302
    assert world.got(sent_again).state == "accepted"


def test_agency_learns_nothing_of_a_version_that_it_never_got(
    world: FilingWorld, sent_again: Filing
):
    with pytest.raises(NotPossible) as refused:
        return_filing(
            world.got(sent_again), text="x", version=1, **world.who(world.officer)
        )
    assert refused.value.state["changed"] == []
    assert "differs" not in refused.value.message


def test_remark_on_a_field_that_is_gone_is_given_back(
    world: FilingWorld, sent_again: Filing
):
    sent = {"version": 3, "text": "Well.", "remark-0123456789abcdef": "On the old one."}
    answer = act(world.officer, sent_again, "return", **sent)
    assert answer.status_code == 422
    assert "On the old one." in answer.content.decode()
    assert world.got(sent_again).state == "submitted"
