from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Circuit, ContactMethod, Notification, Pace
from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.circuits import (
    held_back,
    open_circuits,
    tell_runs_of_held_back,
)
from escalation.notifications.claim import claim_due
from escalation.notifications.delivery import SENDERS, deliver_batch
from escalation.notifications.outbox import queue_notifications
from escalation.notifications.panels import shown_notifications
from escalation.notifications.settle import Finished, settle
from incidents.events.record import recording
from incidents.incident.panels import Seen
from incidents.models import Timer
from tests.escalation.notifications.fakes.provider import Answer
from tests.escalation.notifications.fakes.twilio import refused
from tests.escalation.notifications.makers import (
    NOW,
    make_incident,
    make_lab,
    make_method,
    make_run,
    make_user,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db

DOWN = Answer(503, {})
PAUSE = timedelta(seconds=15)


def text_pages(lab, count: int, **more: Any) -> list[Notification]:
    methods = [
        make_method(lab, channel="sms", address=f"+3725551{number:04d}")
        for number in range(count)
    ]
    return queue_pages([new_page(method, **more) for method in methods])


def take_down(lab, server) -> None:
    """Let five texts to five people fail."""
    server.answers = [DOWN] * 5
    text_pages(lab, 5)
    deliver_batch(NOW)
    server.answers.clear()
    assert open_circuits() == {"sms": 1}


def statuses(rows: list[Notification]) -> list[str]:
    found = Notification.objects.in_bulk([row.pk for row in rows])
    return [found[row.pk].status for row in rows]


def test_five_failures_in_a_row_open_the_circuit_for_all(lab, fake_twilio):
    take_down(lab, fake_twilio)
    mine, others = text_pages(lab, 1), text_pages(make_lab("meridian"), 1)
    deliver_batch(NOW + PAUSE / 2)
    assert len(fake_twilio.calls) == 5
    assert statuses(mine + others) == ["queued", "queued"]


def test_other_providers_go_on(lab, fake_twilio, mail_server):
    take_down(lab, fake_twilio)
    mail = queue_pages([new_page(make_method(lab))])
    deliver_batch(NOW)
    assert statuses(mail) == ["sent"]


def test_one_probe_goes_when_the_time_is_up(lab, fake_twilio):
    take_down(lab, fake_twilio)
    text_pages(make_lab("meridian"), 3)
    claimed = claim_due(NOW + PAUSE, limit=SENDERS)
    assert [one.notification.channel for one in claimed] == ["sms"]
    assert claim_due(NOW + PAUSE, limit=SENDERS) == []


def test_probe_that_works_lets_all_go_again(lab, fake_twilio):
    take_down(lab, fake_twilio)
    deliver_batch(NOW + PAUSE)
    assert open_circuits() == {}
    assert len(fake_twilio.calls) == 5 + 5


def test_probe_that_fails_keeps_it_open_for_twice_as_long(lab, fake_twilio):
    take_down(lab, fake_twilio)
    fake_twilio.answers = [DOWN]
    deliver_batch(NOW + PAUSE)
    deliver_batch(NOW + 3 * PAUSE - timedelta(seconds=1))
    assert len(fake_twilio.calls) == 5 + 1
    deliver_batch(NOW + 3 * PAUSE)
    assert open_circuits() == {}


def test_probe_that_was_lost_is_followed_by_another(lab, fake_twilio):
    take_down(lab, fake_twilio)
    assert len(claim_due(NOW + PAUSE, limit=SENDERS)) == 1
    assert claim_due(NOW + 2 * PAUSE - timedelta(seconds=1), limit=SENDERS) == []
    assert len(claim_due(NOW + 2 * PAUSE, limit=SENDERS)) == 1


def test_no_probe_is_spent_while_nothing_is_due(lab, fake_twilio):
    take_down(lab, fake_twilio)
    Notification.objects.update(next_attempt_at=NOW + timedelta(hours=1))
    claim_due(NOW + PAUSE, limit=SENDERS)
    assert Circuit.objects.get().probe_until is None


def test_probe_is_not_spent_on_messages_that_go_nowhere(lab, fake_twilio):
    take_down(lab, fake_twilio)
    ContactMethod.objects.update(disabled_at=NOW)
    number = make_method(lab, channel="sms", address="+37255599999")
    wanted = queue_pages([new_page(number)])
    Notification.objects.filter(pk=wanted[0].pk).update(next_attempt_at=NOW + PAUSE)
    calls = len(fake_twilio.calls)
    deliver_batch(NOW + PAUSE)
    assert (statuses(wanted), open_circuits()) == (["sent"], {})
    assert len(fake_twilio.calls) == calls + 1


def test_probe_is_not_spent_by_a_claim_without_a_sender_for_it(lab, fake_twilio):
    take_down(lab, fake_twilio)
    Pace.objects.update(answer_ms=5000)
    assert claim_due(NOW + PAUSE, limit=SENDERS, slow_limit=0) == []
    assert len(claim_due(NOW + PAUSE, limit=SENDERS)) == 1


def test_refusals_of_numbers_open_nothing(lab, fake_twilio):
    fake_twilio.answers = [refused(21211, "not a phone number")] * 6
    text_pages(lab, 6)
    deliver_batch(NOW)
    assert Circuit.objects.count() == 0


def test_too_many_requests_open_nothing(lab, fake_twilio):
    fake_twilio.answers = [refused(20429, "Too many", status=429)] * 6
    text_pages(lab, 6)
    deliver_batch(NOW)
    assert Circuit.objects.count() == 0


def test_host_of_one_organisation_closes_no_way_of_another(lab, http_server):
    other = make_lab("meridian")
    http_server.answer = (503, {})
    mine = [make_webhook(lab, http_server.url) for _ in range(5)]
    # A destination whose pace is not known yet has four places.
    queue_pages([new_page(method) for method in mine])
    deliver_batch(NOW)
    deliver_batch(NOW)
    assert open_circuits() == {"webhook": 1}
    http_server.answer = (200, {})
    theirs = queue_pages([new_page(make_webhook(other, http_server.url))])
    again = queue_pages([new_page(mine[0])])
    deliver_batch(NOW)
    assert statuses(theirs + again) == ["sent", "queued"]


def timers_of_runs() -> list[tuple[int, Any]]:
    rows = Timer.objects.filter(kind="run.method_failed")
    return [(row.subject_id, row.payload["step"]) for row in rows]


def test_runs_that_wait_behind_it_are_told_once_a_step(lab, fake_twilio):
    incident = make_incident(lab)
    run = make_run(incident)
    fake_twilio.answers = [DOWN] * 5
    text_pages(lab, 5, incident=incident, run_id=run.pk, step_index=0, round=1)
    deliver_batch(NOW)
    assert timers_of_runs() == [(run.pk, 0)]
    assert held_back(NOW).count() == 5


def test_run_of_a_new_step_waits_for_the_probe_when_the_pause_is_over(lab, fake_twilio):
    take_down(lab, fake_twilio)
    incident = make_incident(lab)
    run = make_run(incident)
    at = NOW + 100 * PAUSE
    with recording(at):
        method = make_method(lab, channel="sms", address="+37255599999")
        page = new_page(method, incident=incident, run_id=run.pk, step_index=0, round=1)
        queued = queue_notifications([page], now=at)
        tell_runs_of_held_back(queued, now=at)
    assert timers_of_runs() == []
    fake_twilio.answers = [DOWN]
    deliver_batch(at)
    assert timers_of_runs() == [(run.pk, 0)]


def test_run_that_was_told_is_not_told_again_by_each_probe(lab, fake_twilio):
    run = make_run(make_incident(lab))
    fake_twilio.answers = [DOWN] * 6
    text_pages(lab, 5, incident=run.incident, run_id=run.pk, step_index=0, round=1)
    deliver_batch(NOW)
    deliver_batch(NOW + PAUSE)
    assert len(fake_twilio.calls) == 6
    assert timers_of_runs() == [(run.pk, 0)]


@pytest.mark.parametrize("count", [1, 3])
def test_batch_in_which_all_works_asks_once(lab, count):
    queue_pages([new_page(make_method(lab)) for _ in range(count)])
    sent = SendResult(Outcome.SENT)
    finished = [Finished(one, sent, NOW, NOW) for one in claim_due(NOW, limit=9)]
    with CaptureQueriesContext(connection) as queries:
        assert settle(finished, now=NOW) == count
    asked = [q for q in queries.captured_queries if "tocsin_circuit" in q["sql"]]
    assert len(asked) == 1


def test_page_says_that_a_message_waits_for_its_provider(lab, fake_twilio):
    incident = make_incident(lab)
    take_down(lab, fake_twilio)
    text_pages(lab, 1, incident=incident)
    seen = Seen.by(make_user(lab), incident, now=NOW)
    notes = [row["last_error"] for row in shown_notifications(seen)]
    assert notes == ["waits: the provider fails and is only probed"]
