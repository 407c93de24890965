import pytest

from escalation.policies.clock_checks import check_clocks
from escalation.policies.steps import parse_policy
from incidents.errors import BadInput
from tests.factories import agency, calendar, lab, wait


def check(organisation, clock):
    body = {"steps": [wait(5), wait(5)], "clocks": [clock]}
    check_clocks(organisation, parse_policy(body))


GOOD = {"what": "acknowledge_by", "minutes": 5}


@pytest.mark.parametrize(
    ("clock", "place"),
    [
        ({**GOOD, "calendar": "gone"}, "clocks[0].calendar"),
        ({**GOOD, "what": "triage_by"}, "clocks[0].what"),
        ({**GOOD, "pause_while_asked": True}, "clocks[0].pause_while_asked"),
        ({**GOOD, "on_breach": [{"go_to": "3"}]}, "clocks[0].on_breach[0].go_to"),
    ],
)
def test_a_lab_cannot_save_what_could_never_be_met(db, clock, place):
    with pytest.raises(BadInput) as error:
        check(lab(), clock)
    assert error.value.field == place


def test_an_agency_cannot_raise_the_owners_severity(db):
    with pytest.raises(BadInput, match="raise_severity"):
        check(agency(), {**GOOD, "on_breach": [{"raise_severity": 5}]})


def test_what_is_there_is_accepted(db):
    owner = lab()
    calendar(owner, slug="office")
    clock = {**GOOD, "calendar": "office", "on_breach": [{"go_to": "2"}]}
    check(owner, {**clock, "what": "triage_by", "side": "other"})
    calendar(other := agency(), slug="hours")
    check(other, {**GOOD, "what": "triage_by", "calendar": "hours"})
