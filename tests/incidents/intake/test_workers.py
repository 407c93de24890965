import itertools
import threading

import pytest
from django.db import connections

from incidents.intake.receive import store_deliveries
from incidents.models import Alert, Delivery, Entry, Incident
from tests.incidents.intake.intake_world import (
    generic,
    make_organisation,
    make_source,
    process_all,
)


@pytest.fixture
def database(world_database, django_db_blocker):
    """A database of the test's own, where what is committed is seen by other threads."""
    with django_db_blocker.unblock():
        yield world_database


def states():
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def run_together(*functions):
    """Run the functions in threads at once; returns what they raised."""
    barrier, errors = threading.Barrier(len(functions)), []

    def run(function):
        try:
            barrier.wait()
            function()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_two_workers_agree_on_pairs(database):
    source = make_source(make_organisation())
    for first, second in itertools.product(range(10), repeat=2):
        title = f"{first}.{second}"
        pair = [generic(title), generic(title, status="resolved", minutes=5)]
        store_deliveries(source, pair if first < 5 else pair[::-1])
    store_deliveries(source, [generic(f"only {n}") for n in range(300)])
    assert run_together(process_all, process_all, process_all) == []
    assert set(states()) == {"processed"}
    assert Alert.objects.filter(status="firing").count() == 300
    assert Alert.objects.filter(status="resolved").count() == 100
    assert Incident.objects.filter(status="open").count() == 300
    alone = Alert.objects.filter(status="resolved", incident=None)
    resolved = Incident.objects.filter(status="resolved")
    assert alone.count() + resolved.count() == 100


def test_two_workers_open_one_incident_for_a_group(database):
    source = make_source(make_organisation())
    bodies = [
        generic(f"{n}", group_key=f"g{n % 7}", severity="high") for n in range(700)
    ]
    store_deliveries(source, bodies)
    assert run_together(process_all, process_all) == []
    counts = Incident.objects.values_list("alert_count", "open_alert_count")
    assert list(counts) == [(100, 100)] * 7
    assert Entry.objects.filter(kind="incident.opened").count() == 7
    assert Entry.objects.filter(kind="alert.attached").count() == 700
