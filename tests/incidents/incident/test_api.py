import base64
import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.events.actor import Actor
from incidents.events.models import ReadMark
from incidents.incident.lifecycle import acknowledge
from incidents.incident.models import AcknowledgedVia, Incident
from incidents.models import Entry
from tests import factories
from tests.api_world import FILED, ApiWorld, client_of

LIST = "/api/v1/incidents/"


def address(incident: Incident, part: str = "") -> str:
    return f"{LIST}{incident.ref}/{part}"


def test_filing_answers_the_incident_with_its_url(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").post(LIST, FILED)
    body = answer.json()
    incident = Incident.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver/incidents/{incident.ref}/"
    shown = {
        name: body[name]
        for name in [
            "ref",
            "title",
            "status",
            "severity",
            "tlp",
            "category",
            "organisation",
            "shared_with",
            "acknowledged_at",
            "acknowledgements",
            "alert_count",
            "clocks",
            "clocks_url",
            "url",
        ]
    }
    assert shown == {
        "ref": incident.ref,
        "title": "Weights copied",
        "status": "open",
        "severity": 3,
        "tlp": "AMBER+STRICT",
        "category": "WGT",
        "organisation": "aurora",
        "shared_with": [],
        "acknowledged_at": None,
        "acknowledgements": [],
        "alert_count": 0,
        "clocks": [],
        "clocks_url": f"http://testserver/api/v1/incidents/{incident.ref}/clocks/",
        "url": f"http://testserver/incidents/{incident.ref}/",
    }


def test_receipt_is_the_recorded_leaf(api_world: ApiWorld) -> None:
    receipt = api_world.as_("staff").post(LIST, FILED).json()["receipt"]
    leaf = base64.b64decode(receipt["leaf"])
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == receipt["leaf_hash"]
    kinds = Entry.objects.filter(leaf=leaf).values_list("kind", flat=True)
    assert list(kinds) == ["incident.opened"]


def test_filing_keeps_what_was_sent(api_world: ApiWorld) -> None:
    sent = {
        **FILED,
        "description": "Seen at night.",
        "tlp": "TLP:GREEN",
        "is_danger": False,
        "occurred_at": "2026-11-02T03:00:00+01:00",
        "facts": {"determination": "suspected"},
    }
    ref = api_world.as_("staff").post(LIST, sent).json()["ref"]
    body = api_world.as_("staff").get(f"{LIST}{ref}/").json()
    kept = {name: body[name] for name in sent}
    assert kept == {**sent, "tlp": "GREEN", "occurred_at": "2026-11-02T02:00:00Z"}


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        ({"severity": 9}, "severity", "Use one of 0, 1, 2, 3, 4, 5."),
        (
            {"tlp": "PINK"},
            "tlp",
            "This is not a TLP label; use RED, AMBER+STRICT, AMBER, GREEN, CLEAR.",
        ),
        (
            {"occurred_at": "2026-11-02T03:00:00"},
            "occurred_at",
            "Say the offset from UTC too, for example 2026-11-02T03:00:00+01:00 or …Z.",
        ),
        ({"title": ""}, "title", "This field may not be blank."),
        ({"organisation": "meridian"}, "organisation", "Name one of aurora."),
    ],
)
def test_unusable_field_is_named_with_value_and_remedy(
    api_world: ApiWorld, change: dict[str, object], field: str, remedy: str
) -> None:
    answer = api_world.as_("staff").post(LIST, {**FILED, **change})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "bad_input"
    assert answer.json()["errors"] == [
        {"field": field, "value": change[field], "remedy": remedy}
    ]
    assert not Incident.objects.exists()


