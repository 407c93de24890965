from datetime import timedelta

import pytest

from escalation.models import Notification
from escalation.notifications.panels import shown_notifications
from escalation.notifications.retry import LIFETIMES
from incidents.incident.panels import Seen
from tests import factories as make
from tests.escalation.notifications.makers import NOW, new_page, queue_pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen():
    aurora = make.lab("aurora")
    person = make.person(aurora)
    return Seen.by(person, make.incident(aurora), now=NOW)


def queued(seen, **more):
    method = make.contact(seen.sides[0], seen.person)
    page = new_page(method, incident=seen.incident, **more)
    return queue_pages([page])[0]


def to_come(seen):
    [row] = shown_notifications(seen)
    return row["waits_for"], row["due_at"]


def test_delayed_page_says_when_it_is_due(seen):
    queued(seen, delay_seconds=240)
    assert to_come(seen) == ("due", NOW + timedelta(minutes=4))


def test_page_that_is_due_now_waits_for_nothing(seen):
    queued(seen)
    assert to_come(seen) == ("", None)


@pytest.mark.parametrize("purpose", sorted(LIFETIMES))
def test_every_message_says_what_it_is_for(seen, purpose):
    queued(seen, purpose=purpose)
    [row] = shown_notifications(seen)
    assert row["purpose"] != ""


def test_gathered_page_says_when_its_digest_leaves(seen):
    row = queued(seen)
    digest = queue_pages([new_page(row.method, purpose="digest")])[0]
    leaves_at = NOW + timedelta(minutes=1)
    Notification.objects.filter(pk=digest.pk).update(next_attempt_at=leaves_at)
    Notification.objects.filter(pk=row.pk).update(digest=digest)
    assert to_come(seen) == ("digest", leaves_at)
