from datetime import date, time

import pytest

from escalation.authoring.checking import check_policy, require_sound
from escalation.policies.timing import Span
from incidents.errors import BadInput
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    return make.lab("aurora")


def found(organisation, *steps, slug="night", **more):
    body = {"steps": list(steps), **more}
    checked = check_policy(organisation, body, slug=slug, now=NOW)
    return [(f.level, f.where, f.what, f.message) for f in checked.findings]


def test_sound_policy_has_no_findings_and_its_times(aurora):
    duty = make.person(aurora)
    make.contact(aurora, duty)
    make.team(aurora, duty)
    body = {"steps": [make.notify({"team": "duty"}), make.wait(5)]}
    checked = check_policy(aurora, body, slug="night", now=NOW)
    assert checked.findings == ()
    assert checked.spans == {"1": Span(0, 0), "2": Span(0, 0), "end": Span(300, 300)}


def test_body_that_cannot_be_read_is_told_at_its_step(aurora):
    [(level, where, what, message)] = found(aurora, make.wait(5), {"kind": "wait"})
    assert (level, where, what) == ("error", "2", "refused")
    assert message == "Give either minutes or seconds"


def test_what_is_not_there_is_told_at_its_step_beside_warnings(aurora):
    make.team(aurora)
    steps = make.notify({"team": "duty"}), make.notify({"schedule": "gone"})
    assert [
        (level, where, what) for level, where, what, _ in found(aurora, *steps)
    ] == [
        ("error", "2", "refused"),
        ("warning", "1", "nobody"),
        ("warning", "2", "nobody"),
    ]


def test_person_without_a_verified_method_is_named(aurora):
    ada, bob = (
        make.person(aurora, "ada@a.example"),
        make.person(aurora, "bob@a.example"),
    )
    make.contact(aurora, ada)
    make.contact(aurora, bob, is_verified=False)
    make.team(aurora, ada, bob)
    [(_, where, what, message)] = found(aurora, make.notify({"team": "duty"}))
    assert (where, what) == ("1", "unverified")
    assert message == "Without a verified contact method: bob@a.example."


def test_role_reaches_those_who_have_it(aurora):
    make.contact(aurora, make.person(aurora, role="approver"))
    assert found(aurora, make.notify({"role": "approver"})) == []
    [(_, _, what, _)] = found(aurora, make.notify({"role": "staff"}))
    assert what == "nobody"


def test_schedule_with_a_gap_is_told_with_its_dates(aurora):
    ada = make.person(aurora)
    make.contact(aurora, ada)
    schedule = make.schedule(aurora, slug="primary")
    make.rotation(
        schedule,
        [ada],
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 12, 20),
        handoff_at=time(9),
    )
    [(_, where, what, message)] = found(aurora, make.notify({"schedule": "primary"}))
    assert (where, what) == ("1", "gaps")
    assert message == (
        "Nobody is on call in primary in the next 30 days, times in UTC: "
        "20 Dec 09:00 to 23 Dec 03:00."
    )


def test_calendar_that_never_opens_is_told(aurora):
    closed = [
        {"from": f"{year}-01-01", "to": f"{year}-12-31", "name": "gone"}
        for year in range(2026, 2036)
    ]
    make.calendar(aurora, slug="office", closures=closed)
    until = {"kind": "wait_until", "calendar": "office", "state": "open"}
    [(_, where, what, _)] = found(aurora, until)
    assert (where, what) == ("1", "never_open")


def test_jump_back_over_another_policy_is_one_error(aurora):
    make.policy(aurora, {"kind": "jump", "policy": "night"}, slug="day")
    make.policy(aurora, make.wait(5), slug="night")
    [(level, where, _, _)] = found(aurora, {"kind": "jump", "policy": "day"})
    assert (level, where) == ("error", "1")
    body = {"steps": [{"kind": "jump", "policy": "day"}]}
    with pytest.raises(BadInput):
        require_sound(aurora, body, slug="night", now=NOW)


def test_clock_that_goes_to_no_step_is_refused(aurora):
    clock = {"what": "resolve_by", "minutes": 60, "on_breach": [{"go_to": "7"}]}
    body = {"steps": [make.wait(5)], "clocks": [clock]}
    with pytest.raises(BadInput, match="'7' cannot be used"):
        require_sound(aurora, body, slug="night", now=NOW)
    [finding] = check_policy(aurora, body, slug="night", now=NOW).findings
    assert (finding.where, finding.message) == (
        "clocks[0]",
        "There is no step 7; use one of 1.",
    )


def test_checking_costs_the_same_for_one_target_and_for_many(
    aurora, django_assert_num_queries
):
    people = [make.person(aurora) for _ in range(3)]
    for person in people:
        make.contact(aurora, person)
    make.team(aurora, *people)
    few = {"steps": [make.notify({"team": "duty"})]}
    more = [{"user": person.email} for person in people]
    with django_assert_num_queries(10):
        check_policy(aurora, few, slug="night", now=NOW)
    many = {"steps": [make.notify({"team": "duty"}), *(make.notify(t) for t in more)]}
    # References are looked up one by one when a policy is saved: a person waits, once.
    with django_assert_num_queries(10 + len(more)):
        check_policy(aurora, many, slug="night", now=NOW)
