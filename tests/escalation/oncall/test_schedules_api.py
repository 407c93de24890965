from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalation.models import Schedule
from tests import factories
from tests.api_world import ApiWorld, make_api_world

SCHEDULES = "/api/v1/schedules/"


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def body(*people, **more):
    rotation = {
        "name": "main",
        "unit": "week",
        "starts_on": "2026-01-05",
        "handoff": "09:00",
        "people": [person.email for person in people],
    }
    return {
        "slug": "duty",
        "name": "Duty",
        "zone": "UTC",
        "rotations": [rotation],
        **more,
    }


@pytest.fixture
def made(api_world: ApiWorld) -> dict:
    people = api_world.person("responder"), api_world.person("approver")
    answer = api_world.as_("admin").post(SCHEDULES, body(*people))
    assert answer.status_code == 201
    return answer.json()


def change(made, **more):
    sent = {name: made[name] for name in ("name", "zone", "fallback", "rotations")}
    return {**sent, **more}


def test_a_schedule_is_shown_as_it_was_sent(api_world, made):
    shown = api_world.as_("staff").get(f"{SCHEDULES}{made['id']}/").json()
    assert shown == made
    assert shown["rotations"] == [
        {**body()["rotations"][0], "every": 1, "people": made["rotations"][0]["people"]}
    ]
    assert shown["on_call"][0] in made["rotations"][0]["people"]


@pytest.mark.parametrize("role", ["staff", "responder", "approver", "officer"])
def test_only_an_administrator_writes_schedules(api_world, role):
    answer = api_world.as_(role).post(SCHEDULES, body())
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_change_replaces_what_the_schedule_says(api_world, made):
    admin = api_world.as_("admin")
    sent = change(made, zone="Europe/Berlin", rotations=[])
    shown = admin.put(f"{SCHEDULES}{made['id']}/", sent).json()
    assert (shown["zone"], shown["rotations"], shown["on_call"]) == (
        "Europe/Berlin",
        [],
        [],
    )


def test_what_cannot_be_used_names_the_place_in_the_body(api_world, made):
    sent = change(made, rotations=[{**made["rotations"][0], "unit": "month"}])
    answer = api_world.as_("admin").put(f"{SCHEDULES}{made['id']}/", sent)
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [
            {
                "field": "rotations[0].unit",
                "value": "'month'",
                "remedy": "Use one of hour, day, week.",
            }
        ],
    )


def test_people_of_another_organisation_cannot_be_named(api_world, made):
    stranger = api_world.person("officer").email
    answer = api_world.as_("admin").put(
        f"{SCHEDULES}{made['id']}/", change(made, fallback=stranger)
    )
    [error] = answer.json()["errors"]
    assert (error["field"], error["value"]) == ("fallback", stranger)


def test_a_slug_is_taken_once_and_free_again_after_the_archive(api_world, made):
    admin = api_world.as_("admin")
    assert admin.post(SCHEDULES, body()).json()["errors"][0]["field"] == "slug"
    assert admin.delete(f"{SCHEDULES}{made['id']}/").status_code == 204
    assert admin.get(f"{SCHEDULES}{made['id']}/").status_code == 404
    again = admin.post(SCHEDULES, body(rotations=[]))
    assert again.json()["id"] == made["id"]


def test_shifts_are_shown_lane_by_lane_with_their_gaps(api_world, made):
    url = f"{SCHEDULES}{made['id']}/shifts/"
    query = {"from": "2026-01-05T00:00:00Z", "until": "2026-01-13T09:00:00Z"}
    shown = api_world.as_("staff").get(url, query).json()
    first, second = made["rotations"][0]["people"]
    assert shown["shifts"] == [
        {
            "start_at": "2026-01-05T09:00:00Z",
            "end_at": "2026-01-12T09:00:00Z",
            "people": [first],
            "lane": "rotation:main",
        },
        {
            "start_at": "2026-01-12T09:00:00Z",
            "end_at": "2026-01-13T09:00:00Z",
            "people": [second],
            "lane": "rotation:main",
        },
    ]
    assert shown["layers"] == [{"name": "main", "shifts": shown["shifts"]}]
    assert shown["gaps"] == [
        {"start_at": "2026-01-05T00:00:00Z", "end_at": "2026-01-05T09:00:00Z"}
    ]
    assert (shown["gap_minutes"], shown["covered_percent"]) == (540, 95)
    assert shown["minutes"] == {first: 7 * 1440, second: 1440}
    assert shown["balance_percent"] == 63


