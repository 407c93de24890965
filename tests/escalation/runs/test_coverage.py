from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.runs.simulation.coverage import stretches, told_after, worst
from escalation.runs.simulation.timeline import PolicyTimeline
from escalation.runs.simulation.world import Subject
from tests import factories as make

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
# The Sunday on which the clocks of Berlin go back lies in these days.
START = datetime(2026, 10, 23, 0, 0, tzinfo=ZoneInfo("UTC"))
END = START + timedelta(days=5)

WEEKDAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}

POLICIES = {
    "gaps": (
        make.notify({"schedule": "duty"}),
        make.wait(25),
        {"kind": "repeat", "from": 1, "rounds": 3},
    ),
    "boss-later": (
        make.notify({"schedule": "duty"}),
        make.wait(17),
        make.notify({"user": "boss@aurora.example"}),
    ),
    "office": (
        {"kind": "wait_until", "calendar": "office"},
        make.notify({"user": "boss@aurora.example"}),
    ),
    "branches": (
        {
            "kind": "if",
            "when": [{"field": "on_call", "op": "=", "value": "duty"}],
            "then": [make.notify({"schedule": "duty"})],
            "else": [
                {
                    "kind": "if",
                    "when": [{"field": "severity", "op": ">=", "value": 4}],
                    "then": [
                        make.wait(3),
                        make.notify({"user": "boss@aurora.example"}),
                    ],
                    "else": [
                        make.wait(40),
                        make.notify({"user": "boss@aurora.example"}),
                    ],
                }
            ],
        },
    ),
    "light-sleeper": (
        make.notify({"user": "light@aurora.example"}),
        make.wait(9),
        make.notify({"user": "light@aurora.example"}),
    ),
    "grave": (
        {
            "kind": "if",
            "when": [{"field": "severity", "op": "=", "value": 3}],
            "then": [make.wait(6)],
        },
        {"kind": "raise_severity", "to": 5},
        make.notify({"user": "light@aurora.example"}),
    ),
    "nobody": (make.notify({"desk": "aurora"}),),
    "next": (make.notify({"next_on_call": "duty"}), make.wait(5)),
}


@pytest.fixture
def timeline():
    lab = make.lab("aurora")
    people = [
        make.person(lab, f"{name}@aurora.example") for name in ("ann", "bob", "boss")
    ]
    for person in people:
        make.contact(lab, person)
    light = make.person(lab, "light@aurora.example")
    make.contact(lab, light, slug="mail")
    make.contact(lab, light, slug="second")
    make.rules(
        lab,
        light,
        normal=[
            {"method": "mail", "after_minutes": 4},
            {"method": "second", "after_minutes": 30},
        ],
        zone="Europe/Berlin",
        quiet={"from": "21:30", "to": "06:20"},
    )
    make.calendar(lab, slug="office", zone="Europe/Berlin", hours=WEEKDAYS)
    duty = make.schedule(lab, "duty", zone="Europe/Berlin")
    make.rotation(
        duty,
        *people[:2],
        unit="day",
        starts_on=date(2026, 10, 1),
        handoff_at=time(8, 30),
        active_from=time(6, 10),
        active_until=time(22, 45),
    )
    for slug, steps in POLICIES.items():
        make.policy(lab, *steps, slug=slug)
    return PolicyTimeline.load(lab, Subject(), start=START, end=END)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("severity", [2, 5])
def test_stretches_are_what_a_walk_minute_by_minute_finds(timeline, policy, severity):
    found = stretches(timeline, policy, severity, START, END)
    assert (found[0].start, found[-1].end) == (START, END)
    at = START
    for stretch in found:
        while at < stretch.end:
            wait = stretch.wait
            if wait is not None and stretch.is_fixed:
                wait -= at - stretch.start
            assert told_after(timeline, policy, severity, at) == wait, at
            at += MINUTE


def test_a_gap_is_found_with_its_edges(timeline):
    found = stretches(timeline, "branches", 2, START, END)
    late = [s for s in found if s.breaks(timedelta(minutes=10))]
    assert (late[1].start, late[1].end, late[1].wait) == (
        datetime(2026, 10, 23, 22, 45, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 24, 6, 10, tzinfo=ZoneInfo("Europe/Berlin")),
        timedelta(minutes=40),
    )
    assert worst(found) == timedelta(minutes=40)


def test_a_desk_is_no_human(timeline):
    [only] = stretches(timeline, "nobody", 3, START, END)
    assert (only.wait, worst((only,))) == (None, None)


def test_severities_that_make_no_difference_are_one_class(timeline):
    assert timeline.severity_classes("gaps") == [[0, 1, 2, 3], [4, 5]]
    assert timeline.severity_classes("branches") == [[0, 1, 2, 3], [4, 5]]
    assert timeline.severity_classes("grave") == [[0, 1, 2], [3], [4], [5]]
