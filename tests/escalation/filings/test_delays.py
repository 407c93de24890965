from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.duties.delays.notices import NewNotice, notify_delay
from escalation.filings.access import find_filing
from escalation.filings.delays import inbox_delays
from escalation.filings.drafting import NewRecipient
from escalation.filings.showing import shown_filing
from escalation.models import StatutoryClock
from tests import factories as make
from tests.escalation.duties.delays.delay_world import make_delay_world
from tests.escalation.filings.filing_world import FilingWorld

DORA = "eu-dora-19"
DAY = timedelta(days=1)


def clock_of(world: FilingWorld, **more: object) -> StatutoryClock:
    return make.statutory_clock(
        world.incident, world.lab, regime_id=DORA, stage="initial", **more
    )


def notify(world: FilingWorld, clock: StatutoryClock, days: int = 9):
    notice = NewNotice("the logs are encrypted", world.now + days * DAY, world.agency)
    return notify_delay(clock, notice, **world.who(world.author))


def test_inbox_shows_what_waits_for_an_answer_first(db):
    world = make_delay_world()
    clock = world.own_law()
    other = world.clock_of(DORA, "initial", "classified_major")
    world.notify(other, other.due_statutory_latest + DAY)
    world.ask(clock, clock.due_operational + 2 * DAY)
    rows = inbox_delays(world.officer, is_whole=False)
    assert [(row.what, row.is_waiting) for row in rows] == [
        ("extension asked for", True),
        ("delay notified", False),
    ]
    assert rows[0].incident == clock.incident
    assert inbox_delays(world.accountable, is_whole=False) == []


def test_inbox_is_done_with_a_delay_once_the_report_came(db):
    world = make_delay_world()
    clock = world.clock_of(DORA, "initial", "classified_major")
    world.notify(clock, clock.due_statutory_latest + DAY)
    world.submit(clock.incident, DORA, "initial")
    assert inbox_delays(world.officer, is_whole=False) == []
    assert len(inbox_delays(world.officer, is_whole=True)) == 1


def test_inbox_forgets_an_incident_that_is_no_longer_shared(db):
    world = make_delay_world()
    clock = world.clock_of(DORA, "initial", "classified_major")
    world.notify(clock, clock.due_statutory_latest + DAY)
    world.unshare(clock.incident)
    assert inbox_delays(world.officer, is_whole=True) == []


def test_page_of_the_inbox_leads_to_the_reasons(world: FilingWorld):
    notify(world, clock_of(world))
    client = Client()
    client.force_login(world.officer)
    answer = client.get(reverse("filing-list"))
    url = reverse("incident-duties", args=[world.incident.ref])
    assert [row.url for row in answer.context["delays"]] == [f"{url}#delays"]
    assert f'href="{url}#delays"' in answer.content.decode()


def test_inbox_takes_as_many_statements_for_three_as_for_one(world: FilingWorld):
    clock = clock_of(world)
    notify(world, clock)
    with CaptureQueriesContext(connection) as one:
        inbox_delays(world.officer, is_whole=True)
    for days in (10, 11):
        notify(world, clock, days)
    with CaptureQueriesContext(connection) as three:
        assert len(inbox_delays(world.officer, is_whole=True)) == 3
    assert len(three) == len(one)


def test_filing_of_the_report_says_that_its_delay_was_notified(world: FilingWorld):
    notice = notify(world, clock_of(world))
    filing = world.submitted(NewRecipient(DORA, "initial", world.agency))
    for user in (world.author, world.officer):
        assert shown_filing(find_filing(user, filing.ref)).notices == (notice,)
        client = Client()
        client.force_login(user)
        page = client.get(filing.get_absolute_url()).content.decode()
        assert "Delay notified" in page
        assert "the logs are encrypted" in page
