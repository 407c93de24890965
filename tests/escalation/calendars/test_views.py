from datetime import UTC, datetime

from django.urls import reverse

from escalation.calendars.days_off import Closure, DaysOff
from escalation.calendars.reading import read_hours
from escalation.calendars.showing import DayOff, days_off_after
from escalation.calendars.working_time import WorkingTime
from tests.factories import agency, calendar, lab, person


def test_the_page_shows_the_hours_of_ones_own_calendars_only(client, db):
    aurora, naisa = lab(name="Aurora Labs"), agency()
    week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    week |= {"sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}
    calendar(aurora, slug="always", hours=week)
    calendar(naisa, slug="secret-calendar")
    client.force_login(person(aurora))

    answer = client.get(reverse("calendar-list"))

    [shown] = answer.context["calendars"]
    assert (shown["slug"], shown["is_open"]) == ("always", True)
    assert shown["hours"] == ["Mon to Sun: 00:00 to 24:00"]
    assert "open now" in answer.text
    assert "secret-calendar" not in answer.text


def test_days_off_are_those_on_which_there_would_be_work():
    retreat = Closure(
        datetime(2026, 11, 28, tzinfo=UTC).date(),
        datetime(2026, 11, 30, tzinfo=UTC).date(),
        "Retreat",
    )
    mondays = WorkingTime(
        "UTC", read_hours({"mon": [["09:00", "17:00"]]}), DaysOff("", (retreat,))
    )
    found = days_off_after(mondays, datetime(2026, 11, 27, tzinfo=UTC))
    assert found == [DayOff(retreat.last_on, "Retreat")]
