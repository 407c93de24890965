from datetime import UTC, datetime

import pytest

from incidents.events.actor import Actor
from incidents.incident.opening import NewIncident, open_incident
from incidents.incident.search import matching
from incidents.models import Incident, Membership, Organisation, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def staff():
    lab = Organisation.objects.create(slug="aurora", name="Aurora", kind="lab")
    user = User.objects.create_user("staff@aurora.example")
    Membership.objects.create(organisation=lab, user=user, role="staff")
    return user


@pytest.fixture
def file(staff):
    def file_one(title, description="", *, organisation=None):
        lab = organisation or Organisation.objects.get(slug="aurora")
        new = NewIncident(
            organisation_id=lab.pk,
            title=title,
            description=description,
            category="AVL",
            severity=2,
        )
        return open_incident(new, actor=Actor.system(lab), now=NOW)

    return file_one


def _found(user, q):
    visible = Incident.objects.visible_to(user)
    return sorted(incident.title for incident in matching(visible, q))


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("", ["Gateway outage in Oslo", "Weights copied"]),
        ("weights", ["Weights copied"]),
        ("WEIGHTS COPIED", ["Weights copied"]),
        ("gateway oslo", ["Gateway outage in Oslo"]),
        ("gateway weights", []),
        ("gateway or weights", ["Gateway outage in Oslo", "Weights copied"]),
        ('"outage in"', ["Gateway outage in Oslo"]),
        ('"in outage"', []),
        ("-outage", ["Weights copied"]),
        ("out", ["Gateway outage in Oslo"]),
        ("gateway out", ["Gateway outage in Oslo"]),
        ("exfiltration", ["Weights copied"]),
        ("ways", []),
    ],
)
def test_words_and_beginnings_find(staff, file, q, titles):
    file("Weights copied", "Possible exfiltration by an insider.")
    file("Gateway outage in Oslo")
    assert _found(staff, q) == titles


@pytest.mark.parametrize("length", [6, 9, 14])
def test_the_beginning_of_a_reference_finds(staff, file, length):
    wanted = file("Wanted")
    file("Other")
    assert _found(staff, wanted.ref[:length]) == ["Wanted"]
    assert _found(staff, wanted.ref[:length].lower()) == ["Wanted"]


def test_a_reference_without_its_prefix_finds(staff, file):
    wanted = file("Wanted")
    assert _found(staff, wanted.ref.removeprefix("INC-")) == ["Wanted"]


@pytest.mark.parametrize("q", ["'", "a:*", "!&|()", "\x00", "INC-", "a' | 'b", "\\"])
def test_signs_of_the_query_language_do_no_harm(staff, file, q):
    file("Weights copied")
    assert _found(staff, q) in ([], ["Weights copied"])


def test_a_search_never_shows_what_is_not_visible(staff, file):
    other = Organisation.objects.create(slug="meridian", name="Meridian", kind="lab")
    hidden = file("Weights copied at Meridian", organisation=other)
    file("Weights copied at Aurora")
    assert Incident.objects.filter(ref=hidden.ref).exists()
    assert _found(staff, "weights") == ["Weights copied at Aurora"]
    assert _found(staff, hidden.ref) == []
