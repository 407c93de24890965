import json
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Attempt, ContactMethod, Notification
from escalation.notifications import delivery
from escalation.notifications.delivery import deliver_batch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge, resolve
from incidents.incident.shares import share, unshare
from incidents.models import (
    AcknowledgedVia,
    Incident,
    Membership,
    Organisation,
    Timer,
)
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_incident,
    make_method,
    make_run,
    make_user,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db


def queue(method: ContactMethod, **more: Any) -> Notification:
    return queue_pages([new_page(method, **more)])[0]


def fresh(row: Notification) -> Notification:
    return Notification.objects.get(pk=row.pk)


def kinds(incident: Incident, organisation: Organisation) -> list[str]:
    items = timeline(incident, [organisation.pk])
    return [item.kind for item in items if item.kind.startswith("notification.")]


def test_page_by_mail_is_sent_once_and_stands_on_the_timeline(lab, mail_server):
    incident, method = make_incident(lab), make_method(lab)
    row = queue(method, incident=incident, recipient_name="Ann")
    assert deliver_batch(NOW) == 1
    assert deliver_batch(NOW) == 0
    assert mail_server.recipients() == [method.address]
    assert mail_server.mails[0]["Message-ID"] == f"<{row.uid}@localhost>"
    assert fresh(row).status == "sent"
    sent_at = fresh(row).sent_at
    assert sent_at is not None
    assert NOW <= sent_at < NOW + timedelta(seconds=10)
    assert fresh(row).lease_token is None
    assert kinds(incident, lab) == ["notification.queued", "notification.sent"]
    (attempt,) = Attempt.objects.all()
    assert (attempt.number, attempt.outcome) == (1, "sent")


