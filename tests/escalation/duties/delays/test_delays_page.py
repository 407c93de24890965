from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from escalation.models import DelayNotice, Extension
from tests import factories as make
from tests.escalation.duties.delays.delay_world import DORA, WORD

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _present(world):
    """Pages read the time from the database."""
    world.now = timezone.now()


def url(incident, name="incident-duties", *more):
    return reverse(name, args=[incident.ref, *more])


def visit(user):
    client = Client()
    client.force_login(user)
    return client


def section(answer):
    [found] = [s for s in answer.context["sections"] if s.id == "delays"]
    return found.context


def local(at):
    return at.strftime("%Y-%m-%dT%H:%M")


def offered(answer):
    return [[offer.title for offer in row.offers] for row in section(answer)["rows"]]


def test_page_offers_what_each_law_knows_and_names_those_that_know_nothing(
    world,
):
    clock = world.clock_of(DORA, "initial", "classified_major")
    world.watch(DORA, "eu-nis2-23", "us-sec-8k-105")
    world.note(clock.incident, "aware")
    world.note(clock.incident, "material")
    answer = visit(world.accountable).get(url(clock.incident))
    assert offered(answer) == [
        ["Notify a delay"],
        ["Record an extension by the Attorney General"],
    ]
    assert section(answer)["without"] == [
        "NIS2 Directive, Article 23: Early warning",
        "NIS2 Directive, Article 23: Incident notification",
    ]


def test_delay_is_notified_on_the_page_and_the_agency_reads_it_on_its_own(
    world,
):
    clock = world.clock_of(DORA, "initial", "classified_major")
    body = {
        "agency": "naisa",
        "reasons": "the logs are encrypted",
        "expected_at": local(clock.due_statutory_latest + 9 * DAY),
        "zone": "UTC",
    }
    path = url(clock.incident, "duties-delay-notice", clock.pk)
    answer = visit(world.accountable).post(path, body)
    assert answer["Location"] == f"{url(clock.incident)}#delays"
    assert DelayNotice.objects.get().agency == world.agency
    [row] = section(visit(world.officer).get(url(clock.incident)))["rows"]
    assert [notice.reasons for notice in row.notices] == ["the logs are encrypted"]
    assert row.offers == ()
    page = visit(world.officer).get(url(clock.incident)).content.decode()
    assert "the logs are encrypted" in page
    assert world.accountable.email not in page


def test_agency_that_sees_the_incident_is_offered_first(world):
    make.agency("aaa")
    clock = world.clock_of(DORA, "initial", "classified_major")
    world.share(clock.incident)
    [row] = section(visit(world.accountable).get(url(clock.incident)))["rows"]
    field = row.offers[0].form["agency"]
    assert field.value() == "naisa"
    assert [slug for slug, _ in field.field.choices] == ["naisa", "aaa", ""]


def test_notice_that_cannot_be_comes_back_as_it_was_typed(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    body = {
        "agency": "naisa",
        "reasons": "slow",
        "expected_at": local(world.now - DAY),
        "zone": "UTC",
    }
    path = url(clock.incident, "duties-delay-notice", clock.pk)
    answer = visit(world.accountable).post(path, body)
    assert answer.status_code == 422
    [row] = section(answer)["rows"]
    assert list(row.offers[0].form.errors) == ["expected_at"]
    assert row.offers[0].form["reasons"].value() == "slow"


def test_extension_is_recorded_confirmed_and_taken_back_on_the_page(
    world,
):
    clock = world.disclosure()
    path = url(clock.incident, "duties-extension-record", clock.pk)
    body = {
        "days": 30,
        "determined_on": (world.now - DAY).date().isoformat(),
        "reason": "national security",
        "file": SimpleUploadedFile("word.pdf", WORD),
    }
    visit(world.accountable).post(path, body)
    row = Extension.objects.get()
    own = visit(world.deputy).get(url(clock.incident))
    [shown] = section(own)["rows"]
    assert (offered(own), shown.extensions[0].confirm is not None) == ([[]], True)

    visit(world.deputy).post(url(clock.incident, "duties-extension-confirm", row.pk))
    row.refresh_from_db()
    assert (row.state, row.confirmed_by) == ("confirmed", world.deputy)

    visit(world.deputy).post(
        url(clock.incident, "duties-extension-withdraw", row.pk), {"reason": "wrong"}
    )
    row.refresh_from_db()
    assert (row.state, row.withdrawn_reason) == ("withdrawn", "wrong")


def test_strip_says_whose_move_an_extension_is(world):
    clock = world.disclosure()
    row = world.record(clock)
    strip = {
        user: visit(user).get(url(clock.incident)).context["strip"]
        for user in (world.accountable, world.deputy)
    }
    move = f"Yours: confirm the extension that {world.accountable} recorded."
    assert (strip[world.deputy].move, strip[world.deputy].is_mine) == (move, True)
    own = strip[world.accountable]
    assert own.move == "Aurora: a second person must confirm an extension."
    world.confirm(row)
    after = visit(world.deputy).get(url(clock.incident)).context["strip"]
    assert "extension" not in after.move


def test_strip_says_that_an_agency_has_to_answer(world):
    clock = world.own_law()
    world.ask(clock, clock.due_operational + DAY)
    moves = [
        visit(user).get(url(clock.incident)).context["strip"].move
        for user in (world.supervisor, world.officer, world.accountable)
    ]
    assert moves == [
        "Yours: answer Aurora, which asks for more time.",
        "Naisa: answer Aurora, which asks for more time.",
        "Naisa: answer whether it gives more time.",
    ]


def test_more_time_is_asked_for_and_granted_on_the_pages(world):
    clock = world.own_law()
    until = clock.due_operational + DAY
    body = {"agency": "naisa", "until": local(until), "zone": "UTC", "reason": "x"}
    visit(world.accountable).post(
        url(clock.incident, "duties-extension-ask", clock.pk), body
    )
    row = Extension.objects.get()
    [asked] = section(visit(world.supervisor).get(url(clock.incident)))["rows"]
    titles = [offer.title for offer in asked.extensions[0].offers]
    assert titles == ["Grant it", "Refuse it"]
    grant = url(clock.incident, "duties-extension-grant", row.pk)
    body = {"until": local(until), "zone": "UTC", "text": "granted"}
    assert visit(world.officer).post(grant, body).status_code == 403
    assert visit(world.accountable).post(grant, body).status_code == 404
    visit(world.supervisor).post(grant, body)
    row.refresh_from_db()
    assert (row.state, row.answer) == ("granted", "granted")


def test_request_is_refused_on_the_page_with_a_reason(world):
    clock = world.own_law()
    row = world.ask(clock, clock.due_operational + DAY)
    path = url(clock.incident, "duties-extension-refuse", row.pk)
    assert visit(world.supervisor).post(path, {"text": ""}).status_code == 422
    visit(world.supervisor).post(path, {"text": "not needed"})
    row.refresh_from_db()
    assert (row.state, row.answer) == ("refused", "not needed")


def test_page_takes_as_many_statements_for_three_reports_as_for_one(
    world,
):
    clock = world.clock_of("eu-gdpr-33", "notification", "aware")
    client = visit(world.accountable)
    client.get(url(clock.incident))
    with CaptureQueriesContext(connection) as one:
        client.get(url(clock.incident))
    for number in range(3):
        world.notify(clock, clock.due_statutory_latest + (number + 1) * DAY)
    with CaptureQueriesContext(connection) as three:
        client.get(url(clock.incident))
    # The share that the first notice brings is read once.
    assert len(three) <= len(one) + 1
