from datetime import datetime, timedelta

import pytest

from escalation.filings.inbox import ANSWERS, inbox_rows
from escalation.filings.inquiries import (
    answer_in_part,
    answer_request,
    request_information,
)
from escalation.filings.listing import filings_for, rows_of
from escalation.filings.receiving import accept
from escalation.filings.request_changes import move_request, withdraw_request
from escalation.filings.request_showing import Waiting, requests_on, shown_requests
from escalation.filings.statistics import Quarter, punctuality_for
from escalation.loop import fire_due
from escalation.models import Filing, FilingRequest, Notification
from incidents.errors import BadInput, NotPossible
from incidents.events.feed import timeline
from incidents.incident.shares import share
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, FilingWorld

DAY = timedelta(days=1)
LAW = "NIS2 Directive, Article 23"


def ask(
    world: FilingWorld, filing: Filing, due_at: datetime | None = None
) -> FilingRequest:
    return request_information(
        world.got(filing),
        text=f"Which? ({FilingRequest.objects.count()})",
        due_at=due_at,
        **world.who(world.officer),
    )


def move(world: FilingWorld, asked: FilingRequest, due_at: datetime) -> FilingRequest:
    who = world.who(world.officer)
    return move_request(asked, due_at=due_at, text="The council meets.", **who)


def withdraw(world: FilingWorld, asked: FilingRequest) -> FilingRequest:
    return withdraw_request(asked, text="Solved.", **world.who(world.officer))


def answer(world: FilingWorld, asked: FilingRequest) -> FilingRequest:
    return answer_request(asked, text="c1.", **world.who(world.author))


def steps_of(asked: FilingRequest) -> list[tuple[str, str]]:
    return list(asked.steps.values_list("kind", "text"))


def test_another_date_keeps_the_former_and_is_told_to_both_sides(world: FilingWorld):
    first, second = world.now + DAY, world.now + 2 * DAY
    asked = ask(world, world.submitted(), first)
    move(world, asked, second)

    [step] = asked.steps.all()
    asked.refresh_from_db()
    assert (asked.due_at, step.old_due_at, step.due_at) == (second, first, second)
    for reader in (world.author, world.officer):
        [*_, (kind, data)] = world.told(reader)
        assert (kind, data["text"]) == ("filing.request_moved", "The council meets.")


@pytest.mark.parametrize(("days", "remedy"), [(0, "to come"), (1, "already")])
def test_date_that_is_no_other_is_refused(world: FilingWorld, days: int, remedy: str):
    asked = ask(world, world.submitted(), world.now + DAY)
    with pytest.raises(BadInput, match=remedy) as refused:
        move(world, asked, world.now + days * DAY)
    assert refused.value.field == "due_at"
    assert steps_of(asked) == []


def test_withdrawn_request_is_neither_answered_nor_moved(world: FilingWorld):
    asked = withdraw(world, ask(world, world.submitted()))
    assert steps_of(asked) == [("withdrawn", "Solved.")]
    for act in (
        lambda: answer(world, asked),
        lambda: move(world, asked, world.now + DAY),
        lambda: withdraw(world, asked),
    ):
        with pytest.raises(NotPossible, match="Request 1 was withdrawn"):
            act()


def test_answered_request_is_neither_moved_nor_withdrawn(world: FilingWorld):
    asked = answer(world, ask(world, world.submitted()))
    for act in (
        lambda: move(world, asked, world.now + DAY),
        lambda: withdraw(world, asked),
    ):
        with pytest.raises(NotPossible, match="has an answer already"):
            act()


def test_parts_come_before_the_answer_and_are_told_to_the_agency(world: FilingWorld):
    asked = ask(world, world.submitted())
    answer_in_part(asked, text="Logs follow.", **world.who(world.author))
    [*_, (kind, data)] = world.told(world.officer)
    assert (kind, data["text"]) == ("filing.answered_in_part", "Logs follow.")
    answer(world, asked)
    with pytest.raises(NotPossible):
        answer_in_part(asked, text="More.", **world.who(world.author))
    assert steps_of(asked) == [("part", "Logs follow.")]


