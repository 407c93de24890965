from datetime import timedelta

import pytest

from escalation.duties.delays.extensions import withdraw_extension
from escalation.duties.delays.granting import grant_extension, refuse_extension
from escalation.models import Notification
from incidents.errors import BadInput, NotPossible
from incidents.models import Share

DAY = timedelta(days=1)


def granted(world, row, until, text="until the audit is done"):
    made = grant_extension(row, until=until, text=text, **world.who(world.supervisor))
    world.run()
    return made


def told(world, key):
    rows = Notification.objects.filter(dedup_key__startswith=f"delay:{key}")
    return [(row.address, row.message["data"]["why"]) for row in rows]


def test_request_reaches_the_agency_and_moves_nothing(world):
    clock = world.own_law()
    due = clock.due_operational
    row = world.ask(clock, due + 3 * DAY)
    world.run()
    clock.refresh_from_db()
    assert clock.due_operational == due
    assert Share.objects.get().agency == world.agency
    [(kind, data)] = world.entries(clock.incident, world.agency, "extension.")
    assert (kind, data["reason"]) == ("extension.requested", "two sites are down")
    [(address, why)] = told(world, f"extension:{row.pk}")
    assert address == "desk@naisa.example"
    assert why.startswith("More time is asked for: ")


def test_grant_moves_the_clock_until_the_instant_that_it_names(world):
    clock = world.own_law()
    due = clock.due_operational
    row = granted(world, world.ask(clock, due + 5 * DAY), due + 2 * DAY)
    clock.refresh_from_db()
    assert clock.due_operational == due + 2 * DAY
    assert clock.due_statutory_latest == due + 2 * DAY
    until = f"{row.until:%Y-%m-%d %H:%M} UTC"
    [*_, moved] = clock.due_dates.all()
    assert moved.reason == (
        f"extension 1 of 1: until {until}, granted by Naisa under Section 4"
    )
    for side in (world.lab, world.agency):
        kinds = [k for k, _ in world.entries(clock.incident, side, "extension.")]
        assert kinds == ["extension.requested", "extension.granted"]
    assert [a for a, _ in told(world, f"extension:{row.pk}:granted")] == [
        "desk@aurora.example"
    ]


def test_refusal_gives_its_reason_and_moves_nothing(world):
    clock = world.own_law()
    due = clock.due_operational
    row = refuse_extension(
        world.ask(clock, due + DAY), text="no reason given", **world.who(world.officer)
    )
    world.run()
    clock.refresh_from_db()
    assert (clock.due_operational, row.state) == (due, "refused")
    [_, (kind, data)] = world.entries(clock.incident, world.lab, "extension.")
    assert (kind, data["reason"]) == ("extension.refused", "no reason given")
    assert world.ask(clock, due + DAY).number == 1


def test_what_was_answered_is_not_answered_again(world):
    clock = world.own_law()
    row = granted(world, world.ask(clock, clock.due_operational + DAY), later(clock))
    with pytest.raises(NotPossible, match="Nothing waits for an answer"):
        refuse_extension(row, text="x", **world.who(world.supervisor))


def later(clock):
    return clock.due_operational + DAY


@pytest.mark.parametrize("days", [0, 11])
def test_instant_is_within_what_the_law_allows(world, days):
    clock = world.own_law()
    limit = clock.due_statutory_latest or clock.due_operational
    with pytest.raises(BadInput) as caught:
        world.ask(clock, limit + days * DAY)
    assert caught.value.field == "until"


def test_agency_takes_its_grant_back_and_the_lab_does_not(world):
    clock = world.own_law()
    due = clock.due_operational
    row = granted(world, world.ask(clock, due + DAY), due + DAY)
    with pytest.raises(NotPossible, match="Only who entered it"):
        withdraw_extension(
            row, reason="x", by=world.deputy, side=world.lab, now=world.now
        )
    withdraw_extension(
        row,
        reason="the wrong lab",
        by=world.supervisor,
        side=world.agency,
        now=world.now,
    )
    world.run()
    clock.refresh_from_db()
    assert clock.due_operational == due
    kinds = [k for k, _ in world.entries(clock.incident, world.lab, "extension.")]
    assert kinds[-1] == "extension.withdrawn"


def test_lab_takes_its_request_back(world):
    clock = world.own_law()
    row = world.ask(clock, later(clock))
    withdrawn = withdraw_extension(
        row, reason="done in time", by=world.accountable, side=world.lab, now=world.now
    )
    assert withdrawn.state == "withdrawn"
    with pytest.raises(NotPossible, match="Nothing waits for an answer"):
        granted(world, row, later(clock))


def test_what_another_authority_grants_is_not_asked_of_an_agency(world):
    clock = world.disclosure()
    with pytest.raises(NotPossible, match="record its word instead"):
        world.ask(clock, later(clock))
    assert not Share.objects.exists()
