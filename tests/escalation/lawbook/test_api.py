import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.lawbook.registry import shipped
from escalation.models import LegalProfile, RegimeText
from tests import factories as make
from tests.api_world import ApiWorld, make_api_world
from tests.escalation.lawbook.framework import framework

REGIMES = "/api/v1/regimes/"
PROFILE = "/api/v1/legal-profile/"
ID = "aurora-framework"


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def _make(api_world: ApiWorld, text: str = ""):
    body = {"text": text or framework(), "reason": "published"}
    return api_world.as_("admin").post(REGIMES, body)


def test_list_shows_every_law_and_who_is_under_it(api_world: ApiWorld):
    api_world.as_("admin").put(PROFILE, {"regimes": {"us-ca-sb53": {}}})

    rows = api_world.as_("staff").get(REGIMES).json()["results"]

    assert [row["id"] for row in rows] == sorted(shipped())
    watched = {row["id"]: row["watched_by"] for row in rows if row["watched_by"]}
    assert watched == {"us-ca-sb53": ["aurora"]}


def test_list_is_cut_into_pages(api_world: ApiWorld):
    client = api_world.as_("staff")
    first = client.get(REGIMES, {"limit": 10}).json()
    second = client.get(first["next"]).json()

    ids = [row["id"] for row in [*first["results"], *second["results"]]]
    assert (ids, second["next"]) == (sorted(shipped()), None)


def test_list_takes_as_many_queries_for_three_own_regimes_as_for_one(
    api_world: ApiWorld, django_assert_num_queries
):
    client = api_world.as_("staff")
    _make(api_world)
    client.get(REGIMES)
    with CaptureQueriesContext(connection) as one:
        client.get(REGIMES)
    count = len(one)
    for number in (1, 2):
        _make(api_world, framework().replace(ID, f"aurora-{number}"))

    with django_assert_num_queries(count):
        rows = client.get(REGIMES).json()["results"]

    assert len(rows) == len(shipped()) + 3


def test_law_is_opened_with_its_words_and_dates(api_world: ApiWorld):
    shown = api_world.as_("staff").get(f"{REGIMES}us-ca-sb53/").json()

    assert (shown["verified_on"], shown["basis"]) == ("2026-11-23", "statute")
    assert shown["text"] == shipped()["us-ca-sb53"].text
    assert shown["stages"][0]["due"] == ["15 days after discovering it"]
    assert shown["stages"][0]["anchors"] == ["discovered"]
    assert shown["limbs"][0]["id"] == "weights"


def test_law_is_opened_with_what_it_knows_of_delays(api_world: ApiWorld):
    [delay] = api_world.as_("staff").get(f"{REGIMES}us-sec-8k-105/").json()["delays"]

    assert (delay["kind"], delay["suspends"]) == ("extension", True)
    assert delay["grants"][2] == {
        "by": "the Attorney General",
        "days": 60,
        "is_by_recipient": False,
    }


def test_deadline_is_counted_as_the_command_counts_it(api_world: ApiWorld):
    body = {
        "stage": "early_warning",
        "anchors": {"aware": "2026-12-25T03:10:00+01:00"},
    }

    answer = api_world.as_("staff").post(f"{REGIMES}eu-nis2-23/deadline/", body)

    assert answer.json() == {
        "due_operational": "2026-12-26T03:10:00+01:00",
        "due_statutory_latest": "2026-12-26T04:00:00+01:00",
        "status": "due",
        "waiting_for": [],
        "rule": "24 hours from aware, statutory: regulation_1182_71",
        "citation": "Directive (EU) 2022/2555, Article 23(4)(a)",
        "flags": [],
    }


def test_deadline_takes_several_instants_of_one_anchor(api_world: ApiWorld):
    sent = ["2026-12-01T10:00:00Z", "2026-12-10T10:00:00Z"]
    body = {"stage": "final", "anchors": {"submitted:intermediate": sent}}

    answer = api_world.as_("staff").post(f"{REGIMES}eu-dora-19/deadline/", body)

    assert answer.json()["due_operational"] == "2027-01-10T23:59:59+01:00"