@pytest.mark.parametrize("name", ["occurred_at", "detected_at", "aware_at"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_time_that_cannot_be_meant_is_refused(
    api_world: ApiWorld, name: str, at: str
) -> None:
    answer = api_world.as_("staff").post(LIST, {**FILED, name: at})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["value"]) == (422, name, at)
    assert error["remedy"].startswith("Write a time from 1990-01-01 to 20")
    assert not Incident.objects.exists()


def test_unknown_field_is_named(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").post(LIST, {**FILED, "titel": "x"})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["value"]) == (422, "titel", "x")


def test_unknown_facet_is_named(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").post(LIST, {**FILED, "facts": {"colour": "red"}})
    [error] = answer.json()["errors"]
    assert error["field"] == "facts"
    assert error["remedy"].startswith("facts.colour: there is no such facet; use ")


def test_body_that_is_not_json_says_where(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    answer = client.post(LIST, '{"title": ', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"
    assert "line 1 column 11" in answer.json()["detail"]


def test_body_that_is_no_object_is_refused(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").post(LIST, [FILED])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


def test_body_over_the_limit_is_refused(api_world: ApiWorld) -> None:
    sent = {**FILED, "description": "x" * (2 * 1024 * 1024)}
    answer = api_world.as_("staff").post(LIST, sent)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_person_of_two_labs_must_choose(api_world: ApiWorld) -> None:
    user = api_world.person("staff")
    factories.person(api_world.other_lab, user.email, role="staff")
    client = client_of(user)
    [error] = client.post(LIST, FILED).json()["errors"]
    assert error["remedy"] == "Name one of aurora, meridian."
    answer = client.post(LIST, {**FILED, "organisation": "meridian"})
    assert answer.json()["organisation"] == "meridian"


def test_same_key_and_body_answer_the_same_incident(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    first = client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    second = client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Incident.objects.count() == 1


def test_same_key_with_another_body_is_refused(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    changed = {**FILED, "severity": 5}
    answer = client.post(LIST, changed, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert Incident.objects.count() == 1


def test_refused_request_leaves_its_key_free(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    client.post(LIST, {**FILED, "severity": 9}, headers={"Idempotency-Key": "k1"})
    answer = client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer


def test_key_of_another_caller_is_another_key(api_world: ApiWorld) -> None:
    for role in ("staff", "responder"):
        api_world.as_(role).post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    assert Incident.objects.count() == 2


def test_repeat_shows_what_the_caller_may_see_now(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    person = api_world.person("staff")
    person.memberships.update(ended_at=factories.NOW)
    factories.person(api_world.other_lab, person.email, role="staff")
    answer = client.post(LIST, FILED, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_list_shows_only_what_is_visible(api_world: ApiWorld) -> None:
    mine = api_world.incident(title="ours")
    factories.incident(api_world.other_lab, title="theirs")
    body = api_world.as_("staff").get(LIST).json()
    assert [row["ref"] for row in body["results"]] == [mine.ref]
    assert body["next"] is None


@pytest.mark.parametrize("role", ["other_lab_admin", "officer", "operator"])
def test_search_and_filters_do_not_show_what_is_invisible(
    api_world: ApiWorld, role: str
) -> None:
    incident = api_world.incident(title="Zanzibar")
    client = api_world.as_(role)
    for query in (
        "q=Zanzibar",
        f"q={incident.ref}",
        "organisation=aurora",
        "severity=3",
    ):
        assert client.get(f"{LIST}?{query}").json() == {"next": None, "results": []}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("severity=4,5", ["four"]),
        ("category=AVL", ["four"]),
        ("tlp=AMBER%2BSTRICT", ["three"]),
        ("tlp=AMBER+STRICT", ["three"]),
        ("status=open", ["four", "three"]),
        ("status=resolved", []),
        ("organisation=aurora", ["four", "three"]),
        ("organisation=nobody", []),
        ("q=four", ["four"]),
        ("ordering=severity", ["three", "four"]),
        ("ordering=-severity", ["four", "three"]),
        ("ordering=opened_at", ["three", "four"]),
    ],
)
def test_filter_narrows_or_orders_the_list(
    api_world: ApiWorld, query: str, titles: list[str]
) -> None:
    api_world.incident(title="three", severity=3)
    api_world.incident(title="four", severity=4, category="AVL", tlp="GREEN")
    body = api_world.as_("staff").get(f"{LIST}?{query}").json()
    assert [row["title"] for row in body["results"]] == titles


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("due_before=tomorrow", "due_before"),
        ("status=lost", "status"),
        ("ordering=title", "ordering"),
        ("limit=0", "limit"),
        ("cursor=xyz", "cursor"),
        ("cursor=WzFd", "cursor"),
    ],
)
def test_unusable_filter_is_named(api_world: ApiWorld, query: str, field: str) -> None:
    answer = api_world.as_("staff").get(f"{LIST}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("ordering", ["-opened_at", "severity"])
def test_pages_hold_every_row_once_while_new_ones_come(
    api_world: ApiWorld, ordering: str
) -> None:
    refs = {api_world.incident(severity=n % 2 + 2).ref for n in range(7)}
    client = api_world.as_("staff")
    url, seen = f"{LIST}?limit=3&ordering={ordering}", []
    while url:
        body = client.get(url).json()
        seen += [row["ref"] for row in body["results"]]
        api_world.incident(severity=0 if ordering == "severity" else 5)
        url = body["next"]
    assert sorted(seen) == sorted(refs)


def test_list_takes_as_many_queries_for_three_rows_as_for_one(
    api_world: ApiWorld,
) -> None:
    client = api_world.as_("staff")
    counts = []
    for wanted in (1, 3):
        while Incident.objects.count() < wanted:
            api_world.incident(shared=True)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(LIST).json()["results"]) == wanted
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_opening_is_recorded_before_it_is_answered(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    api_world.as_("staff").get(address(incident))
    targets = ReadMark.objects.values_list("target", flat=True)
    assert list(targets) == [f"incident:{incident.ref}"]
    assert Entry.objects.filter(kind="record.read").count() == 1


def test_listing_is_recorded_as_one_entry(api_world: ApiWorld) -> None:
    refs = [api_world.incident().ref for _ in range(3)]
    api_world.as_("staff").get(LIST)
    targets = ReadMark.objects.values_list("target", flat=True)
    assert sorted(targets) == sorted(f"list:{ref}" for ref in refs)
    assert Entry.objects.filter(kind="record.read").count() == 1


def test_agency_sees_neither_the_other_agency_nor_names(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True, labels={"host": "secret-host"})
    api_world.share(incident, api_world.other_agency)
    for role, organisation in (
        ("staff", api_world.lab),
        ("other_agency_admin", api_world.other_agency),
    ):
        user = api_world.person(role)
        acknowledge(
            incident,
            organisation=organisation,
            user=user,
            via=AcknowledgedVia.PAGE,
            actor=Actor.of(user, organisation),
            now=factories.NOW,
        )
    body = api_world.as_("officer").get(address(incident)).json()
    assert body["shared_with"] == ["naisa"]
    assert [(a["organisation"], a["by"]) for a in body["acknowledgements"]] == [
        ("aurora", None)
    ]
    assert (body["labels"], body["source"], body["reported_by"]) == (None, None, None)
    own = api_world.as_("staff").get(address(incident)).json()
    assert own["shared_with"] == ["naisa", "other-agency"]
    assert own["labels"] == {"host": "secret-host"}


def test_timeline_items_have_the_promised_fields(api_world: ApiWorld) -> None:
    ref = api_world.as_("staff").post(LIST, FILED).json()["ref"]
    items = api_world.as_("staff").get(f"{LIST}{ref}/timeline/").json()
    assert [item["kind"] for item in items] == ["incident.reported", "incident.opened"]
    assert [item["seq"] for item in items] == [1, 2]
    assert set(items[0]) == {"seq", "kind", "at", "actor", "summary", "data", "erased"}
    assert items[1]["summary"] == "Opened with severity 3: Weights copied"


def test_agency_reads_from_the_share_on(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    items = api_world.as_("officer").get(address(incident, "timeline/")).json()
    assert [item["kind"] for item in items] == ["incident.shared"]


def test_agency_sees_its_own_share_without_the_reason(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    api_world.share(incident, api_world.other_agency)
    shares = api_world.as_("officer").get(address(incident, "shares/")).json()
    assert [(s["agency"], s["reason"]) for s in shares] == [("naisa", "")]
    shares = api_world.as_("staff").get(address(incident, "shares/")).json()
    assert [(s["agency"], s["reason"]) for s in shares] == [
        ("naisa", "by hand"),
        ("other-agency", "by hand"),
    ]
