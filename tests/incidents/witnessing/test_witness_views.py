import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import Organisation, WatchedLog, Witness
from incidents.witnessing.own_key import own_public_key
from tests.factories import agency, lab, person
from tests.incidents.ledger.simulated_log import AGENCY, LAB, LOG_KEY, ORIGIN
from tests.incidents.witnessing.parties import witness
from tests.incidents.witnessing.test_own_policy import SECOND

pytestmark = pytest.mark.django_db
WITNESS = {"slug": "naisa", "vkey": AGENCY.public.vkey(), "address": ""}
LOG = {"origin": ORIGIN, "vkeys": f"{LOG_KEY.public.vkey()}\n", "size": 0}


def visit(who):
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def admin():
    ops = Organisation.objects.create(slug="ops", kind="platform", name="Ops")
    return visit(person(ops, role="admin"))


def test_witness_is_added_changed_and_ended(admin):
    side = agency(name="National Agency")
    admin.post("/witnesses/new/", WITNESS | {"organisation": side.pk})
    row = Witness.objects.get()
    assert (row.vkey, row.organisation, row.is_active) == (WITNESS["vkey"], side, True)
    address = "https://witness.example"
    admin.post(f"/witnesses/{row.uid}/", {"address": address})
    row.refresh_from_db()
    assert (row.address, row.is_active) == (address, False)
    assert "National Agency" in admin.get("/witnesses/").text


def test_what_cannot_be_a_witness_is_told_at_its_field(admin):
    answer = admin.post("/witnesses/new/", WITNESS | {"vkey": LOG_KEY.public.vkey()})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"vkey": ["Send the key of a witness."]}
    witness(LAB, "aurora")
    place = f"/witnesses/{Witness.objects.get().uid}/"
    answer = admin.post(place, {"address": "x", "is_active": "on"})
    assert [*answer.context["form"].errors] == ["address"]


def test_log_is_watched_and_its_keys_are_changed(admin):
    admin.post("/watched-logs/new/", LOG)
    watched = WatchedLog.objects.get()
    assert (watched.origin, watched.vkeys) == (ORIGIN, LOG_KEY.public.vkey())
    page = admin.get("/witnesses/").text
    assert ORIGIN in page
    assert own_public_key().vkey().split("+")[1] in page
    answer = admin.post(f"/watched-logs/{watched.uid}/", {"vkeys": "x"})
    assert [*answer.context["form"].errors] == ["vkeys"]
    admin.post(f"/watched-logs/{watched.uid}/", {"vkeys": LOG["vkeys"]})
    watched.refresh_from_db()
    assert not watched.is_active


def test_others_see_that_there_are_witnesses_and_not_whose(admin):
    witness(LAB, "w1", lab(name="Aurora Labs"), "https://aurora.example/")
    WatchedLog.objects.create(
        origin=ORIGIN, vkeys="", root=b"", added_at="2026-11-23T03:00Z"
    )
    reader = visit(person(agency(), role="admin"))
    page = reader.get("/witnesses/").text
    assert "w1" in page
    assert "Aurora" not in page
    assert ORIGIN not in page
    for name in ("witnesses", "watched-logs"):
        assert reader.get(f"/{name}/new/").status_code == 403
    place = f"/watched-logs/{WatchedLog.objects.get().uid}/"
    assert reader.get(place).status_code == 404
    assert reader.post(f"/witnesses/{Witness.objects.get().uid}/").status_code == 403


def test_page_says_when_nobody_but_the_operator_vouches(admin):
    words = "Nobody but the operator vouches for this record."
    assert words in admin.get("/witnesses/").text
    witness(AGENCY, "naisa", agency())
    assert words not in admin.get("/witnesses/").text


def test_page_takes_as_many_statements_for_three_witnesses_as_for_one(admin):
    counts = []
    for number, key in enumerate((AGENCY, LAB, SECOND)):
        witness(key, f"w{number}", agency())
        with CaptureQueriesContext(connection) as queries:
            admin.get("/witnesses/")
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
