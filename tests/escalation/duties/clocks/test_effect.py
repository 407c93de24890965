"""A law that comes into effect on its own date, without a newer text."""

from datetime import timedelta

import pytest

from escalation.lawbook.registry import digest_of
from escalation.models import RegimeText, StatutoryClock
from tests.escalation.duties.clocks.conftest import DutyWorld
from tests.escalation.duties.clocks.test_bulk import OWN, TEXT

# The framework's zone is Europe/Brussels: its day begins an hour before UTC's.
DAY = "2026-11-25"
BEGINS = timedelta(days=1, hours=20)


@pytest.fixture
def law(world: DutyWorld) -> None:
    text = TEXT.format(hours=48, status="pending")
    text = text.replace("zone =", f"effective_from = {DAY}\nzone =")
    RegimeText.objects.create(
        organisation=world.lab,
        regime_id=OWN,
        digest=digest_of(text),
        text=text,
        created_at=world.now,
    )
    world.watch(OWN)


def test_instant_before_that_day_starts_no_clock_also_when_the_day_has_come(
    world: DutyWorld, law: None
):
    incident = world.open()
    world.note(incident, "aware", world.now + BEGINS - timedelta(seconds=1))
    world.forward(days=4)
    world.look(incident)
    assert not StatutoryClock.objects.exists()


def test_instant_of_that_day_starts_a_clock_without_a_newer_text(
    world: DutyWorld, law: None
):
    incident = world.open()
    at = world.now + BEGINS
    world.forward(days=4)
    world.note(incident, "aware", at)
    clock = world.clock("report")
    assert clock.due_operational == at + timedelta(hours=48)


def test_clock_whose_instant_moves_before_the_law_ends_and_says_so(
    world: DutyWorld, law: None
):
    incident = world.open()
    world.note(incident, "aware", world.now + BEGINS)
    world.note(incident, "aware", world.now)
    clock = world.clock("report")
    assert (clock.state, clock.state_reason) == (
        "cancelled",
        "the law was not in effect then",
    )
    rows = list(StatutoryClock.objects.values())
    world.look(incident)
    assert rows == list(StatutoryClock.objects.values())
