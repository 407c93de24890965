from threading import Thread

import pytest
from celery.signals import worker_init
from django.db import connection
from pytest_django import DjangoDbBlocker

from escalation.lawbook.registry import digest_of, shipped
from escalation.lawbook.storing import REGIME_CHANGED, store_shipped
from escalation.models import RegimeText
from incidents.models import Timer
from tests import factories as make
from tests.conftest import Database
from tests.factories import NOW


def _current() -> dict[str, str]:
    rows = RegimeText.objects.filter(organisation=None, is_current=True)
    return dict(rows.values_list("regime_id", "digest"))


def _replace_current(regime_id: str, text: str) -> None:
    """Have the database know another text, as a former version of the product did."""
    rows = RegimeText.objects.filter(organisation=None, regime_id=regime_id)
    rows.update(text=text, digest=digest_of(text))


@pytest.mark.django_db
def test_texts_are_stored_by_the_migration():
    assert _current() == {name: one.digest for name, one in shipped().items()}


@pytest.mark.django_db
def test_storing_again_changes_nothing():
    make.lab()

    assert store_shipped(NOW) == []
    assert RegimeText.objects.filter(organisation=None).count() == len(shipped())
    assert not Timer.objects.filter(kind=REGIME_CHANGED).exists()


@pytest.mark.django_db
def test_first_text_of_a_regime_asks_for_no_look():
    make.lab()
    RegimeText.objects.filter(regime_id="us-ca-sb53").delete()

    assert store_shipped(NOW) == ["us-ca-sb53"]
    assert not Timer.objects.filter(kind=REGIME_CHANGED).exists()


@pytest.mark.django_db
def test_changed_text_becomes_current_keeps_the_former_and_asks_for_a_look():
    first = make.lab()
    make.lab()
    _replace_current("us-ca-sb53", "former")

    assert store_shipped(NOW) == ["us-ca-sb53"]

    rows = RegimeText.objects.filter(regime_id="us-ca-sb53").order_by("pk")
    assert list(rows.values_list("text", "is_current")) == [
        ("former", False),
        (shipped()["us-ca-sb53"].text, True),
    ]
    [timer] = Timer.objects.filter(kind=REGIME_CHANGED)
    assert timer.payload == {"regime": "us-ca-sb53"}
    assert (timer.subject_id, timer.organisation_id) == (0, first.pk)
    assert timer.due_at == NOW


@pytest.mark.django_db
def test_text_that_was_taken_back_is_current_again_without_a_second_row():
    ours = shipped()["us-ca-sb53"]
    RegimeText.objects.filter(regime_id=ours.regime.id).update(is_current=False)
    RegimeText.objects.create(
        regime_id=ours.regime.id, digest="1" * 64, text="newer", created_at=NOW
    )

    store_shipped(NOW)

    rows = RegimeText.objects.filter(regime_id=ours.regime.id).order_by("pk")
    assert list(rows.values_list("digest", "is_current")) == [
        (ours.digest, True),
        ("1" * 64, False),
    ]


def test_two_at_once_store_each_text_once(
    world_database: Database, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        _store_at_once()


def _store_at_once() -> None:
    RegimeText.objects.all().delete()
    answers: list[list[str]] = []

    def store() -> None:
        answers.append(store_shipped(NOW))
        connection.close()

    threads = [Thread(target=store) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(map(len, answers)) == [0, len(shipped())]
    assert RegimeText.objects.count() == len(shipped())


def test_worker_stores_the_texts_when_it_starts(
    world_database: Database, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        RegimeText.objects.filter(regime_id="us-ca-sb53").delete()

        # Celery closes the connection that there was, so not within a transaction.
        worker_init.send(sender=None)

        assert _current() == {name: one.digest for name, one in shipped().items()}