def test_page_by_webhook_is_verified_by_the_receiver(lab, receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/aurora"
    row = queue(make_webhook(lab, url))
    deliver_batch(NOW)
    assert fresh(row).status == "sent"
    kept = json.loads(receiver.log_path.read_text())
    assert (kept["webhook_id"], kept["path"]) == (str(row.uid), "/aurora")
    assert kept["body"]["data"]["acknowledge_url"].startswith("http")


def test_message_of_another_purpose_has_no_acknowledge_link(lab, http_server):
    queue(make_webhook(lab, http_server.url), purpose="share")
    deliver_batch(NOW)
    body = json.loads(http_server.posts[0].body)
    assert body["data"] == {"ref": "INC-1"}


def test_what_is_not_due_yet_stays(lab, mail_server):
    row = queue(make_method(lab))
    Notification.objects.update(next_attempt_at=NOW + timedelta(seconds=1))
    assert deliver_batch(NOW) == 0
    assert deliver_batch(NOW + timedelta(seconds=1)) == 1
    assert fresh(row).status == "sent"


def test_passing_trouble_is_tried_again_under_the_same_id(lab, http_server):
    incident = make_incident(lab)
    row = queue(make_webhook(lab, http_server.url), incident=incident)
    http_server.answer = (500, {})
    deliver_batch(NOW)
    waiting = fresh(row)
    assert (waiting.status, waiting.attempts) == ("queued", 1)
    assert waiting.last_error == "the receiver answered 500"
    assert timedelta(seconds=4) < waiting.next_attempt_at - NOW < timedelta(seconds=6)
    http_server.answer = (200, {})
    assert deliver_batch(NOW + timedelta(seconds=6)) == 1
    assert (fresh(row).status, fresh(row).attempts) == ("sent", 2)
    assert fresh(row).last_error == ""
    assert [p.headers["webhook-id"] for p in http_server.posts] == [str(row.uid)] * 2
    assert kinds(incident, lab) == ["notification.queued", "notification.sent"]


def test_permanent_failure_is_recorded_and_wakes_the_run(lab, mail_server):
    incident = make_incident(lab)
    run = make_run(incident)
    page = {"incident": incident, "run_id": run.pk, "step_index": 2, "round": 1}
    row = queue(make_method(lab), **page)
    mail_server.recipient_reply = "550 no such person"
    deliver_batch(NOW)
    assert fresh(row).status == "failed"
    assert kinds(incident, lab) == ["notification.queued", "notification.failed"]
    timer = Timer.objects.get(kind="run.method_failed")
    assert (timer.subject_id, timer.incident_id, timer.due_at) == (
        run.pk,
        incident.pk,
        NOW,
    )
    assert timer.payload == {"step": 2, "round": 1, "notification": str(row.uid)}


def test_unknown_outcome_is_recorded_and_sent_again(lab, mail_server):
    incident = make_incident(lab)
    row = queue(make_method(lab), incident=incident)
    mail_server.hangs_up = True
    deliver_batch(NOW)
    assert fresh(row).status == "unknown"
    mail_server.hangs_up = False
    deliver_batch(NOW + timedelta(seconds=6))
    assert fresh(row).status == "sent"
    assert kinds(incident, lab) == [
        "notification.queued",
        "notification.unknown",
        "notification.sent",
    ]


def test_page_tried_until_its_end_fails_and_wakes_the_run(lab, http_server):
    incident = make_incident(lab)
    run = make_run(incident)
    row = queue(
        make_webhook(lab, http_server.url),
        incident=incident,
        run_id=run.pk,
        step_index=0,
        round=1,
    )
    http_server.answer = (500, {})
    deliver_batch(NOW)
    deliver_batch(NOW + timedelta(minutes=31))
    assert len(http_server.posts) == 1
    assert (fresh(row).status, fresh(row).last_error) == (
        "failed",
        "given up after 1 tries",
    )
    assert (
        Timer.objects.filter(kind="run.method_failed", subject_id=run.pk).count() == 1
    )


def test_page_that_was_never_tried_is_sent_however_late(lab, mail_server):
    row = queue(make_method(lab))
    deliver_batch(NOW + timedelta(hours=5))
    assert fresh(row).status == "sent"
    assert len(mail_server.mails) == 1


def test_gone_receiver_is_never_used_again(lab, http_server):
    method = make_webhook(lab, http_server.url)
    queue(method)
    http_server.answer = (410, {})
    deliver_batch(NOW)
    method.refresh_from_db()
    assert method.disabled_at == NOW
    later = queue(method)
    deliver_batch(NOW)
    assert fresh(later).status == "failed"
    assert len(http_server.posts) == 1


def test_page_is_cancelled_by_an_acknowledgement_of_its_organisation(lab, mail_server):
    incident, user = make_incident(lab), make_user(lab)
    page = queue(make_method(lab), incident=incident)
    share = queue(make_method(lab), incident=incident, purpose="share")
    acknowledge(
        incident,
        organisation=lab,
        user=user,
        via=AcknowledgedVia.PAGE,
        actor=Actor.of(user, lab),
        now=NOW,
    )
    deliver_batch(NOW)
    assert fresh(page).status == "cancelled"
    assert fresh(share).status == "sent"
    assert mail_server.recipients() == [share.address]
    assert "notification.cancelled" in kinds(incident, lab)


def test_message_of_any_purpose_is_cancelled_by_unsharing(lab, mail_server):
    incident, naisa = make_incident(lab), make_agency()
    actor = Actor.system(lab)
    share(incident, agency=naisa, reason="x", user=None, actor=actor, now=NOW)
    method = make_method(naisa)
    rows = [queue(method, incident=incident, purpose=p) for p in ("page", "answer")]
    unshare(incident, agency=naisa, reason="y", user=None, actor=actor, now=NOW)
    deliver_batch(NOW)
    assert [fresh(row).status for row in rows] == ["cancelled", "cancelled"]
    assert mail_server.mails == []


def test_page_is_cancelled_when_its_incident_is_resolved(lab, mail_server):
    incident, user = make_incident(lab), make_user(lab)
    page = queue(make_method(lab), incident=incident)
    resolve(incident, reason="over", user=user, actor=Actor.of(user, lab), now=NOW)
    deliver_batch(NOW)
    assert (fresh(page).status, mail_server.mails) == ("cancelled", [])


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("active", "sent"),
        ("exhausted", "sent"),
        ("acknowledged", "cancelled"),
        ("stopped", "cancelled"),
    ],
)
def test_page_follows_the_state_of_its_run(lab, mail_server, state, status):
    incident = make_incident(lab)
    run = make_run(incident, state=state)
    page = queue(make_method(lab), incident=incident, run_id=run.pk)
    deliver_batch(NOW)
    assert fresh(page).status == status