def test_other_agency_that_sees_the_incident_reads_nothing_of_it(world: FilingWorld):
    bureau = make.agency("bureau")
    who = world.who(world.author)
    share(world.incident, agency=bureau, reason="by hand", **who)
    asked = ask(world, world.submitted(), world.now + DAY)
    answer_in_part(asked, text="Logs follow.", **world.who(world.author))
    move(world, asked, world.now + 2 * DAY)
    withdraw(world, asked)
    entries = timeline(world.incident, [bureau.pk])
    assert [e.kind for e in entries if e.kind.startswith("filing.")] == []


def test_desk_of_the_other_side_is_written_to_at_each_step(world: FilingWorld):
    for side in (world.lab, world.agency):
        make.contact(side, address=f"desk@{side.slug}.example")
    asked = ask(world, world.submitted())
    answer_in_part(asked, text="secret-part", **world.who(world.author))
    move(world, asked, world.now + DAY)
    withdraw(world, asked)
    while fire_due(world.now):
        pass
    told = Notification.objects.filter(purpose="filing").order_by("pk")
    texts = [(one.address, one.message["text"]) for one in told]
    assert [
        (to, words)
        for to, text in texts
        for words in ("A part of the answer", "another date", "was withdrawn")
        if words in text
    ] == [
        ("desk@naisa.example", "A part of the answer"),
        ("desk@aurora.example", "another date"),
        ("desk@aurora.example", "was withdrawn"),
    ]
    assert "secret-part" not in str(texts)


def test_request_is_late_after_its_instant_and_not_at_it(world: FilingWorld):
    filing = world.submitted()
    due = world.now + DAY
    ask(world, filing, due)
    parts = [world.got(filing)]

    def late(at: datetime) -> list[bool | None]:
        return [one.is_late for one in shown_requests(requests_on(parts), now=at)]

    assert late(due) == [False]
    assert late(due + timedelta(microseconds=1)) == [True]


def test_inbox_puts_on_top_what_a_lab_is_to_answer_first(world: FilingWorld):
    late, soon, undated, silent = (world.submitted() for _ in range(4))
    ask(world, soon, world.now + 2 * DAY)
    ask(world, undated)
    ask(world, late, world.now + DAY)
    now = world.now + DAY * 1.5

    rows = inbox_rows(world.officer, now=now)
    assert [row.filing for row in rows] == [late, soon, undated, silent]
    assert [row.is_answer_late for row in rows] == [True, False, False, False]
    assert rows[0].waiting == Waiting(1, world.now + DAY)
    waiting = inbox_rows(world.officer, now=now, show=ANSWERS)
    assert [row.filing for row in waiting] == [late, soon, undated]


def test_accepted_filing_stays_in_the_inbox_while_an_answer_is_owed(
    world: FilingWorld,
):
    filing = world.submitted()
    asked = ask(world, filing)
    accept(world.got(filing), **world.who(world.officer))
    assert [row.filing for row in inbox_rows(world.officer, now=world.now)] == [filing]
    answer(world, asked)
    assert inbox_rows(world.officer, now=world.now) == []


def test_withdrawn_request_is_not_counted_as_open(world: FilingWorld):
    filing = world.submitted()
    withdraw(world, ask(world, filing, world.now + DAY))
    [row] = inbox_rows(world.officer, now=world.now)
    [own] = rows_of(world.author, list(filings_for(world.author)))
    assert (row.waiting, own.waiting) == (Waiting(), Waiting())


def test_answers_are_counted_by_quarter_and_law(world: FilingWorld):
    filing = world.submitted()
    due = world.now + DAY
    in_time, _late, withdrawn = (ask(world, filing, due) for _ in range(3))
    ask(world, filing)
    answer(world, in_time)
    withdraw(world, withdrawn)

    [before] = punctuality_for(world.officer, now=due)
    [after] = punctuality_for(world.officer, now=due + DAY)
    assert before == Quarter(NIS2, LAW, "2026 Q4", 1, 0, 0, 3, 1, 0)
    assert after == Quarter(NIS2, LAW, "2026 Q4", 1, 0, 0, 3, 1, 1)
