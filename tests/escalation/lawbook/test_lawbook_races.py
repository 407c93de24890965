"""A regime is retired while somebody puts it into their profile: one of them is refused."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections, transaction

from escalation.lawbook.editing import RegimeDraft, retire_regime, save_regime
from escalation.lawbook.profile_editing import ProfileDraft, save_profile
from escalation.lawbook.registry import regimes_of
from escalation.models import LegalProfile
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.models import Organisation
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

OWN = "aurora-framework"
Act = Callable[[], object]


@pytest.fixture
def lab(world_database, django_db_blocker) -> Iterator[Organisation]:
    with django_db_blocker.unblock():
        made = make.lab("aurora")
        save_regime(
            made,
            RegimeDraft(framework()),
            user=None,
            actor=Actor.system(made),
            now=NOW,
        )
        yield made


def watch(lab: Organisation) -> None:
    draft = ProfileDraft(regimes={OWN: {}})
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)


def retire(lab: Organisation) -> None:
    retire_regime(lab, OWN, reason="old", actor=Actor.system(lab), now=NOW)


def meanwhile(first: Act, second: Act) -> list[str]:
    """Do the second while the first has not committed; returns what it met."""
    errors: list[str] = []

    def run() -> None:
        try:
            second()
        except (BadInput, NotPossible) as error:
            errors.append(type(error).__name__)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        _wait_until_blocked(thread)
    thread.join()
    return errors


def _wait_until_blocked(thread: threading.Thread) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            (count,) = cursor.fetchone()
        thread.join(0.05)
        if count or not thread.is_alive():
            return


def test_regime_that_is_being_retired_is_put_into_no_profile(lab: Organisation):
    errors = meanwhile(lambda: retire(lab), lambda: watch(lab))
    assert errors == ["BadInput"]
    assert not LegalProfile.objects.filter(regimes__has_key=OWN).exists()


def test_regime_that_is_being_put_into_a_profile_is_not_retired(lab: Organisation):
    errors = meanwhile(lambda: watch(lab), lambda: retire(lab))
    assert errors == ["NotPossible"]
    assert OWN in regimes_of(lab.pk)
