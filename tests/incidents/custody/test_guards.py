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
