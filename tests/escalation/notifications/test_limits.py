from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Notification
from escalation.notifications.claim import claim_due
from escalation.notifications.delivery import SENDERS, deliver_batch
from escalation.notifications.limits import HELD_BACK
from tests.escalation.notifications.makers import (
    NOW,
    make_incident,
    make_lab,
    make_method,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db

PHONE = "+37255512345"
SECOND = timedelta(seconds=1)


@pytest.fixture
def phone(lab, fake_twilio, settings):
    settings.SEND_LIMITS = (("sms", 3, 600),)
    return make_method(lab, channel="sms", address=PHONE)


def backlog(lab) -> list[Notification]:
    """Queue mild pages to two hundred people."""
    mild = make_incident(lab, severity=1)
    numbers = [f"+3725551{number:04d}" for number in range(200)]
    methods = [make_method(lab, channel="sms", address=number) for number in numbers]
    return queue_pages([new_page(method, incident=mild) for method in methods])


def sent() -> int:
    return Notification.objects.filter(status="sent").count()


def test_more_than_a_minute_takes_waits_and_is_sent_later(lab, phone, fake_twilio):
    mild = make_incident(lab, severity=1)
    queue_pages([new_page(phone, incident=mild) for _ in range(5)])
    deliver_batch(NOW)
    held = Notification.objects.filter(status="queued").order_by("next_attempt_at")
    assert [row.next_attempt_at - NOW for row in held] == [20 * SECOND, 40 * SECOND]
    assert {(row.last_error, row.attempts) for row in held} == {(HELD_BACK, 0)}
    for at in (19, 20, 39, 40):
        deliver_batch(NOW + at * SECOND)
    assert (sent(), len(fake_twilio.calls)) == (5, 5)
    assert Notification.objects.filter(last_error="").count() == 5


def test_severe_page_overtakes_a_backlog(lab, phone):
    mild = make_incident(lab, severity=1)
    severe = make_incident(lab, severity=5)
    backlog = queue_pages([new_page(phone, incident=mild) for _ in range(40)])
    deliver_batch(NOW)
    page = queue_pages([new_page(phone, incident=severe)])[0]
    deliver_batch(NOW + SECOND)
    deliver_batch(NOW + 20 * SECOND)
    page.refresh_from_db()
    assert page.status == "sent"
    waiting = Notification.objects.filter(
        pk__in=[r.pk for r in backlog], status="queued"
    )
    assert waiting.count() == 37


def test_one_address_does_not_use_up_anothers_minute(lab, phone):
    other = make_method(lab, channel="sms", address="+37255566666")
    queue_pages([new_page(phone) for _ in range(9)])
    queue_pages([new_page(other)])
    deliver_batch(NOW)
    assert sent() == 3 + 1


def test_organisations_share_the_minute_of_a_provider(lab, fake_twilio, settings):
    settings.SEND_LIMITS = (("sms", 0, 20),)
    for number, owner in enumerate([lab, make_lab("meridian")]):
        method = make_method(owner, channel="sms", address=f"+3725551234{number}")
        queue_pages([new_page(method) for _ in range(4)])
    deliver_batch(NOW)
    assert sent() == 2


def test_organisation_with_one_message_does_not_wait_behind_anothers_backlog(
    lab, fake_twilio, settings
):
    settings.SEND_LIMITS = (("sms", 0, 60),)
    backlog(lab)
    deliver_batch(NOW)
    other = make_lab("meridian")
    method = make_method(other, channel="sms", address="+37255512346")
    incident = make_incident(other, severity=1)
    page = queue_pages([new_page(method, incident=incident)])[0]
    for second in (0, 1, 2):
        deliver_batch(NOW + second * SECOND)
    page.refresh_from_db()
    assert page.status == "sent"


def test_cancelled_backlog_gives_its_minutes_back(lab, fake_twilio, settings):
    settings.SEND_LIMITS = (("sms", 0, 60),)
    rows = backlog(lab)
    deliver_batch(NOW)
    waiting = Notification.objects.filter(pk__in=[r.pk for r in rows], status="queued")
    waiting.update(status="cancelled")
    # So many at once that one must wait: it waits for the next instant only.
    mild = make_incident(lab, severity=1)
    numbers = [f"+3725552{number:04d}" for number in range(7)]
    methods = [make_method(lab, channel="sms", address=number) for number in numbers]
    queue_pages([new_page(method, incident=mild) for method in methods])
    deliver_batch(NOW + 100 * SECOND)
    deliver_batch(NOW + 102 * SECOND)
    assert not Notification.objects.filter(status="queued").exists()


@pytest.mark.parametrize(
    ("severity", "more"),
    [(5, {}), (1, {"is_urgent": True}), (1, {"purpose": "fallback"})],
)
def test_urgent_page_goes_before_what_waits(lab, phone, severity, more):
    mild = make_incident(lab, severity=1)
    incident = make_incident(lab, severity=severity)
    queue_pages([new_page(phone, incident=mild) for _ in range(3)])
    page = queue_pages([new_page(phone, incident=incident, **more)])[0]
    deliver_batch(NOW)
    page.refresh_from_db()
    assert (page.status, sent()) == ("sent", 3)


def test_mail_has_no_limit_and_pays_no_statement(lab, mail_server):
    queue_pages([new_page(make_method(lab))])
    with CaptureQueriesContext(connection) as queries:
        deliver_batch(NOW)
    asked = [q for q in queries.captured_queries if "tocsin_purse" in q["sql"]]
    assert (sent(), asked) == (1, [])


def test_mail_may_be_given_a_limit(lab, mail_server, settings):
    settings.SEND_LIMITS = (("email", 2, 0),)
    method = make_method(lab)
    queue_pages([new_page(method) for _ in range(3)])
    deliver_batch(NOW)
    assert sent() == 2


@pytest.mark.parametrize("count", [1, 4])
def test_claim_asks_as_often_for_one_as_for_many(lab, phone, settings, count):
    settings.SEND_LIMITS = (("sms", 2, 600),)
    queue_pages([new_page(phone) for _ in range(count)])
    with CaptureQueriesContext(connection) as queries:
        claim_due(NOW, limit=SENDERS)
    asked = [q for q in queries.captured_queries if "tocsin_purse" in q["sql"]]
    assert len(asked) == 2


def test_backlog_gets_all_its_instants_in_one_pass(phone):
    queue_pages([new_page(phone) for _ in range(100)])
    deliver_batch(NOW)
    deliver_batch(NOW + SECOND / 100)
    due = Notification.objects.filter(
        status="queued", next_attempt_at__lte=NOW + SECOND
    )
    assert (sent(), due.count()) == (3, 0)