def test_page_to_somebody_who_left_meanwhile_fails_and_wakes_the_run(lab, mail_server):
    incident, gone, there = make_incident(lab), make_user(lab), make_user(lab)
    run = make_run(incident)
    rows = [
        queue(
            make_method(lab, user=person),
            incident=incident,
            run_id=run.pk,
            recipient_user_id=person.pk,
        )
        for person in (gone, there)
    ]
    Membership.objects.filter(user=gone).update(ended_at=NOW)
    deliver_batch(NOW)
    assert [(fresh(row).status, fresh(row).last_error) for row in rows] == [
        ("failed", "the recipient has left the organisation"),
        ("sent", ""),
    ]
    assert Timer.objects.get(kind="run.method_failed").subject_id == run.pk


def test_unknown_channel_fails_for_good_and_holds_up_nobody(lab, mail_server):
    broken = queue(make_method(lab, channel="pigeon"))
    good = queue(make_method(lab))
    deliver_batch(NOW)
    assert (fresh(broken).status, fresh(good).status) == ("failed", "sent")


def test_secret_that_does_not_open_holds_up_nobody(lab, http_server):
    broken = queue(make_webhook(lab, http_server.url, secret_sealed=b"x" * 40))
    good = queue(make_webhook(lab, http_server.url))
    deliver_batch(NOW)
    assert (fresh(broken).status, fresh(good).status) == ("queued", "sent")
    assert fresh(broken).last_error == "internal error: BadConfiguration"


def test_statements_do_not_grow_with_the_batch(lab, receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/"
    incidents = [make_incident(lab) for _ in range(10)]

    def statements(count: int) -> int:
        queue_pages(
            [
                new_page(make_webhook(lab, url), incident=incident)
                for incident in incidents[:count]
            ]
        )
        with CaptureQueriesContext(connection) as captured:
            while deliver_batch(NOW):
                pass
        rounds = sum("row_number()" in q["sql"] for q in captured)
        settled = sum("unnest" in q["sql"] and "lease" in q["sql"] for q in captured)
        assert settled <= rounds
        return len(captured) // settled

    statements(10)
    one, ten = statements(1), statements(10)
    assert ten <= one + 3
    assert Notification.objects.filter(status="sent").count() == 21


def test_many_messages_are_all_sent_once(lab, receiver):
    url = f"http://127.0.0.1:{receiver.server_port}/"
    method = make_webhook(lab, url)
    rows = queue_pages([new_page(method) for _ in range(100)])
    assert deliver_batch(NOW) == 100
    lines = receiver.log_path.read_text().splitlines()
    received = [uuid.UUID(json.loads(line)["webhook_id"]) for line in lines]
    assert sorted(received) == sorted(row.uid for row in rows)


def test_pass_does_not_wait_for_the_senders_of_another(lab, mail_server):
    release = threading.Event()

    def take_all_senders() -> None:
        for _ in range(delivery.SENDERS):
            delivery._pool().submit(release.wait, 10)

    other = threading.Thread(target=take_all_senders)
    other.start()
    other.join()
    page = queue(make_method(lab))
    began = time.monotonic()
    deliver_batch(NOW)
    took = time.monotonic() - began
    release.set()
    assert (fresh(page).status, took < 5) == ("sent", True)
