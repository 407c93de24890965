import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from escalation.models import Notification, Run
from escalation.routing.dispatch import dispatch
from escalation.runs.engine import NewRun, start_runs
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from tests import factories as make
from tests.factories import NOW

# How long one of two transactions waits for the other to take its first turn.
HEAD_START_SECONDS = 0.5


@pytest.fixture
def committing(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


def two_teams():
    """Return a lab, and policies that page one person of a team: of two teams."""
    lab = make.lab()
    paths = []
    for name in ("red", "blue"):
        people = [make.person(lab) for _ in range(2)]
        for person in people:
            make.contact(lab, person)
        make.team(lab, *people, slug=name)
        step = make.notify({"round_robin": name})
        paths.append(make.policy(lab, step, make.wait(15), slug=name))
    return lab, paths


class Crossing:
    """Two transactions that take turns in two teams, each in the other's order."""

    def __init__(self, lab, paths):
        self.lab, self.errors = lab, []
        self.versions = [path.versions.get() for path in paths]
        self.pairs = [[make.incident(lab), make.incident(lab)] for _ in range(2)]
        self.barrier = threading.Barrier(2)

    def run(self):
        orders = (self.versions, self.versions[::-1])
        threads = [
            threading.Thread(target=self._take, args=(pair, order))
            for pair, order in zip(self.pairs, orders, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _take(self, pair, versions):
        try:
            with recording(NOW):
                locked = lock_incidents([incident.pk for incident in pair])
                for incident, version in zip(pair, versions, strict=True):
                    new = NewRun(locked[incident.pk], self.lab, version, "drill")
                    start_runs([new], now=NOW)
                    self._meet()
        except Exception as error:
            self.errors.append(error)
        finally:
            connections.close_all()

    def _meet(self):
        try:
            self.barrier.wait(HEAD_START_SECONDS)
        except threading.BrokenBarrierError:
            return


def test_transactions_that_take_turns_in_any_order_never_wait_in_a_circle(committing):
    crossing = Crossing(*two_teams())
    crossing.run()
    assert crossing.errors == []
    told = Notification.objects.filter(purpose="page").values_list("address", flat=True)
    # Two teams of two, two incidents each: everybody has one.
    assert len(set(told)) == len(told) == 4


@pytest.mark.django_db
def test_only_a_step_that_takes_a_turn_waits_for_those_of_others():
    lab, _ = two_teams()
    boss = make.person(lab)
    make.contact(lab, boss)
    steps = [make.notify({"user": boss.email}), make.wait(15)]
    path = make.policy(lab, *steps, make.notify({"round_robin": "red"}))
    make.route(lab, path, is_default=True)
    make.incident(lab)
    with CaptureQueriesContext(connection) as before:
        while dispatch(NOW):
            pass
    run = Run.objects.get()
    with CaptureQueriesContext(connection) as after:
        fire_due(run.next_due_at)
    assert [_locks(one) for one in (before, after)] == [0, 1]


def _locks(queries):
    return sum("pg_advisory_xact_lock" in query["sql"] for query in queries)
