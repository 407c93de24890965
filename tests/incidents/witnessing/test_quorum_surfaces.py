import pytest

from incidents.models import Organisation, WitnessQuorum
from tests.factories import agency, lab, person
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.witnessing.parties import witness
from tests.incidents.witnessing.test_witness_views import visit
from tests.incidents.witnessing.test_witnesses_api import client_of, refused

pytestmark = pytest.mark.django_db
PLACE = "/api/v1/witness-quorum/"
GROUP = {"name": "both", "needs": "all", "members": ["naisa", "aurora"]}
BODY = {"quorum": "both", "groups": [GROUP], "alarm_minutes": 5}
LINES = "group both all naisa aurora\nquorum both"


@pytest.fixture
def two():
    witness(AGENCY, "naisa", agency())
    witness(LAB, "aurora", lab())


@pytest.fixture
def admin(two):
    ops = Organisation.objects.create(slug="ops", kind="platform", name="Ops")
    return person(ops, role="admin")


def test_quorum_is_set_over_rest_and_given_back(admin):
    client = client_of(admin)
    made = client.put(PLACE, BODY, format="json").json()
    assert {name: made[name] for name in BODY} == BODY
    assert (made["words"], made["needed"]) == (
        "naisa and aurora",
        ["aurora", "naisa"],
    )
    shown = client.put(PLACE, {"quorum": "computed"}, format="json").json()
    assert (shown["quorum"], shown["groups"]) == ("computed", [])
    assert shown["alarm_minutes"] == 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"groups": [GROUP | {"members": ["naisa", "gone"]}]}, "groups[0].members"),
        ({"groups": [GROUP | {"needs": "3"}]}, "groups[0].needs"),
        ({"quorum": "none"}, "quorum"),
        ({"alarm_minutes": 0}, "alarm_minutes"),
    ],
)
def test_quorum_that_cannot_be_is_refused(admin, change, field):
    answer = client_of(admin).put(PLACE, BODY | change, format="json")
    assert refused(answer) == (422, field)
    assert not WitnessQuorum.objects.exists()


def test_preview_changes_nothing(admin):
    body = {"quorum": "naisa"}
    shown = client_of(admin).post(f"{PLACE}preview/", body, format="json").json()
    assert shown["warnings"] == [
        "Heads can be complete without any lab's witness: aurora can be left out.",
        "No part of the quorum: aurora.",
    ]
    assert not WitnessQuorum.objects.exists()


def test_others_read_it_and_change_nothing(two):
    other = person(agency(), role="admin")
    client = client_of(other)
    assert client.get(PLACE).json()["words"] == "naisa and aurora"
    for answer in (
        client.put(PLACE, BODY, format="json"),
        client.post(f"{PLACE}preview/", BODY, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert visit(other).get("/witnesses/quorum/").status_code == 403
    assert "naisa and aurora" in visit(other).get("/witnesses/").text


def test_page_previews_and_then_saves(admin):
    client = visit(admin)
    form = {"kind": "written", "lines": LINES, "alarm_minutes": 5}
    page = client.post("/witnesses/quorum/", form | {"preview": "1"})
    assert "What this would mean, if it were saved" in page.text
    assert not WitnessQuorum.objects.exists()
    client.post("/witnesses/quorum/", form)
    assert WitnessQuorum.objects.get().groups == [GROUP]
    page = client.get("/witnesses/quorum/")
    assert page.context["form"].initial["lines"].strip() == LINES
    assert "What stands now" in page.text


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("group both all naisa gone\nquorum both", "gone: The group both names it"),
        ("grup both all naisa\nquorum both", "grup both all naisa: Line 1 is neither"),
        ("", "Write one line `quorum NAME`"),
    ],
)
def test_page_tells_what_is_wrong_at_the_lines(admin, lines, told):
    form = {"kind": "written", "lines": lines, "alarm_minutes": 5}
    answer = visit(admin).post("/witnesses/quorum/", form)
    assert answer.status_code == 422
    [error] = answer.context["form"].errors["lines"]
    assert error.startswith(told)
    assert not WitnessQuorum.objects.exists()
