"""Two people, or two workers, at the same thing at once: one of them does it."""

import threading
from collections import Counter

import pytest
from django.db import connections

from escalation.duties.decisions import Judgement, confirm, decide
from escalation.duties.following import follow
from escalation.duties.instants import choose_anchor
from escalation.loop import fire_due
from escalation.models import AnchorChoice, AnchorValue, Decision
from incidents.errors import NotPossible
from tests import factories as make
from tests.escalation.duties.duty_world import DORA, HOUR, make_duty_world
from tests.factories import NOW

ROUNDS = 10


@pytest.fixture
def world(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_duty_world()


def at_once(*acts):
    """Do these at the same time; returns the names of the errors that they met."""
    barrier, errors = threading.Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except Exception as error:
            errors.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_one_of_two_people_confirms(world):
    second = make.person(world.lab, role="approver")
    for _ in range(ROUNDS):
        incident = world.incident()
        judgement = Judgement(DORA, "reportable", "x", limbs=["major_incident"])
        whose = {"organisation": world.lab, "author": world.duty, "now": NOW}
        decision = decide(incident, judgement, **whose)
        errors = at_once(
            *(
                lambda by=person, one=decision: confirm(one, by=by, now=NOW)
                for person in (world.approver, second)
            )
        )
        assert errors == [NotPossible.__name__]
        kinds = world.kinds(incident, world.lab, "decision.")
        assert kinds == ["decision.reportable", "decision.confirmed"]


def test_of_two_verdicts_and_two_choices_one_stands(world):
    for _ in range(ROUNDS):
        incident = world.incident()
        values = [world.note(incident, NOW - n * HOUR) for n in (1, 2)]

        def act(value, person, incident=incident):
            choose_anchor(value, regime_id=DORA, reason="x", author=person, now=NOW)
            judgement = Judgement(DORA, "undecided", str(person))
            decide(incident, judgement, organisation=world.lab, author=person, now=NOW)

        people = (world.duty, world.approver)
        errors = at_once(
            *(
                lambda value=value, person=person: act(value, person)
                for value, person in zip(values, people, strict=True)
            )
        )
        assert errors == []
        for model in (AnchorChoice, Decision):
            rows = model.objects.filter(incident=incident)
            assert sorted(rows.values_list("is_current", flat=True)) == [False, True]


def test_two_workers_note_each_instant_once(world):
    for _ in range(ROUNDS):
        world.incident(aware_at=NOW, occurred_at=NOW)

    def work():
        while follow(NOW) + fire_due(NOW):
            pass

    assert at_once(work, work) == []
    work()
    rows = AnchorValue.objects.values_list("incident_id", "name")
    assert Counter(Counter(rows).values()) == {1: 2 * ROUNDS}
