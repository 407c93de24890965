from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.models import ApiToken
from tests.api_world import FILED, ApiWorld, client_of

INCIDENTS = "/api/v1/incidents/"
TOKENS = "/api/v1/tokens/"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Bearer toc_wrong", "authentication_failed"),
        ("Bearer", "authentication_failed"),
        ("Basic eDp5", "authentication_failed"),
    ],
)
def test_caller_without_a_valid_token_is_challenged(
    api_world: ApiWorld, header: str | None, code: str
) -> None:
    client = APIClient(headers={"Authorization": header} if header else {})
    answer = client.get(INCIDENTS)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"] == 'Bearer realm="tocsin"'


def test_session_reads_without_a_token(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    client = APIClient()
    client.force_login(api_world.person("staff"))
    refs = [row["ref"] for row in client.get(INCIDENTS).json()["results"]]
    assert refs == [incident.ref]


def test_session_writes_only_with_its_csrf_token(api_world: ApiWorld) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(api_world.person("staff"))
    answer = client.post(INCIDENTS, FILED)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        (["read"], (200, 403, 403)),
        (["write"], (403, 201, 403)),
        (["configure"], (403, 403, 201)),
    ],
)
def test_token_goes_as_far_as_its_scopes(
    api_world: ApiWorld, scopes: list[str], statuses: tuple[int, ...]
) -> None:
    client = client_of(api_world.person("admin"), scopes=scopes)
    answers = (
        client.get(INCIDENTS),
        client.post(INCIDENTS, FILED),
        client.post(TOKENS, {"name": "n", "scopes": scopes}),
    )
    assert tuple(answer.status_code for answer in answers) == statuses


def test_new_token_works_and_is_listed_without_its_secret(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    made = client.post(TOKENS, {"name": "ci", "scopes": ["read"]}).json()
    used = APIClient(headers={"Authorization": f"Bearer {made['token']}"})
    assert used.get(INCIDENTS).status_code == 200
    newest = client.get(TOKENS).json()["results"][0]
    assert (newest["name"], newest["scopes"]) == ("ci", ["read"])
    assert "token" not in newest


def test_token_makes_none_that_can_do_more_or_lives_longer(api_world: ApiWorld) -> None:
    end = timezone.now() + timedelta(days=1)
    options = {"scopes": ["configure"], "expires_at": end}
    client = client_of(api_world.person("staff"), **options)
    answer = client.post(TOKENS, {"name": "n", "scopes": ["write"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    client.post(TOKENS, {"name": "child", "scopes": ["configure"]})
    assert ApiToken.objects.get(name="child").expires_at == end


def test_revoked_token_ends_at_once(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    made = client.post(TOKENS, {"name": "ci"}).json()
    assert client.delete(f"{TOKENS}{made['id']}/").status_code == 204
    used = APIClient(headers={"Authorization": f"Bearer {made['token']}"})
    assert used.get(INCIDENTS).status_code == 401


def test_token_of_another_person_is_not_found(api_world: ApiWorld) -> None:
    made = api_world.as_("staff").post(TOKENS, {"name": "ci"}).json()
    answer = api_world.as_("admin").delete(f"{TOKENS}{made['id']}/")
    assert answer.status_code == 404
    assert ApiToken.objects.get(pk=made["id"]).revoked_at is None


@pytest.mark.parametrize(
    ("role", "slugs"),
    [
        ("staff", ["aurora", "naisa", "other-agency"]),
        ("officer", ["aurora", "naisa", "other-agency"]),
        ("other_agency_admin", ["naisa", "other-agency"]),
        ("operator", ["operator"]),
    ],
)
def test_organisations_are_ones_own_the_agencies_and_who_shares(
    api_world: ApiWorld, role: str, slugs: list[str]
) -> None:
    api_world.incident(shared=True)
    rows = api_world.as_(role).get("/api/v1/organisations/").json()["results"]
    assert [row["slug"] for row in rows] == slugs


def test_organisation_that_is_not_known_is_not_found(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    assert client.get("/api/v1/organisations/meridian/").status_code == 404
    own = client.get("/api/v1/organisations/aurora/").json()
    assert own == {
        "slug": "aurora",
        "name": "Aurora",
        "kind": "lab",
        "roles": ["staff"],
    }