def test_a_stretch_of_more_than_400_days_is_refused(api_world, made):
    url = f"{SCHEDULES}{made['id']}/shifts/"
    query = {"from": "2026-01-01T00:00:00Z", "until": "2028-01-01T00:00:00Z"}
    [error] = api_world.as_("staff").get(url, query).json()["errors"]
    assert error["field"] == "until"


def test_a_preview_shows_the_shifts_and_saves_nothing(api_world, made):
    sent = body(api_world.person("admin"))
    del sent["slug"]
    url = f"{SCHEDULES}preview/?from=2026-01-05T00:00:00Z&until=2026-01-06T00:00:00Z"
    shown = api_world.as_("admin").post(url, sent).json()
    assert [shift["start_at"] for shift in shown["shifts"]] == ["2026-01-05T09:00:00Z"]
    assert Schedule.objects.get().name == "Duty"
    assert api_world.as_("staff").get(f"{SCHEDULES}{made['id']}/").json() == made


def test_on_call_says_who_how_reached_until_when_and_who_is_next(api_world, made):
    first, second = api_world.person("responder"), api_world.person("approver")
    factories.contact(api_world.lab, first)
    factories.contact(api_world.lab, second, is_verified=False)
    shown = (
        api_world.as_("staff")
        .get(f"{SCHEDULES}{made['id']}/on_call/", {"at": "2026-01-06T00:00:00Z"})
        .json()
    )
    assert shown == {
        "at": "2026-01-06T00:00:00Z",
        "people": [
            {"email": first.email, "name": first.email, "reached_by": ["E-mail"]}
        ],
        "lane": "rotation:main",
        "until": "2026-01-12T09:00:00Z",
        "next_people": [
            {"email": second.email, "name": second.email, "reached_by": []}
        ],
        "next_at": "2026-01-12T09:00:00Z",
    }


def cover(made, *people, hours=2, **more):
    now = timezone.now()
    return {
        "schedule": made["slug"],
        "start_at": now.isoformat(),
        "end_at": (now + timedelta(hours=hours)).isoformat(),
        "people": [person.email for person in people],
        **more,
    }


def test_an_administrator_puts_anybody_on_call(api_world, made):
    sent = cover(made, api_world.person("staff"), reason="ill")
    shown = api_world.as_("admin").post("/api/v1/overrides/", sent).json()
    assert (shown["people"], shown["mode"], shown["reason"]) == (
        [api_world.person("staff").email],
        "whole",
        "ill",
    )
    now_on_call = api_world.as_("staff").get(f"{SCHEDULES}{made['id']}/").json()
    assert now_on_call["on_call"] == shown["people"]


def test_a_responder_puts_only_themselves_on_call(api_world, made):
    client = api_world.as_("responder")
    own = cover(made, api_world.person("responder"))
    others = cover(made, api_world.person("approver"))
    assert client.post("/api/v1/overrides/", own).status_code == 201
    assert client.post("/api/v1/overrides/", others).status_code == 403


def test_only_its_maker_or_an_administrator_takes_an_override_back(api_world, made):
    sent = cover(made, api_world.person("responder"))
    url = "/api/v1/overrides/"
    pk = api_world.as_("responder").post(url, sent).json()["id"]
    assert api_world.as_("approver").delete(f"{url}{pk}/").status_code == 403
    assert api_world.as_("responder").delete(f"{url}{pk}/").status_code == 204
    assert api_world.as_("responder").delete(f"{url}{pk}/").status_code == 409


