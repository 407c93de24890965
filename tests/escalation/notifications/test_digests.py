from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Notification, NotificationRules, Pace
from escalation.notifications.claim import claim_due
from escalation.notifications.delivery import SENDERS, deliver_batch
from escalation.notifications.lanes import QUICK
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge, change_severity
from incidents.models import Incident, Timer
from tests.escalation.notifications.makers import (
    NOW,
    make_incident,
    make_method,
    make_run,
    make_user,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ann(lab):
    return make_user(lab)


@pytest.fixture
def mail(lab, ann):
    return make_method(lab, user=ann)


def storm(method, *severities):
    """Queue a page about an incident of its own for each severity."""
    rows = []
    for severity in severities:
        incident = make_incident(method.organisation, severity=severity)
        page = new_page(method, incident=incident, recipient_user_id=method.user_id)
        rows += queue_pages([page])
    return rows


def statuses(rows):
    found = {row.pk: row.status for row in Notification.objects.all()}
    return [found[row.pk] for row in rows]


def digest():
    return Notification.objects.get(purpose="digest")


def kinds(row):
    items = timeline(row.incident, [row.organisation_id])
    return [item.kind for item in items if item.kind.startswith("notification.")]


def at(minutes):
    return NOW + minutes * MINUTE


def test_further_pages_are_merged_into_one_message(mail, mail_server):
    rows = storm(mail, *[4] * 8)
    assert deliver_batch(NOW) == 5
    assert statuses(rows) == ["sent"] * 5 + ["queued"] * 3
    assert deliver_batch(at(1)) == 1
    assert len(mail_server.mails) == 6
    last = mail_server.mails[-1]
    assert last["Subject"] == "[Tocsin] 3 more pages"
    text = last.get_body(("plain",)).get_content()
    assert [row.incident.ref in text for row in rows] == [False] * 5 + [True] * 3
    assert statuses(rows) == ["sent"] * 5 + ["merged"] * 3
    assert deliver_batch(at(30)) == 0


def test_each_merged_page_is_accounted_for_on_its_record(mail, mail_server):
    *_, row = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    deliver_batch(at(1))
    assert kinds(row) == [
        "notification.queued",
        "notification.held",
        "notification.merged",
    ]
    row.refresh_from_db()
    assert (row.digest, row.sent_at) == (digest(), digest().sent_at)
    assert row.first_attempt_at == at(1)


def test_more_severe_page_is_never_held(mail, mail_server):
    storm(mail, *[3] * 6)
    deliver_batch(NOW)
    (grave,) = storm(mail, 5)
    deliver_batch(NOW)
    assert statuses([grave]) == ["sent"]


def test_page_whose_incident_became_more_severe_is_not_held(mail, mail_server):
    storm(mail, *[3] * 5)
    deliver_batch(NOW)
    (row,) = storm(mail, 3)
    row.incident.severity = 4
    row.incident.save(update_fields=["severity"])
    deliver_batch(NOW)
    assert statuses([row]) == ["sent"]


def raise_to(row, severity, *, now):
    user, actor = None, Actor.system(row.organisation)
    change_severity(
        row.incident, severity=severity, reason="worse", user=user, actor=actor, now=now
    )


def test_gathered_page_whose_incident_became_more_severe_leaves_its_digest(
    mail, mail_server
):
    rows = storm(mail, *[2] * 7)
    deliver_batch(NOW)
    raise_to(rows[5], 5, now=NOW)
    dispatch(NOW)
    deliver_batch(NOW)
    assert statuses(rows) == ["sent"] * 6 + ["queued"]
    deliver_batch(at(1))
    assert statuses(rows) == ["sent"] * 6 + ["merged"]


def test_gathered_page_that_is_no_more_severe_than_others_is_gathered_again(
    mail, mail_server
):
    rows = storm(mail, *[4] * 5, 2)
    deliver_batch(NOW)
    raise_to(rows[5], 3, now=NOW)
    dispatch(NOW)
    deliver_batch(NOW)
    assert statuses(rows) == ["sent"] * 5 + ["queued"]
    deliver_batch(at(1))
    assert statuses(rows) == ["sent"] * 5 + ["merged"]


CALM = "Nothing more severe than what you were paged for already is among them."


@pytest.mark.parametrize(("severity", "is_said"), [(2, True), (5, False)])
def test_digest_says_that_nothing_is_more_severe_only_if_so(
    mail, mail_server, severity, is_said
):
    rows = storm(mail, *[2] * 6)
    deliver_batch(NOW)
    # Raised in the moment before the digest leaves: nobody has looked at it yet.
    Incident.objects.filter(pk=rows[5].incident_id).update(severity=severity)
    deliver_batch(at(1))
    text = " ".join(digest().message["text"].split())
    assert (CALM in text) is is_said


def test_number_and_time_are_the_persons_own(lab, ann, mail, mail_server):
    NotificationRules.objects.create(
        organisation=lab, user=ann, digest_after=2, digest_minutes=3
    )
    rows = storm(mail, *[4] * 3)
    deliver_batch(NOW)
    assert statuses(rows) == ["sent", "sent", "queued"]
    late = storm(mail, 4)
    deliver_batch(at(4))
    assert statuses(late) == ["sent"]


def test_second_digest_waits_until_the_time_is_over(mail, mail_server):
    storm(mail, *[4] * 6)
    deliver_batch(NOW)
    deliver_batch(at(1))
    (row,) = storm(mail, 4)
    deliver_batch(at(2))
    assert statuses([row]) == ["queued"]
    deliver_batch(at(9))
    assert statuses([row]) == ["queued"]
    deliver_batch(at(11))
    assert statuses([row]) == ["merged"]


def test_acknowledged_page_is_not_taken_along(lab, ann, mail, mail_server):
    rows = storm(mail, *[4] * 7)
    deliver_batch(NOW)
    acknowledge(
        rows[5].incident,
        organisation=lab,
        user=ann,
        via="page",
        actor=Actor.of(ann, lab),
        now=NOW,
    )
    deliver_batch(at(1))
    assert statuses(rows[5:]) == ["cancelled", "merged"]
    assert mail_server.mails[-1]["Subject"] == "[Tocsin] 1 more page"


def test_page_that_is_due_with_its_digest_is_cancelled_once(
    lab, ann, mail, mail_server
):
    *_, row = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    actor = Actor.of(ann, lab)
    acknowledge(
        row.incident, organisation=lab, user=ann, via="page", actor=actor, now=NOW
    )
    # An acknowledged run makes what waits due at once, to be cancelled.
    Notification.objects.filter(pk=row.pk).update(next_attempt_at=at(1))
    deliver_batch(at(1))
    assert kinds(row) == [
        "notification.queued",
        "notification.held",
        "notification.cancelled",
    ]


def test_digest_with_nothing_left_is_not_sent(lab, ann, mail, mail_server):
    rows = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    who = {"organisation": lab, "user": ann, "via": "page", "now": NOW}
    acknowledge(rows[5].incident, actor=Actor.of(ann, lab), **who)
    assert deliver_batch(at(1)) == 0
    assert (digest().status, statuses(rows[5:])) == ("cancelled", ["cancelled"])
    assert len(mail_server.mails) == 5


def test_pages_of_a_failed_digest_have_failed_and_wake_their_runs(
    lab, mail, mail_server
):
    storm(mail, *[4] * 5)
    deliver_batch(NOW)
    incident = make_incident(lab, severity=4)
    run = make_run(incident)
    page = {"incident": incident, "run_id": run.pk, "step_index": 0, "round": 1}
    (row,) = queue_pages([new_page(mail, recipient_user_id=mail.user_id, **page)])
    deliver_batch(NOW)
    mail_server.recipient_reply = "550 no such person"
    deliver_batch(at(1))
    assert statuses([row, digest()]) == ["failed", "failed"]
    assert kinds(row)[-1] == "notification.failed"
    timer = Timer.objects.get(kind="run.method_failed")
    assert (timer.subject_id, timer.payload["notification"]) == (run.pk, str(row.uid))


def test_digest_that_meets_passing_trouble_keeps_its_pages(mail, mail_server):
    rows = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    mail_server.replies = ["451 try later"]
    deliver_batch(at(1))
    assert statuses([rows[5], digest()]) == ["queued", "queued"]
    deliver_batch(at(2))
    assert statuses([rows[5], digest()]) == ["merged", "sent"]
    assert Notification.objects.filter(purpose="digest").count() == 1


def test_page_that_its_digest_lost_is_due_by_itself(mail, mail_server):
    *_, row = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    Notification.objects.filter(purpose="digest").update(status="cancelled")
    deliver_batch(at(20))
    assert statuses([row]) == ["sent"]


def test_page_waits_while_its_digest_is_held_up(mail, mail_server):
    *_, row = storm(mail, *[4] * 6)
    deliver_batch(NOW)
    Notification.objects.filter(purpose="digest").update(next_attempt_at=at(60))
    assert deliver_batch(at(20)) == 0
    assert statuses([row]) == ["queued"]


def test_program_behind_a_desk_gets_every_message(lab, http_server):
    rows = storm(make_webhook(lab, http_server.url), *[4] * 8)
    deliver_batch(NOW)
    assert statuses(rows) == ["sent"] * 8


def test_title_travels_only_as_far_as_its_label_allows(mail, mail_server):
    storm(mail, *[4] * 5)
    deliver_batch(NOW)
    open_one = make_incident(mail.organisation, title="Open title", tlp="GREEN")
    closed = make_incident(mail.organisation, title="Secret title", tlp="RED")
    for incident in (open_one, closed):
        page = new_page(mail, incident=incident, recipient_user_id=mail.user_id)
        queue_pages([page])
    deliver_batch(NOW)
    deliver_batch(at(1))
    text = mail_server.mails[-1].get_body(("plain",)).get_content()
    assert (open_one.title in text, closed.title in text) == (True, False)
    assert closed.ref in text


def test_gathering_takes_as_many_statements_for_three_people_as_for_one(lab):
    def statements(people):
        for _ in range(people):
            storm(make_method(lab, user=make_user(lab)), *[4] * 7)
        with CaptureQueriesContext(connection) as captured:
            assert len(claim_due(NOW, limit=SENDERS)) == min(5 * people, QUICK)
        Notification.objects.update(status="cancelled")
        return len(captured)

    Pace.objects.create(organisation=lab, destination="email", answer_ms=5)
    assert statements(1) == statements(3)