def test_deadline_is_read_where_the_profile_says(api_world: ApiWorld):
    watched = {"eu-dora-19": {"zone": "Europe/Athens", "calendar": "GR"}}
    api_world.as_("admin").put(PROFILE, {"regimes": watched})
    body = {"stage": "initial", "anchors": {"classified_major": "2026-12-07T10:00:00"}}

    answer = api_world.as_("staff").post(f"{REGIMES}eu-dora-19/deadline/", body)

    assert answer.json()["due_operational"] == "2026-12-07T14:00:00+02:00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stage": "x"}, "stage"),
        ({"stage": "report", "anchors": {"discovered": "soon"}}, "anchors.discovered"),
        ({"stage": "report", "anchors": {"discovered": 5}}, "anchors.discovered"),
        ({"stage": "report", "anchors": {"moon": "2026-12-01"}}, "anchors.moon"),
        ({"stage": "report", "zone": "Mars"}, "zone"),
        ({"stage": "report", "calendar": "XX"}, "calendar"),
        ({"stage": "report", "moon": 1}, "moon"),
    ],
)
def test_deadline_that_cannot_be_counted_names_field_and_remedy(
    api_world: ApiWorld, body: dict, field: str
):
    answer = api_world.as_("staff").post(f"{REGIMES}us-ca-sb53/deadline/", body)

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field


def test_framework_is_registered_changed_and_taken_out_of_use(api_world: ApiWorld):
    client = api_world.as_("admin")
    made = _make(api_world)
    body = {"text": framework(hours=24), "reason": "faster"}
    changed = client.put(f"{REGIMES}{ID}/", body)
    removed = client.delete(f"{REGIMES}{ID}/")

    assert (made.status_code, changed.status_code) == (201, 200)
    assert made.json()["organisation"] == "aurora"
    assert changed.json()["stages"][0]["due"] == ["24 hours after becoming aware"]
    assert removed.status_code == 204
    assert client.get(f"{REGIMES}{ID}/").status_code == 404
    rows = RegimeText.objects.filter(organisation=api_world.lab)
    assert list(rows.values_list("reason", "is_current")) == [
        ("published", False),
        ("faster", False),
    ]


def test_framework_of_the_profile_is_not_taken_out_of_use(api_world: ApiWorld):
    client = api_world.as_("admin")
    _make(api_world)
    client.put(PROFILE, {"regimes": {ID: {}}})

    assert client.delete(f"{REGIMES}{ID}/").status_code == 409


def test_versions_are_listed_and_opened(api_world: ApiWorld):
    client = api_world.as_("admin")
    _make(api_world)
    client.put(f"{REGIMES}{ID}/", {"text": framework(hours=24), "reason": "faster"})

    rows = client.get(f"{REGIMES}{ID}/versions/").json()
    first = client.get(f"{REGIMES}{ID}/versions/1/").json()

    assert [(row["number"], row["is_current"]) for row in rows] == [
        (2, True),
        (1, False),
    ]
    assert first["text"].strip() == framework().strip()
    assert client.get(f"{REGIMES}{ID}/versions/3/").status_code == 404


def test_text_that_cannot_be_used_names_key_and_remedy(api_world: ApiWorld):
    answer = _make(api_world, framework().replace("hours", "moons"))

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "text")
    assert error["value"] == "stages[0].terms[0].unit"
    assert "use one of hours, days, weeks, months" in error["remedy"]


def test_framework_of_another_lab_is_not_found(api_world: ApiWorld):
    _make(api_world)
    other = make.person(api_world.other_lab, role="admin")
    api_world.people["other admin"] = other
    client = api_world.as_("other admin")

    assert client.get(f"{REGIMES}{ID}/").status_code == 404
    assert client.delete(f"{REGIMES}{ID}/").status_code == 404
    ids = [row["id"] for row in client.get(REGIMES).json()["results"]]
    assert ids == sorted(shipped())


def test_profile_is_written_as_a_whole_and_read_by_everybody_of_it(
    api_world: ApiWorld,
):
    admin = api_world.person("admin")
    body = {
        "regimes": {"us-ca-sb53": {"zone": "UTC"}},
        "accountable": admin.email,
    }

    api_world.as_("admin").put(PROFILE, body)
    shown = api_world.as_("staff").get(PROFILE).json()

    assert shown.pop("changed_at") is not None
    assert shown == {
        "organisation": "aurora",
        "regimes": {"us-ca-sb53": {"zone": "UTC"}},
        "accountable": admin.email,
        "deputy": "",
        "policy": "",
    }


def test_profile_is_empty_before_it_is_written(api_world: ApiWorld):
    shown = api_world.as_("staff").get(PROFILE).json()

    assert (shown["regimes"], shown["accountable"], shown["changed_at"]) == (
        {},
        "",
        None,
    )


def test_profile_that_names_no_law_is_refused_with_field_and_remedy(
    api_world: ApiWorld,
):
    answer = api_world.as_("admin").put(PROFILE, {"regimes": {"eu-moon": {}}})

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "regimes")
    assert "us-ca-sb53" in error["remedy"]
    assert not LegalProfile.objects.exists()


def test_staff_may_not_write_the_profile(api_world: ApiWorld):
    answer = api_world.as_("staff").put(PROFILE, {"regimes": {"us-ca-sb53": {}}})

    assert answer.status_code == 403
    assert not LegalProfile.objects.exists()
