import pytest

from incidents.models import Entry, Membership, Team, User
from tests.api_world import FILED, ApiWorld

MEMBERS = "/api/v1/members/"
TEAMS = "/api/v1/teams/"
NEW = {"email": "New@Aurora.example", "name": "New", "role": "staff"}


@pytest.mark.parametrize("role", ["staff", "responder", "approver"])
def test_only_an_administrator_gives_roles(api_world: ApiWorld, role: str) -> None:
    answer = api_world.as_(role).post(MEMBERS, NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not User.objects.filter(email="new@aurora.example").exists()


def test_given_role_makes_the_account_and_is_recorded(api_world: ApiWorld) -> None:
    answer = api_world.as_("admin").post(MEMBERS, NEW)
    assert answer.status_code == 201
    membership = Membership.objects.get(user__email="new@aurora.example")
    assert (membership.organisation, membership.role) == (api_world.lab, "staff")
    assert not membership.user.has_usable_password()
    assert Entry.objects.filter(kind="access.granted").count() == 1


def test_person_of_another_organisation_is_not_drawn_in(api_world: ApiWorld) -> None:
    stranger = api_world.person("staff")
    body = {"email": stranger.email.upper(), "role": "staff"}
    answer = api_world.as_("other_lab_admin").post(MEMBERS, body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
    assert [m.organisation for m in stranger.memberships.all()] == [api_world.lab]
    assert api_world.as_("staff").post("/api/v1/incidents/", FILED).status_code == 201


def test_role_of_another_kind_of_organisation_is_refused(api_world: ApiWorld) -> None:
    answer = api_world.as_("admin").post(MEMBERS, {**NEW, "role": "officer"})
    [error] = answer.json()["errors"]
    assert error["remedy"] == "Use one of staff, responder, approver, admin."


def test_ended_role_ends_what_the_person_sees(api_world: ApiWorld) -> None:
    incident, client = api_world.incident(), api_world.as_("staff")
    membership = api_world.person("staff").memberships.get()
    answer = api_world.as_("admin").delete(f"{MEMBERS}{membership.pk}/")
    assert answer.status_code == 204
    assert client.get(f"/api/v1/incidents/{incident.ref}/").status_code == 404
    assert Entry.objects.filter(kind="access.revoked").count() == 1


def test_last_administrator_stays(api_world: ApiWorld) -> None:
    membership = api_world.person("admin").memberships.get()
    answer = api_world.as_("admin").delete(f"{MEMBERS}{membership.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")


def test_team_is_made_and_replaced_by_its_slug(api_world: ApiWorld) -> None:
    client = api_world.as_("admin")
    staff, responder = (api_world.person(r).email for r in ("staff", "responder"))
    sent = {"slug": "duty", "name": "Duty", "members": [staff]}
    client.post(TEAMS, sent)
    body = client.post(TEAMS, {**sent, "members": [responder]}).json()
    assert (body["slug"], body["members"]) == ("duty", [responder])
    assert Team.objects.count() == 1


def test_team_takes_only_its_own_people(api_world: ApiWorld) -> None:
    stranger = api_world.person("officer").email
    sent = {"slug": "duty", "name": "Duty", "members": [stranger]}
    [error] = api_world.as_("admin").post(TEAMS, sent).json()["errors"]
    assert (error["field"], error["value"]) == ("members", stranger)
    assert not Team.objects.exists()
