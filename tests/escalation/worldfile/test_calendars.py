import pytest

from escalation.models import PolicyVersion, WorkingCalendar
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from tests.escalation.worldfile.conftest import SMALL

OFFICE = """
[[calendars]]
organisation = "aurora"
slug = "office"
name = "Office hours"
zone = "Europe/Berlin"
hours = { mon = [["09:00", "17:00"]], fri = [["22:00", "06:00"]] }
holidays_of = "DE-BE"
closures = [{ from = 2026-12-24, to = "2026-12-31", name = "Year's end" }]
"""


def test_a_calendar_is_written_as_the_file_says(apply):
    lines = apply(SMALL + OFFICE).lines
    assert "+ calendar aurora/office (Office hours)" in lines
    made = WorkingCalendar.objects.get(slug="office")
    closure = {"from": "2026-12-24", "to": "2026-12-31", "name": "Year's end"}
    assert (made.zone, made.holidays_of) == ("Europe/Berlin", "DE-BE")
    assert made.hours == {"mon": [["09:00", "17:00"]], "fri": [["22:00", "06:00"]]}
    assert made.closures == [closure]


def test_a_calendar_is_applied_twice_and_exported_without_a_change(apply):
    apply(SMALL + OFFICE)
    assert apply(SMALL + OFFICE).lines == ()
    assert apply(export_world()).lines == ()


def test_a_calendar_that_changed_is_told(apply):
    apply(SMALL + OFFICE)
    lines = apply(SMALL + OFFICE.replace("DE-BE", "DE")).lines
    assert lines == ('~ calendar aurora/office: holidays_of "DE-BE" → "DE"',)


CLOCKED = """
[[policies]]
organisation = "aurora"
slug = "timed"
name = "Timed"
steps = [{ kind = "wait", minutes = 5 }]
clocks = [{ what = "resolve_by", minutes = 60, calendar = "office" }]
"""


def test_the_clocks_of_a_policy_are_applied_and_exported(apply):
    apply(SMALL + OFFICE + CLOCKED)
    version = PolicyVersion.objects.get(policy__slug="timed")
    clock = {"what": "resolve_by", "minutes": 60, "calendar": "office"}
    assert version.body["clocks"] == [clock]
    assert apply(export_world()).lines == ()


def test_a_clock_by_a_calendar_that_is_not_there_is_told(apply):
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + CLOCKED)
    [problem] = error.value.problems
    assert problem.field.endswith("clocks[0].calendar")
    assert "aurora has no calendar 'office'" in problem.message


def test_wrong_hours_are_told_with_the_line_and_the_remedy(apply):
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + OFFICE.replace("22:00", "22"))
    [problem] = error.value.problems
    assert problem.field.endswith("hours.fri[0]")
    assert "write two times like" in problem.message
