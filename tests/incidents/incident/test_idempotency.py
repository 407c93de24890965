import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.idempotency import open_once, read_promise
from incidents.incident.opening import NewIncident, open_incident
from incidents.models import IdempotencyKey, Incident
from tests import factories
from tests.api_world import FILED, client_of

if TYPE_CHECKING:
    from tests.conftest import Database

LIST = "/api/v1/incidents/"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "Schlüssel", "a\nb"])
def test_unusable_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_promise(caller="user:1", endpoint="POST /", key=key, body=b"")
    assert (caught.value.field, caught.value.value) == ("Idempotency-Key", key)


def test_key_is_forgotten_after_seven_days(db) -> None:
    lab = factories.lab()
    new = NewIncident(organisation_id=lab.pk, title="t", category="WGT", severity=1)
    promise = read_promise(caller="user:1", endpoint="POST /", key="k", body=b"")

    def file() -> tuple[Incident, bool]:
        actor = Actor.system(lab)
        return open_once(
            promise,
            lambda: open_incident(new, actor=actor, now=factories.NOW),
            now=factories.NOW,
        )

    first, _ = file()
    assert file() == (first, False)
    made_at = IdempotencyKey.objects.get().made_at
    IdempotencyKey.objects.update(made_at=made_at - timedelta(days=7, seconds=1))
    second, is_new = file()
    assert (is_new, second != first, IdempotencyKey.objects.count()) == (True, True, 1)


def test_two_requests_at_once_open_one_incident(world_database: "Database") -> None:
    user = factories.person(factories.lab("aurora"))
    client = client_of(user)
    gate, answers = threading.Barrier(6), []

    def post() -> None:
        gate.wait()
        answers.append(client.post(LIST, FILED, headers={"Idempotency-Key": "k"}))
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 6
    assert {answer.json()["ref"] for answer in answers} == {Incident.objects.get().ref}
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 5


def test_second_request_takes_the_place_of_a_failed_first(
    world_database: "Database",
) -> None:
    lab = factories.lab()
    new = NewIncident(organisation_id=lab.pk, title="t", category="WGT", severity=1)
    promise = read_promise(caller="user:1", endpoint="POST /", key="k", body=b"")
    actor, now = Actor.system(lab), factories.NOW
    is_inside, may_fail, results = threading.Event(), threading.Event(), []

    def fail() -> Incident:
        is_inside.set()
        may_fail.wait(5)
        raise RuntimeError

    def first() -> None:
        with pytest.raises(RuntimeError):
            open_once(promise, fail, now=now)
        connection.close()

    def second() -> None:
        make = lambda: open_incident(new, actor=actor, now=now)  # noqa: E731
        results.append(open_once(promise, make, now=now))
        connection.close()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    is_inside.wait(5)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive()
    may_fail.set()
    for thread in threads:
        thread.join(5)
    assert results == [(Incident.objects.get(), True)]
