"""What no honest client sends is answered as its mistake, never as a fault of ours."""

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests import factories

if TYPE_CHECKING:
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
FILED = {"title": "Weights copied", "category": "WGT", "severity": 3}
STEPS = {"steps": [{"kind": "wait", "minutes": 5}]}
HALF, NUL = "\ud800", "\x00"


@pytest.fixture
def api() -> "APIClient":
    from tests.api_world import client_of  # noqa: PLC0415  Django is set up by now

    return client_of(factories.person(factories.lab("aurora"), role="admin"))


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "values", [(None, None), (NUL, 1), (HALF, 1), ("2026-01-01", 1), ("a", 10**30)]
)
@pytest.mark.parametrize("where", ["organisations", "incidents", "members"])
def test_made_up_cursor_is_refused(api, where, values):
    answer = api.get(f"/api/v1/{where}/", {"cursor": cursor_of(*values)})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


def test_cursor_of_another_list_is_refused(api):
    for _ in range(2):
        factories.incident(factories.Organisation.objects.get(slug="aurora"))
    following = api.get("/api/v1/incidents/?limit=1").json()["next"]
    assert len(api.get(following).json()["results"]) == 1
    other = following.replace("/incidents/", "/members/")
    assert api.get(other).json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("text", [f"a{HALF}b", f"a{NUL}b"])
@pytest.mark.parametrize(
    ("where", "field", "body"),
    [
        ("incidents", "title", lambda t: {**FILED, "title": t}),
        (
            "routes",
            "matchers[0].value",
            lambda t: {
                "name": "x",
                "matchers": [{"field": "label:a", "op": "=", "value": t}],
            },
        ),
        (
            "sources",
            "mapping",
            lambda t: {
                "tool": "generic",
                "slug": "x",
                "name": "x",
                "mapping": {"title": "t", f"labels.{t}": "x"},
            },
        ),
        (
            "policies",
            "body.steps[0].targets[0].user",
            lambda t: {
                "slug": "x",
                "name": "x",
                "body": {"steps": [{"kind": "notify", "targets": [{"user": t}]}]},
            },
        ),
    ],
)
def test_text_that_no_database_keeps_is_refused_by_its_field(
    api, where, field, body, text
):
    sent = json.dumps(body(text))
    answer = api.post(f"/api/v1/{where}/", sent, content_type="application/json")
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, field)
    assert error["remedy"] == "Leave out U+0000 and surrogates that stand alone."


@pytest.mark.parametrize("address", ["/incidents/%00/", "/triage/%00/"])
def test_address_with_a_nul_is_unknown(address):
    client = Client()
    client.force_login(factories.person(factories.agency(), role="officer"))
    assert client.get(address).status_code == 404


def test_filter_that_is_no_slug_is_refused():
    client = Client()
    client.force_login(factories.person(factories.agency(), role="officer"))
    assert client.get("/triage/?lab=%00").status_code == 422


def test_cursor_of_incidents_holds_no_running_number(api):
    lab = factories.Organisation.objects.get(slug="aurora")
    made = [factories.incident(lab) for _ in range(2)]
    following = api.get("/api/v1/incidents/?limit=1").json()["next"]
    [cursor] = parse_qs(urlsplit(following).query)["cursor"]
    encoded = cursor.rpartition(":")[0]
    values = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert values[0] == made[0].opened_at.isoformat()
    assert values[1:] == [max(row.ref for row in made)]
