from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Notification, Pace
from escalation.notifications import lanes
from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.claim import Claimed, claim_due
from escalation.notifications.delivery import SENDERS
from escalation.notifications.settle import Finished, settle
from incidents.models import Organisation
from tests.escalation.notifications.makers import (
    NOW,
    make_lab,
    make_method,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db
SLOW = "https://slow.example/pager"
OTHER = "https://other.example/pager"


def queue(organisation: Organisation, url: str, *, count: int) -> list[Notification]:
    method = make_webhook(organisation, url)
    return queue_pages([new_page(method) for _ in range(count)])


def pace(organisation: Organisation, *, ms: int, destination: str = "") -> None:
    Pace.objects.create(
        organisation=organisation,
        destination=destination or "webhook:slow.example:443",
        answer_ms=ms,
    )


def claimed(*, limit: int = SENDERS, slow_limit: int | None = None) -> list[str]:
    found = claim_due(NOW, limit=limit, slow_limit=slow_limit)
    return sorted(one.notification.destination for one in found)


def finish(found: list[Claimed], *, seconds: float) -> None:
    ended_at = NOW + timedelta(seconds=seconds)
    sent = SendResult(Outcome.SENT)
    settle([Finished(one, sent, NOW, ended_at) for one in found], now=ended_at)


@pytest.mark.parametrize(
    ("ms", "count"), [(20, lanes.QUICK), (5000, lanes.SLOW_HOST), (None, lanes.UNKNOWN)]
)
def test_lane_has_as_many_under_way_as_its_pace_allows(lab, ms, count):
    if ms is not None:
        pace(lab, ms=ms)
    queue(lab, SLOW, count=SENDERS)
    assert claimed() == ["webhook:slow.example:443"] * count
    assert claimed() == []


def test_slow_provider_carries_more_than_a_slow_host(lab):
    pace(lab, ms=5000, destination="email")
    queue_pages([new_page(make_method(lab)) for _ in range(40)])
    assert len(claimed()) == lanes.SLOW_PROVIDER


def test_healthy_destination_is_not_hidden_behind_two_hundred_for_a_slow_one(lab):
    pace(lab, ms=5000)
    queue(lab, SLOW, count=200)
    queue(lab, OTHER, count=1)
    assert claimed() == [
        "webhook:other.example:443",
        *["webhook:slow.example:443"] * lanes.SLOW_HOST,
    ]


def test_slow_lanes_together_leave_senders_free(lab):
    for number in range(10):
        host = f"slow{number}.example"
        pace(lab, ms=5000, destination=f"webhook:{host}:443")
        queue(lab, f"https://{host}/", count=4)
    queue(lab, OTHER, count=2)
    found = claim_due(NOW, limit=SENDERS, slow_limit=6)
    assert sorted(one.is_slow for one in found) == [False] * 2 + [True] * 6


def test_lane_of_one_organisation_does_not_hold_up_anothers(lab):
    other = make_lab("meridian")
    pace(lab, ms=5000)
    queue(lab, SLOW, count=60)
    assert len(claimed()) == lanes.SLOW_HOST
    queue(other, SLOW, count=1)
    assert claimed() == ["webhook:slow.example:443"]


def test_claim_of_a_dead_process_frees_its_lane_before_its_lease_ends(lab):
    pace(lab, ms=5000)
    queue(lab, SLOW, count=8)
    first = {one.notification.pk for one in claim_due(NOW, limit=SENDERS)}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tocsin_notification SET lease_until = lease_until - interval '13 s'"
        )
    second = {one.notification.pk for one in claim_due(NOW, limit=SENDERS)}
    assert (len(first), len(second), first & second) == (4, 4, set())


def test_pace_is_learnt_from_answers(lab):
    queue(lab, SLOW, count=20)
    finish(claim_due(NOW, limit=SENDERS), seconds=0.02)
    assert Pace.objects.get().answer_ms == 20
    found = claim_due(NOW, limit=10)
    assert (len(found), found[0].is_slow) == (10, False)
    finish(found, seconds=5)
    assert Pace.objects.get().answer_ms == 2510
    (first, *_) = claim_due(NOW, limit=SENDERS)
    assert first.is_slow


def test_pace_that_stays_is_not_written_again(lab):
    queue(lab, SLOW, count=8)
    finish(claim_due(NOW, limit=SENDERS), seconds=0.02)
    finish(claim_due(NOW, limit=SENDERS), seconds=0.1)
    assert Pace.objects.get().answer_ms == 20


def test_claim_takes_as_many_statements_for_three_lanes_as_for_one(lab):
    def statements(count: int) -> int:
        for number in range(count):
            queue(lab, f"https://h{number}.example/", count=2)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(claim_due(NOW, limit=SENDERS)) == 2 * count
        return len(captured)

    assert statements(1) == statements(3)
