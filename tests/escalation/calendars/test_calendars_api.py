import pytest

from escalation.models import WorkingCalendar
from tests.api_world import ApiWorld, make_api_world
from tests.factories import calendar

CALENDARS = "/api/v1/calendars/"
HOURS = {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}
OFFICE = {"name": "Office", "zone": "Europe/Berlin", "hours": HOURS}


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def test_a_calendar_is_made_and_shown_in_words(api_world: ApiWorld) -> None:
    body = {"slug": "office", "holidays_of": "DE", **OFFICE}
    made = api_world.as_("admin").post(CALENDARS, body).json()
    shown = api_world.as_("staff").get(f"{CALENDARS}{made['id']}/").json()
    assert shown["sentences"] == ["Mon to Tue: 09:00 to 17:00"]
    assert shown["organisation"] == "aurora"
    assert len(shown["days_off"]) > 0


def test_a_calendar_is_changed_as_a_whole(api_world: ApiWorld) -> None:
    made = calendar(api_world.lab, holidays_of="DE")
    path = f"{CALENDARS}{made.pk}/"
    answer = api_world.as_("admin").put(path, OFFICE).json()
    assert (answer["holidays_of"], answer["zone"]) == ("", "Europe/Berlin")
    made.refresh_from_db()
    assert made.hours == HOURS


def test_a_wrong_calendar_is_refused_with_place_and_remedy(api_world: ApiWorld) -> None:
    body = {"slug": "office", **OFFICE, "hours": {"mon": [["9", "17:00"]]}}
    answer = api_world.as_("admin").post(CALENDARS, body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "hours.mon[0]"
    assert "write two times like" in error["remedy"]


def test_a_taken_slug_is_refused(api_world: ApiWorld) -> None:
    calendar(api_world.lab, slug="office")
    answer = api_world.as_("admin").post(CALENDARS, {"slug": "office", **OFFICE})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "slug")


def test_a_removed_calendar_is_kept_out_of_sight(api_world: ApiWorld) -> None:
    made = calendar(api_world.lab)
    client = api_world.as_("admin")
    assert client.delete(f"{CALENDARS}{made.pk}/").status_code == 204
    assert client.get(CALENDARS).json()["results"] == []
    assert WorkingCalendar.objects.get().archived_at is not None


def test_a_list_takes_as_many_queries_for_three_as_for_one(
    api_world: ApiWorld, django_assert_num_queries
) -> None:
    client = api_world.as_("staff")
    calendar(api_world.lab)
    client.get(CALENDARS)
    with django_assert_num_queries(3) as one:
        client.get(CALENDARS)
    calendar(api_world.lab)
    calendar(api_world.lab)
    with django_assert_num_queries(len(one)):
        assert len(client.get(CALENDARS).json()["results"]) == 3
