"""What fails: by a delivery's own fault, or by one of ours."""

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError

from incidents.errors import BadConfiguration
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.models import Delivery, Incident
from tests.incidents.intake.intake_world import (
    NOW,
    generic,
    make_organisation,
    make_source,
    process_all,
)


@pytest.fixture
def database(world_database, django_db_blocker):
    """A database of the test's own, of which the owner can change the tables."""
    with django_db_blocker.unblock():
        yield world_database


def as_owner(database, *statements):
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)


def refuse(database, condition, *, name="refused"):
    """Have the database refuse alerts, as it does what it cannot store."""
    check = f"CHECK (NOT ({condition}))"
    as_owner(database, f"ALTER TABLE tocsin_alert ADD CONSTRAINT {name} {check}")


def miss_column(database, title):
    """Have the database answer as if our code knew a column that it lacks."""
    as_owner(
        database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'no such column' USING ERRCODE = '42703'; END $$",
        "CREATE TRIGGER fails BEFORE INSERT ON tocsin_alert FOR EACH ROW "
        f"WHEN (NEW.title = '{title}') EXECUTE FUNCTION fail()",
    )


def waiting():
    rows = Delivery.objects.order_by("id")
    return list(rows.values_list("state", "attempts", "retry_at"))


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_delivery_that_fails_is_set_apart_and_tried_at_growing_intervals(database):
    refuse(database, "title = 'poison'")
    source = make_source(make_organisation())
    store_deliveries(source, [generic(title) for title in ("a", "poison", "b")])
    process_all(after(0))
    assert waiting() == [
        ("processed", 0, None),
        ("pending", 1, after(1)),
        ("processed", 0, None),
    ]
    tried = []
    for seconds in (0, 1, 10, 11, 70, 71):
        process_all(after(seconds))
        tried.append(Delivery.objects.get(alert_count=0).attempts)
    assert tried == [1, 2, 2, 3, 3, 4]
    poison = Delivery.objects.get(state="unreadable")
    assert poison.error == "It could not be processed: IntegrityError."
    assert sorted(Incident.objects.values_list("title", flat=True)) == ["a", "b"]


def test_when_all_fail_alike_none_is_blamed(database):
    refuse(database, "title <> ''")
    source = make_source(make_organisation())
    store_deliveries(source, [generic(title) for title in "abc"])
    with pytest.raises(IntegrityError):
        process_batch(NOW)
    assert waiting() == [("pending", 0, None)] * 3
    as_owner(database, "ALTER TABLE tocsin_alert DROP CONSTRAINT refused")
    process_all()
    assert Incident.objects.count() == 3


@pytest.mark.parametrize("count", [1, 3])
def test_without_the_key_all_wait_for_it(database, settings, count):
    source = make_source(make_organisation())
    store_deliveries(source, [generic(f"{n}") for n in range(count)])
    kept, settings.KEK_FILE = settings.KEK_FILE, "/nonexistent"
    for _ in range(5):
        with pytest.raises(BadConfiguration):
            process_batch(NOW)
    assert waiting() == [("pending", 0, None)] * count
    settings.KEK_FILE = kept
    process_all()
    assert Incident.objects.count() == count


def test_what_looks_our_fault_is_put_off_beside_others_and_raised(database):
    miss_column(database, "poison")
    source = make_source(make_organisation())
    store_deliveries(source, [generic(title) for title in ("a", "poison", "b")])
    with pytest.raises(ProgrammingError):
        process_batch(NOW)
    assert waiting() == [
        ("processed", 0, None),
        ("pending", 0, after(60)),
        ("processed", 0, None),
    ]
    assert process_batch(after(59)) == 0
    as_owner(database, "DROP TRIGGER fails ON tocsin_alert")
    assert process_batch(after(60)) == 1
    assert Incident.objects.filter(title="poison").exists()
