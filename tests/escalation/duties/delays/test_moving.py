from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.duties.delays.moving import Extended, extend, what_changed
from escalation.regimes.deadlines import Deadline, DueStatus
from tests.escalation.duties.duty_world import utc

NEW_YORK = ZoneInfo("America/New_York")
DUE = utc("2027-03-01T22:30")
LATEST = utc("2027-03-03T22:30")
AT = Deadline(DueStatus.DUE, DUE, LATEST)


def more(number=1, days=30, **rest):
    values = {"by": "the Attorney General", "citation": "1.05(c)", "suspends": True}
    return Extended(number, 3, days=days, **{**values, **rest})


def test_days_are_local_days_and_keep_the_hour():
    found = extend(AT, [more(days=14)], NEW_YORK)
    # Summer time begins on 14 March.
    assert found.due_operational == utc("2027-03-15T21:30")
    assert found.due_statutory_latest == utc("2027-03-17T21:30")


def test_extension_that_does_not_suspend_moves_the_latest_date_alone():
    found = extend(AT, [more(suspends=False)], ZoneInfo("UTC"))
    assert found.due_operational == DUE
    assert found.due_statutory_latest == LATEST + timedelta(days=30)


def test_law_without_a_rule_of_its_own_has_a_latest_date_by_the_extension():
    found = extend(Deadline(DueStatus.DUE, DUE), [more()], ZoneInfo("UTC"))
    assert found.due_statutory_latest == DUE + timedelta(days=30)


def test_what_has_no_date_is_not_moved():
    waiting = Deadline(DueStatus.WAITING, waiting_for=("material",))
    assert extend(waiting, [more()], NEW_YORK) == waiting


def test_instant_of_an_agency_never_moves_a_date_back():
    sooner = more(until=DUE - timedelta(days=1))
    assert extend(AT, [sooner], NEW_YORK).due_operational == DUE


@pytest.mark.parametrize("suspends", [True, False])
@pytest.mark.parametrize("lengths", [(), (1,), (30, 30, 60), (90, 1, 90, 7)])
def test_extensions_only_ever_give_more_time(lengths, suspends):
    series = [
        more(number, days, suspends=suspends)
        for number, days in enumerate(lengths, start=1)
    ]
    found = extend(AT, series, NEW_YORK)
    assert found.due_operational >= DUE
    assert found.due_statutory_latest >= found.due_operational
    assert len(found.flags) == len(lengths)
    assert found == extend(AT, series[::-1], NEW_YORK)


def test_change_names_what_came_and_what_went():
    before, after = ["uncertain: x"], ["uncertain: x", "extension 1 of 3: …"]
    assert what_changed(before, after) == "extension 1 of 3: …"
    assert what_changed(after, before) == "withdrawn: extension 1 of 3: …"
    assert what_changed(before, ["uncertain: y"]) == ""