def test_a_swap_is_asked_for_and_accepted(api_world, made):
    on_call = made["on_call"][0]
    roles = ["responder", "approver"]
    asking = next(r for r in roles if api_world.person(r).email == on_call)
    other = next(r for r in roles if r != asking)
    sent = cover(made)
    del sent["people"]
    url = "/api/v1/swaps/"
    swap = api_world.as_(asking).post(url, sent).json()
    assert (swap["state"], swap["asked_by"]) == ("open", on_call)
    answer = api_world.as_(asking).post(f"{url}{swap['id']}/accept/")
    assert answer.status_code == 403
    shown = api_world.as_(other).post(f"{url}{swap['id']}/accept/").json()
    assert (shown["state"], shown["answered_by"]) == (
        "accepted",
        api_world.person(other).email,
    )
    schedule = api_world.as_("staff").get(f"{SCHEDULES}{made['id']}/").json()
    assert schedule["on_call"] == [api_world.person(other).email]
    assert api_world.as_(other).delete(
        f"/api/v1/overrides/{_override(api_world)}/"
    ).json()["code"] == ("not_allowed")


def _override(api_world):
    [row] = api_world.as_("staff").get("/api/v1/overrides/").json()["results"]
    return row["id"]


def test_staff_neither_cover_nor_swap(api_world, made):
    client = api_world.as_("staff")
    sent = cover(made, api_world.person("staff"))
    assert client.post("/api/v1/overrides/", sent).status_code == 403


def test_a_calendar_shows_its_host_and_not_its_address(api_world, made):
    url = "https://calendar.example/private-secret/x.ics"
    sent = {"schedule": "duty", "name": "team", "url": url}
    answer = api_world.as_("admin").post("/api/v1/imported-calendars/", sent)
    assert (answer.status_code, answer.json()["host"]) == (201, "calendar.example")
    shown = api_world.as_("staff").get("/api/v1/imported-calendars/").content.decode()
    assert "calendar.example" in shown
    assert "private-secret" not in shown


def test_a_feed_shows_its_address_once_and_is_its_makers(api_world, made):
    url = "/api/v1/schedule-feeds/"
    feed = api_world.as_("staff").post(url, {"schedule": "duty", "days": 7}).json()
    secret = feed["url"].rpartition("/")[2]
    assert secret.startswith(feed["prefix"])
    for role, count in (("staff", 1), ("admin", 1), ("responder", 0)):
        listed = api_world.as_(role).get(url)
        assert len(listed.json()["results"]) == count
        assert secret not in listed.content.decode()
    assert api_world.as_("responder").delete(f"{url}{feed['id']}/").status_code == 404
    assert api_world.as_("staff").delete(f"{url}{feed['id']}/").status_code == 204


@pytest.mark.parametrize(
    "name",
    ["schedules", "overrides", "swaps", "imported-calendars", "schedule-feeds"],
)
def test_lists_take_as_many_queries_for_three_rows_as_for_one(api_world, made, name):
    schedule = Schedule.objects.get()
    admin, counts = api_world.as_("admin"), []
    responder = api_world.person("responder")
    owned = {"organisation": api_world.lab, "schedule": schedule}
    for number in range(3):
        other = factories.schedule(api_world.lab, fallback=responder)
        factories.rotation(other, responder)
        admin.post("/api/v1/overrides/", cover(made, responder))
        span = {"start_at": factories.NOW, "end_at": timezone.now()}
        schedule.swaps.create(organisation=api_world.lab, asked_by=responder, **span)
        schedule.calendars.create(**owned, name=str(number))
        admin.post("/api/v1/schedule-feeds/", {"schedule": "duty"})
        admin.get(f"/api/v1/{name}/")
        with CaptureQueriesContext(connection) as queries:
            admin.get(f"/api/v1/{name}/")
        counts.append(len(queries))
    assert counts == [counts[0]] * 3
