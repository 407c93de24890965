import psycopg
import pytest
from django.db import transaction

from incidents.ledger.append import append, make_streams
from tests.incidents.ledger.test_append import draft


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tocsin_entry SET kind = 'x'",
        "DELETE FROM tocsin_disclosure",
        "TRUNCATE tocsin_entry CASCADE",
    ],
)
def test_even_the_owner_is_stopped_by_triggers(world_database, statement):
    (stream,) = make_streams(1)
    with transaction.atomic():
        append([draft(stream, reason="one")])
    refused = pytest.raises(
        psycopg.errors.InsufficientPrivilege, match="only ever added"
    )
    with psycopg.connect(world_database.owner_url) as owner, refused:
        owner.execute(statement)
