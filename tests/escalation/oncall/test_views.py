from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from escalation.models import FeedToken, ImportedCalendar, Override, Schedule
from escalation.oncall.editing import drafts_of
from tests import factories as make
from tests.escalation.oncall.test_ical_events import calendar

ROTATION = {
    "rotation-TOTAL_FORMS": "2",
    "rotation-INITIAL_FORMS": "0",
    "rotation-0-name": "Weeks",
    "rotation-0-people": "ann@aurora.example\nbob@aurora.example, cat@aurora.example",
    "rotation-0-every": "1",
    "rotation-0-unit": "week",
    "rotation-0-starts_on": "2026-01-05",
    "rotation-0-handoff": "09:00",
    "rotation-1-every": "1",
    "rotation-1-unit": "week",
}
NEW = {"name": "Nights", "slug": "nights", "zone": "UTC", "fallback": "", **ROTATION}


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, *arguments):
    return reverse(name, args=arguments)


def on_page(crew, user=None):
    page = url("schedule-detail", crew.schedule.pk)
    return browser(user or crew.ann).get(page).context


def local(at):
    return f"{at:%Y-%m-%dT%H:%M}"


def cover(hours=5):
    now = timezone.now()
    return {
        "start_at": local(now - timedelta(minutes=1)),
        "end_at": local(now + timedelta(hours=hours)),
    }


def test_list_says_who_is_on_call_and_what_is_missing(crew):
    made = make.schedule(crew.lab, "empty")
    rows = {
        row["pk"]: row
        for row in browser(crew.ann).get(url("schedule-list")).context["schedules"]
    }
    assert rows[crew.schedule.pk]["names"][0] in {
        "ann@aurora.example",
        "bob@aurora.example",
    }
    assert rows[crew.schedule.pk]["gap_count"] == 0
    assert (rows[made.pk]["names"], rows[made.pk]["gap_hours"]) == ([], 720)


def test_list_offers_a_new_schedule_for_each_organisation(crew):
    admin, page = browser(crew.admin), url("schedule-list")
    assert f'href="{url("schedule-new")}"' in admin.get(page).text
    make.person(make.lab("second"), crew.admin.email, role="admin")
    text = admin.get(page).text
    for slug in ("aurora", "second"):
        assert f'href="{url("schedule-new")}?organisation={slug}"' in text
    assert url("schedule-new") not in browser(crew.ann).get(page).text


def test_list_takes_as_many_queries_for_three_schedules_as_for_one(crew):
    client, counts = browser(crew.ann), []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            client.get(url("schedule-list"))
        counts.append(len(queries))
        made = make.schedule(crew.lab, fallback=crew.cat)
        make.rotation(made, crew.ann, crew.bob)
    assert counts == [counts[0]] * 3


def test_page_says_who_would_be_paged_and_by_which_ways(crew):
    make.contact(crew.lab, crew.ann)
    make.contact(crew.lab, crew.bob, channel="webhook", address="https://x.example/")
    [person] = on_page(crew)["box"]["people"]
    assert person in (
        {"name": "ann@aurora.example", "ways": ["E-mail"]},
        {"name": "bob@aurora.example", "ways": ["Signed webhook"]},
    )


def test_page_shows_who_cannot_be_paged(crew):
    answer = browser(crew.ann).get(url("schedule-detail", crew.schedule.pk))
    assert "cannot be paged: no verified contact method" in answer.text


def test_page_of_an_empty_schedule_says_that_a_step_is_passed_over(crew):
    made = make.schedule(crew.lab, "empty")
    answer = browser(crew.ann).get(url("schedule-detail", made.pk))
    assert "A step that names this schedule is passed over at once" in answer.text
    assert 'class="bar-gap' in answer.text


def test_page_previews_the_next_change_of_the_clocks(crew):
    assert on_page(crew)["change"] is None
    Schedule.objects.filter(pk=crew.schedule.pk).update(zone="Europe/Berlin")
    change = on_page(crew)["change"]
    assert change["at"].minute == 0
    assert change["shifts"]


@pytest.mark.parametrize("user", ["ann", "admin"])
def test_only_administrators_are_offered_what_they_may_do(crew, user):
    context = on_page(crew, getattr(crew, user))
    is_admin = user == "admin"
    assert context["can_configure"] is is_admin
    people = [value for value, _ in context["override_form"].fields["people"].choices]
    assert len(people) == (4 if is_admin else 1)


