"""The triggers bind the owner of the tables too."""

import psycopg
import pytest

from incidents.models import Disclosure, Entry
from tests import factories as make


@pytest.fixture
def opened(world_database):
    make.incident(make.lab("aurora"))
    return Entry.objects.get(kind="incident.opened")


def refused():
    return pytest.raises(psycopg.errors.InsufficientPrivilege, match="is refused")


def test_even_the_owner_deletes_only_what_an_entry_says_is_erased(
    world_database, opened
):
    with psycopg.connect(world_database.owner_url) as owner, refused():
        owner.execute("DELETE FROM tocsin_disclosure")


def test_even_the_owner_does_not_invent_an_erasure(world_database, opened):
    with psycopg.connect(world_database.owner_url) as owner, refused():
        owner.execute(
            "INSERT INTO tocsin_erased (entry_id, name, decision_id)"
            " VALUES (%s, 'title', %s)",
            [opened.pk, opened.pk],
        )
    assert Disclosure.objects.filter(entry=opened, name="title").exists()


@pytest.mark.parametrize(
    "escape",
    [
        "UPDATE tocsin_audience_stream SET incident_id = NULL",
        "UPDATE tocsin_audience_stream SET organisation_id = organisation_id + 1",
        "DELETE FROM tocsin_audience_stream",
        "UPDATE tocsin_user SET uid = gen_random_uuid()",
        "DELETE FROM tocsin_attachment",
    ],
)
def test_runtime_role_does_not_move_a_record_out_of_its_hold(world_database, escape):
    """What a hold covers is told by whose a stream is, and by a person's uid."""
    lab = make.lab("aurora")
    admin = make.person(lab, role="admin")
    make.hold(lab, make.incident(lab), admin)
    with (
        psycopg.connect(world_database.url) as runtime,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        runtime.execute(escape)
