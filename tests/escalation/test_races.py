import os
import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections

from escalation.loop import fire_due
from escalation.models import Notification
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.incident.opening import NewIncident, open_incidents
from incidents.models import Entry, Timer
from tests import factories as make
from tests.factories import NOW

ROUNDS = int(os.environ.get("RACE_ROUNDS", "400"))
# A slow machine runs fewer rounds; so few would prove nothing.
LIMIT_SECONDS = int(os.environ.get("RACE_SECONDS", "60"))
LEAST_ROUNDS = 100
HEAD_START_SECONDS = 0.008


@pytest.fixture
def committing(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield world_database


def waiting_incidents(lab, count):
    """Open incidents whose second page is due one minute after another."""
    new = NewIncident(
        organisation_id=lab.pk, title="Weights copied", category="WGT", severity=3
    )
    actor = Actor.source(lab, name="tests")
    incidents = open_incidents([new] * count, actors=[actor] * count, now=NOW)
    while dispatch(NOW):
        pass
    Timer.objects.exclude(kind="run.step").delete()
    for number, incident in enumerate(incidents):
        Timer.objects.filter(incident=incident).update(due_at=instant(number))
    return incidents


def instant(number):
    return NOW + timedelta(minutes=number)


def lab_with_two_pages():
    lab = make.lab("aurora")
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
    return lab, first


class Race:
    """An acknowledgement and a tick that start together, once for each incident."""

    def __init__(self, lab, user, incidents):
        self.lab, self.user, self.incidents = lab, user, incidents
        self.barrier = threading.Barrier(2)
        self.ends_at = time.monotonic() + LIMIT_SECONDS
        self.delays = random.Random(7)  # the same rounds every time
        self.rounds, self.errors = 0, []

    def run(self):
        threads = [
            threading.Thread(target=self._loop, args=(act,))
            for act in (self._acknowledge, self._tick)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self, act):
        try:
            for number in range(len(self.incidents)):
                if self.barrier.wait() == 0:
                    self._draw(number)
                self.barrier.wait()
                if self.is_over:
                    break
                act(number)
        except Exception as error:
            self.errors.append(error)
            self.barrier.abort()
        finally:
            connections.close_all()

    def _draw(self, number):
        """Give one of the two a head start, the other one in the next round."""
        self.is_over = time.monotonic() > self.ends_at
        delay = self.delays.uniform(0, HEAD_START_SECONDS)
        self.tick_after, self.acknowledge_after = (
            (delay, 0.0) if number % 2 else (0.0, delay)
        )

    def _acknowledge(self, number):
        time.sleep(self.acknowledge_after)
        acknowledge(
            self.incidents[number],
            organisation=self.lab,
            user=self.user,
            via="page",
            actor=Actor.of(self.user, self.lab),
            now=instant(number),
        )
        self.rounds += 1

    def _tick(self, number):
        time.sleep(self.tick_after)
        fire_due(instant(number))


def private_kinds(incident):
    entries = Entry.objects.filter(
        stream__audience__incident=incident, stream__audience__purpose="private"
    )
    return list(entries.order_by("seq").values_list("kind", flat=True))


def deadlocks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_no_page_is_queued_after_an_acknowledgement_that_races_it(committing):
    lab, user = lab_with_two_pages()
    incidents = waiting_incidents(lab, ROUNDS)
    race = Race(lab, user, incidents)
    race.run()
    # What was passed over under the other's lock is fired now.
    while fire_due(instant(ROUNDS)):
        pass
    orders = {"page first": 0, "acknowledgement first": 0}
    for incident in incidents[: race.rounds]:
        kinds = private_kinds(incident)
        acknowledged_at = kinds.index("incident.acknowledged")
        assert "notification.queued" not in kinds[acknowledged_at:]
        pages = kinds[:acknowledged_at].count("notification.queued")
        orders["page first" if pages == 2 else "acknowledgement first"] += 1
    print(f"{race.rounds} rounds: {orders}")  # noqa: T201  (the counts are the result)
    assert race.errors == []
    assert deadlocks() == 0
    assert not Timer.objects.filter(attempts__gt=0).exists()
    assert race.rounds >= LEAST_ROUNDS
    assert min(orders.values()) > race.rounds // 10
    second_pages = Notification.objects.filter(
        incident__in=incidents[: race.rounds], step_index=2
    )
    assert second_pages.count() == orders["page first"]