def test_a_schedule_is_made_with_the_form(crew):
    answer = browser(crew.admin).post(url("schedule-new"), {**NEW, "save": "1"})
    made = Schedule.objects.get(slug="nights")
    assert answer.url == url("schedule-detail", made.pk)
    [rotation] = drafts_of([made])[made.pk].rotations
    assert rotation.people == (
        ("ann@aurora.example",),
        ("bob@aurora.example", "cat@aurora.example"),
    )


def test_a_preview_shows_the_instants_and_saves_nothing(crew):
    answer = browser(crew.admin).post(url("schedule-new"), {**NEW, "preview": "1"})
    assert (answer.status_code, Schedule.objects.count()) == (200, 1)
    preview = answer.context["preview"]
    assert len(preview["weeks"]) == 5
    assert preview["shifts"][0]["names"] in (
        ["ann@aurora.example"],
        ["bob@aurora.example", "cat@aurora.example"],
    )
    assert answer.context["form"]["name"].value() == "Nights"


@pytest.mark.parametrize(
    ("change", "form", "field"),
    [
        ({"rotation-0-people": "eve@other.example"}, 0, "people"),
        ({"rotation-0-handoff": ""}, 0, "handoff"),
        ({"rotation-0-every": "99"}, 0, "every"),
        ({"rotation-0-active_from": "22:00"}, 0, "active_from"),
        ({"rotation-0-ends_on": "2025-01-01"}, 0, "ends_on"),
        ({"name": ""}, None, "name"),
        ({"slug": "duty"}, None, "slug"),
    ],
)
def test_a_mistake_is_told_at_its_field(crew, change, form, field):
    sent = {**NEW, **change, "save": "1"}
    answer = browser(crew.admin).post(url("schedule-new"), sent)
    context = answer.context
    wrong = context["form"] if form is None else context["rotations"].forms[form]
    assert answer.status_code == 422
    assert list(wrong.errors) == [field]
    assert Schedule.objects.count() == 1


def test_rotations_stand_in_the_order_of_their_layers_and_can_be_removed(crew):
    second = {
        key.replace("-0-", "-1-"): value
        for key, value in ROTATION.items()
        if "-0-" in key
    }
    sent = {**NEW, **second, "rotation-1-name": "Nights", "save": "1"}
    sent |= {"rotation-0-layer": "2", "rotation-1-layer": "1"}
    client = browser(crew.admin)
    client.post(url("schedule-new"), sent)
    made = Schedule.objects.get(slug="nights")
    names = [one.name for one in drafts_of([made])[made.pk].rotations]
    assert names == ["Nights", "Weeks"]
    client.post(url("schedule-edit", made.pk), {**sent, "rotation-0-remove": "on"})
    names = [one.name for one in drafts_of([made])[made.pk].rotations]
    assert names == ["Nights"]


def test_what_is_stored_comes_back_into_the_form(crew):
    client = browser(crew.admin)
    client.post(url("schedule-new"), {**NEW, "save": "1"})
    made = Schedule.objects.get(slug="nights")
    shown = client.get(url("schedule-edit", made.pk)).context["rotations"].forms
    assert shown[0]["people"].value() == ROTATION["rotation-0-people"]
    assert len(shown) == 2


def test_a_schedule_is_taken_out_of_use(crew):
    answer = browser(crew.admin).post(url("schedule-archive", crew.schedule.pk))
    assert answer.url == url("schedule-list")
    assert list(Schedule.objects.in_use()) == []


def test_an_override_is_made_and_taken_back(crew):
    client = browser(crew.cat)
    sent = {**cover(), "people": ["cat@aurora.example"], "mode": "whole"}
    client.post(url("override-new", crew.schedule.pk), sent)
    context = on_page(crew, crew.cat)
    assert [person["name"] for person in context["box"]["people"]] == [crew.cat.email]
    [shown] = context["overrides"]
    assert (shown["names"], shown["can_cancel"]) == ([crew.cat.email], True)
    client.post(url("override-cancel", shown["pk"]))
    assert on_page(crew)["overrides"] == []


def test_times_of_an_override_are_of_the_schedules_zone(crew):
    Schedule.objects.filter(pk=crew.schedule.pk).update(zone="Asia/Kolkata")
    sent = {"start_at": "2099-01-01T09:00", "end_at": "2099-01-02T09:00"}
    sent |= {"people": ["cat@aurora.example"], "mode": "whole"}
    browser(crew.cat).post(url("override-new", crew.schedule.pk), sent)
    assert Override.objects.get().start_at.isoformat() == "2099-01-01T03:30:00+00:00"


