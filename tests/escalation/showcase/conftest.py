from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from escalation.showcase.playing import play_case
from escalation.worldfile.apply import apply_world
from incidents.models import Incident
from tests.factories import NOW

WORLD = Path("demo/world.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def case(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Incident]:
    """Play the case once for tests that only look at it; it takes seconds."""
    demo = override_settings(DEMO=True, DEMO_RECEIVER_URL="http://127.0.0.1:8090")
    with django_db_blocker.unblock(), demo, transaction.atomic():
        apply_world(WORLD, now=NOW - timedelta(seconds=2))
        incident = play_case(NOW)
        assert incident
        yield incident
        transaction.set_rollback(True)


@pytest.fixture
def demo(db: None, settings) -> None:
    settings.DEMO = True
    settings.DEMO_RECEIVER_URL = "http://127.0.0.1:8090"
