import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from escalation.models import Notification, StepTaken
from escalation.routing.dispatch import dispatch
from incidents.models import Pending, Timer
from incidents.timers import schedule
from incidents.timers.histogram import bucket_of
from incidents.timers.lateness import by_kind
from tests import factories as make
from tests.factories import NOW

DUE = NOW + timedelta(minutes=15)


def lab_with_two_pages():
    lab = make.lab()
    first, second = make.person(lab), make.person(lab)
    make.contact(lab, first)
    make.contact(lab, second)
    path = make.policy(
        lab,
        make.notify({"user": first.email}),
        make.wait(15),
        make.notify({"user": second.email}),
    )
    make.route(lab, path, is_default=True)
    return lab


def route_all():
    while dispatch(NOW):
        pass


def waiting_incidents(lab, count):
    """Open incidents whose second page is due at DUE; no other timer stands."""
    incidents = [make.incident(lab) for _ in range(count)]
    route_all()
    Timer.objects.exclude(kind="run.step").delete()
    return incidents


def statements(act):
    with CaptureQueriesContext(
        connection,
    ) as context:
        act()
    return len(context)


def second_pages():
    return Notification.objects.filter(step_index=2)


@pytest.fixture
def committing(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


@contextmanager
def held(database, *incidents):
    """Hold the locks of incidents as another worker would."""
    with psycopg.connect(database.url) as other:
        ids = [incident.pk for incident in incidents]
        other.execute(
            "SELECT FROM tocsin_incident WHERE id = ANY(%s) FOR NO KEY UPDATE", [ids]
        )
        yield other


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["dispatch", "fire_due"])
def test_number_of_statements_does_not_grow_with_the_batch(step):
    counts = []
    for size in (1, 20):
        lab = lab_with_two_pages()
        if step == "dispatch":
            for _ in range(size):
                make.incident(lab)
            counts.append(statements(lambda: dispatch(NOW)))
        else:
            waiting_incidents(lab, size)
            counts.append(statements(lambda: fire_due(DUE)))
            Timer.objects.all().delete()
    assert counts[0] == counts[1] > 0
    assert Notification.objects.count() == (21 if step == "dispatch" else 42)


def test_locked_incident_is_passed_over_and_stays_due(committing):
    locked, free = waiting_incidents(lab_with_two_pages(), 2)
    with held(committing, locked):
        assert fire_due(DUE) == 1
        assert [row.incident for row in second_pages()] == [free]
        assert Timer.objects.get(incident=locked, kind="run.step").attempts == 0
    assert fire_due(DUE) == 1
    assert second_pages().count() == 2


def test_timer_over_a_second_late_waits_for_the_lock(committing):
    [incident] = waiting_incidents(lab_with_two_pages(), 1)
    with held(committing, incident) as other:
        release = threading.Timer(0.3, other.rollback)
        release.start()
        fired = fire_due(DUE + timedelta(seconds=1.5))
        release.join()
    assert (fired, second_pages().count()) == (1, 1)


def test_one_hanging_lock_is_waited_for_once_and_holds_up_nobody(committing):
    locked, free = waiting_incidents(lab_with_two_pages(), 2)
    due = Timer.objects.get(incident=locked)
    Timer.objects.bulk_create(
        Timer(
            kind="incident.changed",
            subject_id=locked.pk,
            organisation=locked.organisation,
            incident=locked,
            due_at=due.due_at,
        )
        for _ in range(4)
    )
    began = time.monotonic()
    with held(committing, locked):
        assert fire_due(DUE + timedelta(seconds=2)) == 1
    assert time.monotonic() - began < 2 * 2
    assert [row.incident for row in second_pages()] == [free]
    left = Timer.objects.filter(incident=locked)
    assert set(left.values_list("attempts", flat=True)) == {0}


@pytest.mark.django_db
def test_handler_that_raises_is_pushed_back_further_each_time(monkeypatch):
    asked = []

    def refuse(timers, now):
        asked.append(now)
        raise ValueError("title: weights copied")

    monkeypatch.setitem(schedule._handlers, "test.refuse", refuse)
    lab = lab_with_two_pages()
    waiting_incidents(lab, 2)
    bad = Timer.objects.create(
        kind="test.refuse", subject_id=1, organisation=lab, due_at=DUE
    )
    late = DUE + timedelta(seconds=5)
    while fire_due(late):
        pass
    assert second_pages().count() == 2
    # Once with the batch and once alone, not again although it is late.
    assert asked == [late, late]
    for attempts, pause in ((1, 2), (2, 4), (3, 8)):
        bad.refresh_from_db()
        assert (bad.attempts, bad.original_due_at) == (attempts, DUE)
        assert bad.due_at == late + timedelta(seconds=pause)
        late = bad.due_at
        fire_due(late)
    assert bad.last_error == "ValueError"


@pytest.mark.django_db
def test_error_of_the_database_is_pushed_back_even_when_late(monkeypatch):
    def refuse(timers, now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setitem(schedule._handlers, "test.refuse", refuse)
    bad = Timer.objects.create(
        kind="test.refuse", subject_id=1, organisation=make.lab(), due_at=NOW
    )
    fire_due(NOW + timedelta(minutes=1))
    bad.refresh_from_db()
    assert (bad.attempts, bad.last_error) == (1, "DataError 22012")


@pytest.mark.django_db
def test_entry_that_cannot_be_routed_does_not_stop_the_router():
    broken, well = lab_with_two_pages(), lab_with_two_pages()
    route = broken.routes.get()
    make.route(broken, route.policy, {"field": "severity", "op": "≥", "value": "x"})
    make.incident(broken)
    make.incident(well)
    route_all()
    assert [row.organisation for row in Notification.objects.all()] == [well]
    assert not Pending.objects.filter(consumer="router").exists()
    fire_due(NOW)
    timer = Timer.objects.get(kind="routing.again")
    assert timer.attempts == 1
    broken.routes.filter(is_default=False).delete()
    fire_due(timer.due_at)
    assert Notification.objects.filter(organisation=broken).count() == 1


def test_workers_at_once_take_each_timer_once(committing):
    incidents = waiting_incidents(lab_with_two_pages(), 40)
    barrier, errors = threading.Barrier(4), []

    def work():
        try:
            barrier.wait()
            while Timer.objects.filter(due_at__lte=DUE).exists():
                fire_due(DUE)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert second_pages().count() == len(incidents)
    assert StepTaken.objects.filter(step_index=2).count() == len(incidents)
    assert not Timer.objects.filter(attempts__gt=0).exists()


@pytest.mark.django_db
def test_timers_that_fired_are_counted_by_how_late_they_went():
    waiting_incidents(lab_with_two_pages(), 3)
    fire_due(DUE + timedelta(seconds=3))
    counted = by_kind(NOW)["run.step"]
    assert counted.counts == {bucket_of(4_000): 3}
    assert 9_000 <= counted.total_ms < 12_000


@pytest.mark.django_db
def test_timer_that_raised_is_counted_when_it_went_with_its_first_instant(monkeypatch):
    [incident] = waiting_incidents(lab_with_two_pages(), 1)
    with monkeypatch.context() as patch:
        patch.setitem(schedule._handlers, "run.step", lambda *_: 1 / 0)
        fire_due(DUE)
    assert by_kind(NOW) == {}
    fire_due(DUE + timedelta(seconds=5))
    assert Timer.objects.filter(incident=incident, due_at__lte=DUE).count() == 0
    assert by_kind(NOW)["run.step"].counts == {bucket_of(10_000): 1}
