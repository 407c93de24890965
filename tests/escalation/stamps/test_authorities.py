"""Who may say by whom the time is stamped, and what is refused."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from escalation.stamps.asking import password_of
from incidents.models import Entry, Organisation, TimeStampAuthority
from tests.factories import lab, person
from tests.incidents.ledger.time_authority import TimeAuthority, needs_openssl

pytestmark = [pytest.mark.django_db, needs_openssl]
API = "/api/v1/time-stamp-authorities/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def body(authority):
    return {
        "slug": "stamps",
        "address": "https://tsa.example/",
        "certificates": authority.pem.decode(),
        "check": False,
    }


@pytest.fixture
def admin():
    ops = Organisation.objects.create(slug="ops", kind="platform", name="Ops")
    return person(ops, role="admin")


def client_of(who):
    client = APIClient()
    client.force_authenticate(who)
    return client


def refused(answer):
    [error] = answer.json()["errors"]
    return answer.status_code, error["field"], error["remedy"]


def test_authority_is_added_once_its_stamp_is_verified(
    authority, body, admin, settings, tmp_path
):
    client = client_of(admin)
    other = TimeAuthority(tmp_path).pem.decode()
    with authority.serve() as address:
        asked = body | {"address": address, "check": True}
        answer = client.post(API, asked, format="json")
        assert refused(answer)[:2] == (422, "address")
        assert "not public" in refused(answer)[2]
        settings.ALLOW_PRIVATE_WEBHOOKS = True
        answer = client.post(API, asked | {"certificates": other}, format="json")
        assert "cannot be used" in refused(answer)[2]
        assert not TimeStampAuthority.objects.exists()
        assert client.post(API, asked, format="json").status_code == 201
    row = TimeStampAuthority.objects.get()
    assert (row.address, row.every_minutes, row.is_active) == (address, 60, True)
    # It answers no more: ending it needs no answer, asking it otherwise does.
    place = f"{API}{row.uid}/"
    assert client.patch(place, {"is_active": False}, format="json").status_code == 200
    again = {"is_active": True, "policy": "1.2.3"}
    assert refused(client.patch(place, again, format="json"))[1] == "address"
    assert Entry.objects.filter(kind="config.changed").count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "ftp://tsa.example"}, "address"),
        ({"address": "http://tsa.example", "username": "u"}, "address"),
        ({"certificates": "none"}, "certificates"),
        ({"policy": "1.2.x"}, "policy"),
        ({"every_minutes": 4}, "every_minutes"),
        ({"username": "a:b"}, "username"),
        ({"slug": "known"}, "slug"),
    ],
)
def test_authority_that_cannot_be_is_refused(admin, body, change, field):
    client = client_of(admin)
    client.post(API, body | {"slug": "known"}, format="json")
    answer = client.post(API, body | change, format="json")
    assert refused(answer)[:2] == (422, field)
    assert TimeStampAuthority.objects.count() == 1


def test_password_is_kept_and_never_sent_elsewhere(admin, body):
    client = client_of(admin)
    asked = body | {"username": "u", "password": "secret"}
    made = client.post(API, asked, format="json")
    assert "secret" not in made.text
    row = TimeStampAuthority.objects.get()
    assert password_of(row) == "secret"
    place = f"{API}{row.uid}/"
    change = {"address": "https://other.example/", "check": False}
    assert refused(client.patch(place, change, format="json"))[1] == "password"
    assert client.patch(place, {"every_minutes": 90}, format="json").status_code == 200
    row.refresh_from_db()
    assert password_of(row) == "secret"
    client.patch(place, {"username": "", "check": False}, format="json")
    row.refresh_from_db()
    assert row.password_sealed is None


def test_administrator_adds_and_changes_it_on_a_page(admin, body, authority):
    client = Client()
    client.force_login(admin)
    sent = body | {"every_minutes": 30, "is_active": "on"}
    sent["certificates"] = body["certificates"].replace("\n", "\r\n")
    answer = client.post("/time-stamps/new/", sent)
    assert [*answer.context["form"].errors] == ["address"]
    answer = client.post("/time-stamps/new/", sent | {"is_untried": "on"})
    assert answer.status_code == 302
    row = TimeStampAuthority.objects.get()
    assert (row.every_minutes, row.certificates) == (30, body["certificates"])
    assert "tsa.example" in client.get("/time-stamps/").text
    client.post(f"/time-stamps/{row.uid}/", sent | {"is_active": "", "is_untried": ""})
    row.refresh_from_db()
    assert row.is_active is False


def test_others_see_who_stamps_and_not_where(admin, body):
    client_of(admin).post(API, body, format="json")
    reader = person(lab(), role="admin")
    [row] = client_of(reader).get(API).json()["results"]
    assert row["slug"] == "stamps"
    assert not {"address", "username", "failed_why"} & row.keys()
    for send in (client_of(reader).post, client_of(reader).patch):
        place = API if send.__name__ == "post" else f"{API}{row['id']}/"
        assert send(place, body, format="json").status_code == 403
    client = Client()
    client.force_login(reader)
    assert "tsa.example" not in client.get("/time-stamps/").text
    assert client.get("/time-stamps/new/").status_code == 403
    assert "Who stamps" in client.get("/log/").text