def test_a_wrong_override_stays_on_the_page_with_what_was_typed(crew):
    sent = {**cover(hours=-9), "people": ["cat@aurora.example"], "mode": "whole"}
    answer = browser(crew.cat).post(url("override-new", crew.schedule.pk), sent)
    form = answer.context["override_form"]
    assert (answer.status_code, list(form.errors)) == (422, ["end_at"])
    assert form["people"].value() == ["cat@aurora.example"]


def test_a_swap_is_asked_for_and_accepted_on_the_page(crew):
    asking = crew.ann if _is_on_call(crew, crew.ann) else crew.bob
    browser(asking).post(url("swap-new", crew.schedule.pk), cover())
    [swap] = browser(crew.cat).get(url("schedule-list")).context["swaps"]
    assert (swap["can_accept"], swap["can_withdraw"]) == (True, False)
    browser(crew.cat).post(url("swap-answer", swap["row"].pk, "accept"))
    context = on_page(crew)
    assert [person["name"] for person in context["box"]["people"]] == [crew.cat.email]
    assert context["swaps"] == []


def test_a_swap_by_who_is_not_on_call_is_told_at_its_field(crew):
    answer = browser(crew.cat).post(url("swap-new", crew.schedule.pk), cover())
    assert list(answer.context["swap_form"].errors) == ["start_at"]


def _is_on_call(crew, user):
    return [p["name"] for p in on_page(crew)["box"]["people"]] == [user.email]


def test_a_calendar_address_is_shown_once_and_works(crew):
    client = browser(crew.ann)
    sent = {"whose": "schedule", "days": "30"}
    shown = client.post(url("feed-new", crew.schedule.pk), sent)
    path = shown.context["new_feed_url"].partition("/oncall/")[2]
    assert Client().get(f"/oncall/{path}").status_code == 200
    again = client.get(url("schedule-detail", crew.schedule.pk))
    assert path.removeprefix("feeds/").removesuffix(".ics") not in again.text
    client.post(url("feed-revoke", FeedToken.objects.get().pk))
    assert Client().get(f"/oncall/{path}").status_code == 404


def test_a_file_is_imported_and_removed(crew):
    text = calendar(
        "DTSTART:20990101T000000Z", "DTEND:20990102T000000Z", "SUMMARY:x"
    ).encode()
    client = browser(crew.admin)
    sent = {"name": "team", "file": SimpleUploadedFile("t.ics", text)}
    client.post(url("calendar-import", crew.schedule.pk), sent)
    row = ImportedCalendar.objects.get()
    assert row.text == text.decode()
    client.post(url("calendar-remove", row.pk))
    assert ImportedCalendar.objects.count() == 0


def test_a_file_that_is_no_calendar_is_told_at_its_field(crew):
    sent = {"name": "team", "file": SimpleUploadedFile("t.ics", b"hello")}
    answer = browser(crew.admin).post(url("calendar-import", crew.schedule.pk), sent)
    assert list(answer.context["import_form"].errors) == ["file"]


def test_an_error_of_a_calendar_is_shown_with_what_is_in_force(crew):
    ImportedCalendar.objects.create(
        organisation=crew.lab,
        schedule=crew.schedule,
        name="team",
        host="calendar.example",
        error="the server answered 503",
        unmatched=["eve@other.example"],
    )
    answer = browser(crew.ann).get(url("schedule-detail", crew.schedule.pk))
    for text in ("the server answered 503", "last good copy", "eve@other.example"):
        assert text in answer.text


def test_page_takes_as_many_queries_for_three_of_each_as_for_one(crew):
    client, counts = browser(crew.admin), []
    now = timezone.now()
    hours = {"start_at": now, "end_at": now + timedelta(hours=1)}
    owned = {"organisation": crew.lab, "schedule": crew.schedule}
    for number in range(3):
        row = Override.objects.create(**owned, **hours, mode="whole")
        row.people.add(crew.cat)
        crew.schedule.swaps.create(**hours, organisation=crew.lab, asked_by=crew.ann)
        ImportedCalendar.objects.create(**owned, name=str(number))
        sent = {"whose": "schedule", "days": "30"}
        client.post(url("feed-new", crew.schedule.pk), sent)
        with CaptureQueriesContext(connection) as queries:
            client.get(url("schedule-detail", crew.schedule.pk))
        counts.append(len(queries))
    assert counts == [counts[0]] * 3
