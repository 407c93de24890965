import threading
from datetime import timedelta

import pytest
from django.db import connection

from escalation.models import Attempt, ContactMethod, Notification
from escalation.notifications.channels import registry
from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.claim import Claimed, claim_due
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.settle import Finished, settle
from tests.escalation.notifications.makers import (
    NOW,
    make_lab,
    make_method,
    make_webhook,
    new_page,
    queue_pages,
)

SENT = SendResult(Outcome.SENT)


def end_leases() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tocsin_notification"
            " SET lease_until = clock_timestamp() - interval '1 second'"
        )


def finished(claimed: Claimed, result: SendResult) -> Finished:
    return Finished(claimed, result, NOW, NOW)


@pytest.mark.django_db
def test_claim_is_fair_across_organisations(lab):
    other = make_lab("meridian")
    storm = queue_pages([new_page(make_method(lab)) for _ in range(10)])
    late = NOW + timedelta(seconds=5)
    quiet = queue_pages([new_page(make_method(other))])[0]
    Notification.objects.filter(pk=quiet.pk).update(next_attempt_at=late)
    claimed = [one.notification.pk for one in claim_due(late, limit=2)]
    assert sorted(claimed) == sorted([storm[0].pk, quiet.pk])


@pytest.mark.django_db
def test_claim_takes_the_oldest_first(lab):
    rows = queue_pages([new_page(make_method(lab)) for _ in range(3)])
    claimed = [one.notification.pk for one in claim_due(NOW, limit=2)]
    assert sorted(claimed) == [rows[0].pk, rows[1].pk]


@pytest.mark.django_db
def test_leased_message_is_not_claimed_before_the_lease_ends(lab):
    queue_pages([new_page(make_method(lab))])
    (first,) = claim_due(NOW, limit=5)
    assert claim_due(NOW + timedelta(hours=1), limit=5) == []
    end_leases()
    (again,) = claim_due(NOW, limit=5)
    assert again.notification.pk == first.notification.pk
    assert (again.outgoing.uid, again.outgoing.attempt) == (first.outgoing.uid, 2)
    assert again.lease_token != first.lease_token


@pytest.mark.django_db
def test_sender_that_died_after_sending_leads_to_a_repeat_with_the_same_id(
    lab, mail_server
):
    row = queue_pages([new_page(make_method(lab))])[0]
    (claimed,) = claim_due(NOW, limit=5)
    assert registry.CHANNELS["email"].send(claimed.outgoing) == SENT
    end_leases()
    deliver_batch(NOW)
    ids = [mail["Message-ID"] for mail in mail_server.mails]
    assert ids == [f"<{row.uid}@localhost>"] * 2
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("sent", 2)


@pytest.mark.django_db
def test_outcome_of_a_sender_whose_lease_has_ended_is_not_written(lab):
    row = queue_pages([new_page(make_method(lab))])[0]
    (stale,) = claim_due(NOW, limit=5)
    end_leases()
    (current,) = claim_due(NOW, limit=5)
    gone = SendResult(Outcome.PERMANENT, "gone", is_gone=True)
    assert settle([finished(stale, gone)], now=NOW) == 0
    row.refresh_from_db()
    assert (row.status, row.last_error) == ("sending", "")
    assert Attempt.objects.count() == 0
    assert ContactMethod.objects.filter(disabled_at=None).count() == 1
    assert settle([finished(current, SENT)], now=NOW) == 1
    assert settle([finished(stale, gone)], now=NOW) == 0
    row.refresh_from_db()
    assert row.status == "sent"


@pytest.mark.django_db
def test_answer_that_cannot_be_written_takes_no_other_outcome_with_it(lab):
    rows = queue_pages([new_page(make_method(lab)) for _ in range(3)])
    bad, *well = claim_due(NOW, limit=5)
    # Half a sign, as a broken answer can hold.
    refused = SendResult(Outcome.PERMANENT, "no \ud800")
    done = [finished(bad, refused), *(finished(one, SENT) for one in well)]
    assert settle(done, now=NOW) == 3
    found = Notification.objects.filter(pk__in=[row.pk for row in rows])
    assert dict(found.values_list("pk", "status")) == {
        bad.notification.pk: "failed",
        **{one.notification.pk: "sent" for one in well},
    }


@pytest.mark.django_db
def test_message_that_cannot_be_taken_holds_up_no_other(lab):
    bad, well = queue_pages([new_page(make_method(lab)) for _ in range(2)])
    Notification.objects.filter(pk=bad.pk).update(message={})
    claimed = claim_due(NOW, limit=5)
    assert [one.notification.pk for one in claimed] == [well.pk]
    assert claim_due(NOW, limit=5) == []
    bad.refresh_from_db()
    assert (bad.status, bad.attempts, bad.next_attempt_at, bad.last_error) == (
        "queued",
        1,
        NOW + timedelta(seconds=2),
        "internal error: KeyError",
    )
    assert claim_due(bad.expires_at, limit=5) == []
    bad.refresh_from_db()
    assert bad.status == "failed"


def test_two_claims_at_once_never_share_a_message(world_database, django_db_blocker):
    taken: list[list[int]] = []

    def claim(barrier: threading.Barrier) -> None:
        try:
            with django_db_blocker.unblock():
                barrier.wait()
                mine: list[int] = []
                while claimed := claim_due(NOW, limit=7):
                    mine += [one.notification.pk for one in claimed]
                taken.append(mine)
        finally:
            connection.close()

    with django_db_blocker.unblock():
        lab = make_lab()
        # Each to a machine of its own: a lane lets few go at once.
        methods = [make_webhook(lab, f"https://h{n}.example/") for n in range(100)]
        rows = queue_pages([new_page(method) for method in methods])
    barrier = threading.Barrier(3)
    threads = [threading.Thread(target=claim, args=[barrier]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed = [pk for mine in taken for pk in mine]
    assert sorted(claimed) == sorted(row.pk for row in rows)
