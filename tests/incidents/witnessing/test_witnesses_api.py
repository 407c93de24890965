from base64 import b64encode

import pytest
from rest_framework.test import APIClient

from incidents.models import Entry, Organisation, WatchedLog, Witness
from incidents.witnessing.own_key import ensure_own_key, own_public_key
from tests.factories import agency, lab, person
from tests.incidents.ledger.simulated_log import AGENCY, LAB, LOG_KEY, ORIGIN
from tests.incidents.witnessing.parties import TREE

pytestmark = pytest.mark.django_db
WITNESS = {
    "slug": "naisa",
    "vkey": AGENCY.public.vkey(),
    "address": "https://witness.naisa.example/",
    "organisation": "naisa",
}
VKEY = LOG_KEY.public.vkey()
LOG = {"origin": ORIGIN, "vkeys": [VKEY]}


def client_of(who):
    client = APIClient()
    client.force_authenticate(who)
    return client


@pytest.fixture
def admin():
    agency("naisa")
    return client_of(
        person(
            Organisation.objects.create(slug="ops", kind="platform", name="Ops"),
            role="admin",
        )
    )


def refused(answer):
    [error] = answer.json()["errors"]
    return answer.status_code, error["field"]


def test_administrator_of_the_platform_adds_and_ends_a_witness(admin):
    made = admin.post("/api/v1/witnesses/", WITNESS, format="json").json()
    assert (made["organisation"], made["side"], made["size"]) == ("naisa", "agency", 0)
    place = f"/api/v1/witnesses/{made['id']}/"
    for is_active in (False, False, True):
        admin.patch(place, {"is_active": is_active}, format="json")
    kinds = Entry.objects.filter(kind__startswith="log.").order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == [
        "log.witness_added",
        "log.witness_removed",
        "log.witness_added",
    ]
    assert Witness.objects.get().is_active


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vkey": LOG_KEY.public.vkey()}, "vkey"),
        ({"vkey": "x"}, "vkey"),
        ({"slug": "labs"}, "slug"),
        ({"slug": "none"}, "slug"),
        ({"slug": "known"}, "slug"),
        ({"vkey": LAB.public.vkey()}, "vkey"),
        ({"organisation": "ops"}, "organisation"),
        ({"organisation": "nobody"}, "organisation"),
        ({"address": "ftp://witness.example"}, "address"),
        ({"address": "https://"}, "address"),
    ],
)
def test_witness_that_cannot_be_is_refused(admin, change, field):
    known = WITNESS | {"slug": "known", "vkey": LAB.public.vkey()}
    assert admin.post("/api/v1/witnesses/", known, format="json").status_code == 201
    answer = admin.post("/api/v1/witnesses/", WITNESS | change, format="json")
    assert refused(answer) == (422, field)
    assert Witness.objects.count() == 1


def test_own_key_is_no_witness(admin):
    body = WITNESS | {"vkey": ensure_own_key().public.vkey()}
    answer = admin.post("/api/v1/witnesses/", body, format="json")
    assert refused(answer) == (422, "vkey")


def test_others_read_witnesses_but_not_whose_they_are(admin):
    admin.post("/api/v1/witnesses/", WITNESS, format="json")
    reader = client_of(person(lab(), role="admin"))
    [row] = reader.get("/api/v1/witnesses/").json()["results"]
    assert (row["slug"], row["side"]) == ("naisa", "agency")
    assert not {"organisation", "address"} & row.keys()
    for send in (reader.post, reader.patch):
        place = f"/api/v1/witnesses/{row['id']}/" if send == reader.patch else None
        answer = send(place or "/api/v1/witnesses/", WITNESS, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_log_is_watched_from_the_head_that_was_handed_over(admin):
    root = b64encode(TREE.root(5)).decode()
    body = LOG | {"size": 5, "root": root}
    made = admin.post("/api/v1/watched-logs/", body, format="json").json()
    assert made["witness_vkey"] == own_public_key().vkey()
    assert (made["size"], made["root"]) == (5, root)
    place = f"/api/v1/watched-logs/{made['id']}/"
    admin.patch(place, {"is_active": False}, format="json")
    watched = WatchedLog.objects.get()
    assert (watched.is_active, watched.size) == (False, 5)
    assert Entry.objects.filter(kind="config.changed").count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vkeys": []}, "vkeys"),
        ({"vkeys": [AGENCY.public.vkey()]}, "vkeys"),
        ({"vkeys": [VKEY, VKEY]}, "vkeys"),
        ({"origin": "other.example"}, "vkeys"),
        ({"size": 5}, "root"),
        ({"root": b64encode(bytes(32)).decode()}, "root"),
        ({"root": "x"}, "root"),
    ],
)
def test_log_that_cannot_be_watched_is_refused(admin, change, field):
    answer = admin.post("/api/v1/watched-logs/", LOG | change, format="json")
    assert refused(answer) == (422, field)
    assert not WatchedLog.objects.exists()


def test_log_is_watched_once(admin):
    admin.post("/api/v1/watched-logs/", LOG, format="json")
    answer = admin.post("/api/v1/watched-logs/", LOG, format="json")
    assert refused(answer) == (422, "origin")


def test_only_the_platform_sees_which_logs_are_watched(admin):
    admin.post("/api/v1/watched-logs/", LOG, format="json")
    reader = client_of(person(agency(), role="admin"))
    assert reader.get("/api/v1/watched-logs/").json()["results"] == []
    place = f"/api/v1/watched-logs/{WatchedLog.objects.get().uid}/"
    assert reader.get(place).status_code == 404
    assert reader.patch(place, {"is_active": False}, format="json").status_code == 404
    answer = reader.post("/api/v1/watched-logs/", LOG, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
