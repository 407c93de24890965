import pytest

from incidents.custody.readers import other_readers, readings_of, shown_readings
from incidents.events.actor import Actor
from incidents.incident.access import note_reading
from incidents.incident.shares import share
from tests import factories as make
from tests.api_world import client_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora", name="Aurora")


@pytest.fixture
def incident(lab):
    return make.incident(lab)


def opened_by(incident, user):
    note_reading(
        reader=f"user:{user.pk}",
        user=user,
        incidents=[incident],
        targets=[f"incident:{incident.ref}"],
        now=NOW,
    )


def shared_with(incident, *agencies):
    for agency in agencies:
        actor = Actor.system(incident.organisation)
        share(incident, agency=agency, reason="x", user=None, actor=actor, now=NOW)


def shown(incident, lab, *, names):
    rows = readings_of(incident, [lab.pk]).order_by("id")
    return [(r.person, r.role) for r in shown_readings(rows, names=names)]


def test_the_own_side_reads_names_only_where_it_may(lab, incident):
    opened_by(incident, make.person(lab, "ann@aurora.example", role="staff"))
    assert shown(incident, lab, names=True) == [("ann@aurora.example", "Staff")]
    assert shown(incident, lab, names=False) == [("", "Staff")]


def test_the_other_side_is_an_organisation_and_a_role(lab, incident):
    naisa, bureau = make.agency("naisa", name="Naisa"), make.agency("bureau")
    shared_with(incident, naisa, bureau)
    for agency in (naisa, naisa, bureau):
        opened_by(incident, make.person(agency, role="officer"))
    opened_by(incident, make.person(lab, role="staff"))
    of_lab = other_readers(incident, [lab.pk])
    of_naisa = other_readers(incident, [naisa.pk])
    assert [(o.organisation, o.role) for o in of_lab] == [
        (str(bureau), "Officer"),
        ("Naisa", "Officer"),
    ]
    assert [(o.organisation, o.role) for o in of_naisa] == [("Aurora", "Staff")]


def test_the_api_names_colleagues_to_those_who_may_approve(lab, incident):
    staff, boss = make.person(lab, role="staff"), make.person(lab, role="approver")
    address = f"/api/v1/incidents/{incident.ref}/readers/"
    first = client_of(staff).get(address).json()["results"]
    then = client_of(boss).get(address).json()["results"]
    assert [row["person"] for row in first] == [""]
    assert [row["person"] for row in then] == [str(boss), str(staff)]


def test_holds_and_erasures_go_through_the_api(lab, incident):
    ann, bob = (make.person(lab, role="approver") for _ in range(2))
    one, two = client_of(ann), client_of(bob)
    body = {"incident": incident.ref, "matter": "Case 7", "reason": "Lawsuit"}
    hold = one.post("/api/v1/holds/", body, format="json").json()
    listed = one.get(f"/api/v1/incidents/{incident.ref}/erasable/").json()["results"]
    value = next(row for row in listed if row["field"] == "title")
    named = {name: value[name] for name in ("stream", "seq", "field")}
    body = {"incident": incident.ref, "basis": "GDPR", "reason": "x", "values": [named]}
    refused = one.post("/api/v1/erasures/", body, format="json").json()
    release = {"reason": "Settled"}
    freed = two.post(f"/api/v1/holds/{hold['uid']}/release/", release, format="json")
    asked = one.post("/api/v1/erasures/", body, format="json").json()
    address = f"/api/v1/erasures/{asked['uid']}/approve/"
    states = [client.post(address).json()["state"] for client in (one, two)]
    assert (refused["state"], freed.status_code) == ("refused", 200)
    assert (asked["state"], states) == ("asked", ["asked", "done"])
