"""On-call schedules and overrides in the configuration file."""

import tomllib

import pytest

from escalation.models import Override, Schedule
from escalation.oncall.editing import drafts_of
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

DUTY = """
[[schedules]]
organisation = "aurora"
slug = "duty"
name = "Duty"
zone = "Europe/Berlin"
fallback = "duty@aurora.example"

[[schedules.rotations]]
name = "Primary"
unit = "week"
starts_on = 2026-01-05
handoff = 09:00:00
people = ["duty@aurora.example", "second@aurora.example"]

[[schedules.rotations]]
name = "Nights"
unit = "day"
every = 2
starts_on = "2026-01-05"
handoff = "22:00"
ends_on = "2027-01-05"
weekdays = ["sat", "sun"]
hours = ["22:00", "06:00"]
people = [["duty@aurora.example", "second@aurora.example"]]
"""
AWAY = """
[[overrides]]
organisation = "aurora"
schedule = "duty"
start_at = 2099-12-24T09:00:00+01:00
end_at = "2099-12-27T09:00:00+01:00"
people = ["second@aurora.example"]
mode = "replace"
replaces = "duty@aurora.example"
reason = "away"
"""


def problems_of(apply, text):
    with pytest.raises(WorldFileInvalid) as caught:
        apply(text)
    return [(one.field, one.message) for one in caught.value.problems]


def test_schedules_and_overrides_are_made(apply):
    lines = apply(SMALL + DUTY + AWAY).lines
    assert [line for line in lines if "schedule" in line] == [
        "+ schedule aurora/duty (Duty)",
        "+ override of schedule aurora/duty: "
        "2099-12-24T09:00:00+01:00 to 2099-12-27T09:00:00+01:00",
    ]
    schedule = Schedule.objects.get()
    draft = drafts_of([schedule])[schedule.pk]
    assert [(one.name, one.every, one.unit) for one in draft.rotations] == [
        ("Primary", 1, "week"),
        ("Nights", 2, "day"),
    ]
    override = Override.objects.get()
    assert (override.replaces.email, override.reason) == (
        "duty@aurora.example",
        "away",
    )


def test_the_second_time_changes_nothing(apply):
    apply(SMALL + DUTY + AWAY)
    assert apply(SMALL + DUTY + AWAY).lines == ()
    assert Override.objects.count() == 1


def test_a_change_says_what_differs(apply):
    apply(SMALL + DUTY)
    assert apply(SMALL + DUTY.replace("every = 2", "every = 3")).lines == (
        "~ schedule aurora/duty: rotation Nights: every changed",
    )


def test_an_override_that_is_over_is_passed_over(apply):
    lines = apply(SMALL + DUTY + AWAY.replace("2099", "2020")).lines
    assert [line for line in lines if "override" in line] == []
    assert Override.objects.count() == 0


def test_what_is_exported_applies_back_without_a_change(apply):
    apply(SMALL + DUTY + AWAY)
    text = export_world()
    assert apply(text).lines == ()
    [schedule] = tomllib.loads(text)["schedules"]
    assert schedule["rotations"][0] == {
        "name": "Primary",
        "every": 1,
        "unit": "week",
        "starts_on": "2026-01-05",
        "handoff": "09:00",
        "people": ["duty@aurora.example", "second@aurora.example"],
    }


def test_the_reason_of_an_override_is_not_exported(apply):
    apply(SMALL + DUTY + AWAY)
    assert "away" not in export_world()


def test_what_cannot_be_used_is_told_at_its_place(apply):
    text = SMALL + DUTY.replace('unit = "day"', 'unit = "month"')
    assert problems_of(apply, text) == [
        (
            "schedules[0].rotations[1].unit",
            "'month' cannot be used; use one of hour, day, week.",
        )
    ]


TEAM = """
calendars = [{ name = "team", url = "https://calendar.example/private-secret.ics" }]

[[schedules.rotations]]
name = "Primary"
"""


def with_calendar(text=TEAM):
    return SMALL + DUTY.replace(
        '\n[[schedules.rotations]]\nname = "Primary"\n', text, 1
    )


def test_a_calendar_is_imported_once_and_its_address_never_exported(apply):
    lines = apply(with_calendar()).lines
    assert "+ calendar team of schedule aurora/duty" in lines
    assert apply(with_calendar()).lines == ()
    assert "private-secret" not in export_world()
    moved = with_calendar(TEAM.replace("private-secret", "other"))
    assert apply(moved).lines == ("~ calendar team of schedule aurora/duty",)


def test_an_address_that_is_none_is_told(apply):
    text = with_calendar(TEAM.replace("https://calendar.example/", "ftp://x/"))
    assert problems_of(apply, text) == [
        (
            "schedules[0].calendars[0].url",
            "Give an address that begins with https:// or http://.",
        )
    ]


def test_names_that_lead_nowhere_are_told(apply):
    text = SMALL + DUTY.replace("second@aurora", "eve@other") + AWAY
    text = text.replace('schedule = "duty"', 'schedule = "nights"')
    assert [field for field, _ in problems_of(apply, text)] == [
        "schedules[0].rotations[0].people[1]",
        "schedules[0].rotations[1].people[0][1]",
        "overrides[0].schedule",
    ]


def test_an_instant_needs_its_offset(apply):
    text = SMALL + DUTY + AWAY.replace("09:00:00+01:00\nend", "09:00:00\nend")
    [(field, message)] = problems_of(apply, text)
    assert field == "overrides[0].start_at"
    assert "Write an instant with its offset" in message
