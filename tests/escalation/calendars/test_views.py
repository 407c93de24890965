from datetime import UTC, date, datetime

from django.urls import reverse

from escalation.calendars.days_off import Closure, DaysOff
from escalation.calendars.reading import read_hours
from escalation.calendars.showing import DayOff, days_off_after
from escalation.calendars.working_time import WorkingTime
from escalation.models import WorkingCalendar
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
    assert found == [DayOff(retreat.last_on, retreat.last_on, "Retreat")]


def test_days_off_of_one_name_without_work_between_are_one():
    first, last = date(2026, 12, 24), date(2027, 1, 3)
    days = read_hours({day: [["09:00", "17:00"]] for day in ("mon", "thu", "fri")})
    office = WorkingTime("UTC", days, DaysOff("", (Closure(first, last, "Break"),)))
    found = days_off_after(office, datetime(2026, 11, 27, tzinfo=UTC))
    assert found == [DayOff(first, date(2027, 1, 1), "Break")]


OFFICE = {
    "name": "Office",
    "slug": "office",
    "zone": "Europe/Berlin",
    "mon": "09:00-12:00, 13:00 to 17:00",
    "fri": "22:00-06:00",
    "holidays_of": "DE",
    "closures": "2026-12-24 2026-12-31 Year's end\n2027-05-14 Bridge day",
}


def test_an_administrator_adds_and_changes_a_calendar_on_the_page(client, db):
    aurora = lab()
    client.force_login(person(aurora, role="admin"))
    assert client.post(reverse("calendar-new"), OFFICE).status_code == 302
    made = WorkingCalendar.objects.get()
    assert made.hours == {
        "mon": [["09:00", "12:00"], ["13:00", "17:00"]],
        "fri": [["22:00", "06:00"]],
    }
    assert made.closures == [
        {"from": "2026-12-24", "to": "2026-12-31", "name": "Year's end"},
        {"from": "2027-05-14", "to": "2027-05-14", "name": "Bridge day"},
    ]
    url = reverse("calendar-edit", args=[made.pk])
    shown = client.get(url).context["form"].initial
    assert shown["mon"] == "09:00-12:00, 13:00-17:00"
    client.post(url, {**shown, "name": "Bureau"})
    made.refresh_from_db()
    assert (made.name, made.holidays_of) == ("Bureau", "DE")


def test_what_cannot_be_read_comes_back_at_its_field(client, db):
    client.force_login(person(lab(), role="admin"))
    wrong = {**OFFICE, "mon": "9 to 5", "closures": "Christmas", "zone": "Berlin"}
    answer = client.post(reverse("calendar-new"), wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) >= {"mon"}
    assert not WorkingCalendar.objects.exists()


def test_a_calendar_is_taken_out_of_use_on_the_page(client, db):
    aurora = lab()
    made = calendar(aurora)
    client.force_login(person(aurora, role="admin"))
    client.post(reverse("calendar-archive", args=[made.pk]))
    made.refresh_from_db()
    assert made.archived_at is not None


def test_a_responder_cannot_add_a_calendar(client, db):
    client.force_login(person(lab()))
    assert client.get(reverse("calendar-new")).status_code == 403
    assert client.get(reverse("calendar-list")).context["new_url"] == ""
