from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from escalation.showcase.playing import play_case
from escalation.worldfile.apply import apply_world
from incidents.models import Incident
from incidents.timers.clock import read_now
from tests.factories import NOW

WORLD = Path("demo/world.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def case(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Incident]:
    """Play the case once for tests that only look at it; it takes seconds."""
    with django_db_blocker.unblock(), _played(lambda: NOW) as incident:
        yield incident


@pytest.fixture(scope="module")
def case_of_today(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Incident]:
    """Play it so that it ends now, for pages, which read the clock themselves."""
    with django_db_blocker.unblock(), _played(read_now) as incident:
        yield incident


@contextmanager
def _played(ends_at: Callable[[], datetime]) -> Iterator[Incident]:
    demo = override_settings(DEMO=True, DEMO_RECEIVER_URL="http://127.0.0.1:8090")
    with demo, transaction.atomic():
        now = ends_at()
        apply_world(WORLD, now=now - timedelta(seconds=2))
        incident = play_case(now)
        assert incident
        yield incident
        transaction.set_rollback(True)


@pytest.fixture
def demo(db: None, settings) -> None:
    settings.DEMO = True
    settings.DEMO_RECEIVER_URL = "http://127.0.0.1:8090"
