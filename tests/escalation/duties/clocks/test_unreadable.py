"""A stored text that the reader does not take any more: its clocks stay as they are."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from structlog.testing import capture_logs

from escalation.duties.unreadable import count_unreadable
from escalation.models import RegimeText
from tests.api_world import client_of
from tests.escalation.duties.clocks.conftest import DutyWorld
from tests.escalation.duties.clocks.test_bulk import OWN, change_law, lay_down

HOUR = timedelta(hours=1)
NIS2 = "eu-nis2-23"
# Each fails in another place: of our own reader, of TOML's, of the zones'.
SPOILS = ["nobody_knows_this_key = 1", "x = " + "[" * 5000, 'zone = "America"']


def spoil(digest: str, text: str = SPOILS[0]) -> str:
    """Have a text not be readable; returns what it was."""
    rows = RegimeText.objects.filter(digest=digest)
    former = rows.get().text
    rest = former.replace('zone = "Europe/Brussels"\n', "")
    rows.update(text=f"{text}\n{rest}")
    return former


@pytest.mark.parametrize("text", SPOILS)
def test_clocks_of_a_current_text_that_cannot_be_read_stay_and_warn(
    world: DutyWorld, text: str
):
    digest = lay_down(world, 48)
    world.watch(OWN, NIS2)
    incident = world.open()
    world.note(incident, "aware")
    due = world.now + 48 * HOUR
    spoil(digest, text)

    world.note(incident, "aware", world.now - HOUR)
    world.forward(hours=25)

    kept = world.clock("report")
    assert (kept.state, kept.due_operational) == ("running", due)
    assert kept.warned == ["50%", "24h"]
    moved = world.clock("early_warning")
    assert moved.due_operational == due - 25 * HOUR


def test_clock_goes_on_once_its_text_can_be_read_again(world: DutyWorld):
    digest = lay_down(world, 48)
    world.watch(OWN)
    incident = world.open()
    world.note(incident, "aware")
    text = spoil(digest)
    world.note(incident, "aware", world.now - HOUR)

    RegimeText.objects.filter(digest=digest).update(text=text)
    world.look(incident)

    assert world.clock("report").due_operational == world.now + 47 * HOUR


def test_decided_clock_whose_own_text_cannot_be_read_stays_as_it_is(
    world: DutyWorld,
):
    old = lay_down(world, 48)
    world.watch(OWN)
    incident = world.open()
    world.note(incident, "aware")
    world.decide(incident, OWN, "reportable", ["any"])
    change_law(world, 24)
    spoil(old)

    with capture_logs() as logs:
        world.note(incident, "aware", world.now - HOUR)

    kept = world.clock("report")
    assert (kept.state, kept.regime_digest) == ("running", old)
    assert kept.due_operational == world.now + 48 * HOUR
    said = [line for line in logs if line["event"] == "statutory_clocks_not_counted"]
    assert [(line["regime"], line["log_level"]) for line in said] == [(OWN, "error")]


def test_law_that_is_not_watched_any_more_ends_clocks_without_its_text(
    world: DutyWorld,
):
    digest = lay_down(world, 48)
    world.watch(OWN)
    incident = world.open()
    world.note(incident, "aware")
    spoil(digest)
    world.watch()

    world.look(incident)

    clock = world.clock("report")
    assert clock.state == "cancelled"
    assert clock.state_reason == "this law is not watched any more"


def test_page_and_api_say_that_the_text_cannot_be_read(client, world: DutyWorld):
    world.now = timezone.now() - timedelta(minutes=1)
    digest = lay_down(world, 48)
    world.watch(OWN)
    incident = world.open()
    world.note(incident, "aware")
    page = reverse("incident-duties", args=[incident.ref])
    api = f"/api/v1/incidents/{incident.ref}/clocks/"
    client.force_login(world.accountable)
    words = "Its text cannot be read."
    before = client.get(page).text, client_of(world.accountable).get(api).json()
    spoil(digest)

    after = client.get(page).text, client_of(world.accountable).get(api).json()

    assert [text.count(words) for text, _ in (before, after)] == [0, 1]
    law = f"{OWN} cannot be read"
    assert [text.count(law) for text, _ in (before, after)] == [0, 1]
    flags = [[row["is_unreadable"] for row in rows] for _, rows in (before, after)]
    assert flags == [[False], [True]]


def test_unreadable_texts_are_counted_while_they_matter(world: DutyWorld):
    former = lay_down(world, 48)
    world.watch(OWN)
    incident = world.open()
    world.note(incident, "aware")
    world.decide(incident, OWN, "reportable", ["any"])
    current = change_law(world, 24)
    assert count_unreadable() == 0

    spoil(former)
    assert count_unreadable() == 1
    world.decide(incident, OWN, "not_reportable")
    assert count_unreadable() == 0
    spoil(current)
    assert count_unreadable() == 1
