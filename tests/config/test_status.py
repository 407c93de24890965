import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from config.health import CHORES, CONSUMERS
from config.status import LABELS, Share, read_status, spoken
from escalation.models import Notification
from incidents.models import Audit, Entry, Organisation, Pending, SealerState, Timer
from incidents.sealing.seal import seal_batch
from incidents.timers import schedule
from incidents.timers.lateness import MESSAGE, note_lateness
from incidents.timers.ticks import note_tick
from tests import factories as make
from tests.factories import NOW
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db


def note(*late_ms: int, what: str = "run.step", at: datetime = NOW) -> None:
    note_lateness("timers", [(what, ms) for ms in late_ms], worst_ms=0, now=at)


def overdue_timer(**more: object) -> Timer:
    return Timer.objects.create(
        kind="run.step", subject_id=1, organisation=make.lab(), **more
    )


def test_share_is_rounded_down_so_that_one_late_in_a_million_shows() -> None:
    assert Share(1_000_000, 999_999).percent == "99.99"
    assert Share(3, 3).percent == "100.00"
    assert Share(0, 0).percent == ""


def test_status_of_a_platform_that_did_nothing_claims_nothing() -> None:
    status = read_status(NOW)
    assert (status.total, status.kinds, status.worst) == (Share(0, 0), (), ())
    assert [day.share.count for day in status.days] == [0] * 30


def test_status_counts_by_the_bound_and_by_day() -> None:
    note(10, 2_000, 2_001)
    note(5, what=MESSAGE, at=NOW - timedelta(days=29))
    note(5, at=NOW - timedelta(days=30))
    status = read_status(NOW)
    assert (status.total, status.waiting_late) == (Share(4, 3), 0)
    assert [(day.on.day, day.share) for day in status.days if day.share.count] == [
        (25, Share(1, 1)),
        (23, Share(3, 2)),
    ]


def test_bound_of_punctuality_is_a_setting(settings: object) -> None:
    note(2_001)
    settings.ON_TIME_SECONDS = 4  # type: ignore[attr-defined]  # pytest-django's
    assert read_status(NOW).total == Share(1, 1)


def test_what_still_waits_counts_as_late() -> None:
    overdue_timer(due_at=NOW - timedelta(seconds=3))
    overdue_timer(due_at=NOW - timedelta(seconds=1))
    overdue_timer(
        due_at=NOW + timedelta(minutes=5), original_due_at=NOW - timedelta(minutes=5)
    )
    status = read_status(NOW)
    assert (status.waiting_late, status.total) == (2, Share(2, 0))
    assert status.days[-1].share == Share(2, 0)


def test_message_that_was_never_tried_counts_as_late_and_one_on_retry_does_not() -> (
    None
):
    lab = make.lab()
    for number, attempts in enumerate((0, 1)):
        Notification.objects.create(
            dedup_key=f"x{number}",
            organisation=lab,
            purpose="page",
            channel="email",
            address="duty@lab.example",
            message={},
            message_sha256="",
            attempts=attempts,
            queued_at=NOW - timedelta(minutes=1),
            next_attempt_at=NOW - timedelta(minutes=1),
            expires_at=NOW + timedelta(minutes=29),
        )
    assert read_status(NOW).waiting_late == 1


def test_kinds_of_the_last_day_have_their_quantiles() -> None:
    note(*[10] * 98, 700, 400_000)
    note(1, what=MESSAGE, at=NOW - timedelta(hours=25))
    [kind] = read_status(NOW).kinds
    assert (kind.name, kind.share) == ("Step of an escalation", Share(100, 99))
    assert (kind.p50_ms, kind.p99_ms, kind.max_ms) == (50, 1_000, 400_000)
    assert kind.spoken == ("0.05 s", "1.00 s", "400.0 s")


def test_worst_names_only_what_was_late() -> None:
    note(10, 9_000)
    note(2_000, what=MESSAGE)
    [worst] = read_status(NOW).worst
    assert (worst.what, worst.max_ms, worst.late_by) == ("run.step", 9_000, "9.00 s")


def test_lateness_beyond_the_bounds_is_said_so() -> None:
    assert (spoken(None), spoken(7_200_000)) == ("over 300 s", "2.0 h")


def test_every_kind_of_timer_has_a_name_for_people() -> None:
    kinds = {kind for kind in schedule._handlers if not kind.startswith("test.")}
    assert kinds - LABELS.keys() == set()


def test_page_shows_the_share_and_the_worst(client: Client) -> None:
    client.force_login(make.person(make.agency(), role="officer"))
    now = timezone.now()
    note(*[10] * 9_999, 3_000, at=now)
    text = client.get("/status/").text
    assert re.search(r'class="figure">([\d.]+) %', text)[1] == "99.99"  # type: ignore[index]  # it is there
    assert text.count("<rect") == 30
    assert "3.00 s" in text


def test_status_takes_as_many_statements_for_many_kinds() -> None:
    counts: list[int] = []
    for what in ("run.step", MESSAGE, "clock.warn"):
        note(10, 9_000, what=what)
        with CaptureQueriesContext(connection) as context:
            assert len(read_status(NOW).kinds) == len(counts) + 1
        counts.append(len(context))
    assert len(set(counts)) == 1


def test_page_is_for_people_who_are_signed_in(client: Client) -> None:
    assert client.get("/status/")["Location"].startswith("/sign-in/")


def test_api_tells_the_same() -> None:
    api = APIClient()
    api.force_authenticate(make.person(make.lab()))
    note(10, 5_000, at=timezone.now())
    body = api.get("/api/v1/status/").json()
    share = {"count": 2, "on_time": 1, "percent": "50.00"}
    assert (body["total"], body["days"][-1]["share"]) == (share, share)
    assert body["kinds"][0]["p99_ms"] == 10_000
    assert body["stale"] == ["intake", "router", "timers", "delivery"]
    assert set(body["stale_chores"]) == {*CHORES}


def test_histogram_in_the_metrics_is_cumulative(client: Client) -> None:
    note(10, 60, 400_000, at=timezone.now())
    lines = client.get("/metrics").text.splitlines()
    name = 'tocsin_lateness_seconds_bucket{what="run.step",le='
    assert [f'{name}"0.05"}} 1', f'{name}"0.1"}} 2', f'{name}"+Inf"}} 3'] == [
        line
        for line in lines
        if re.match(re.escape(name) + r'"(0.05|0.1|\+Inf)"', line)
    ]
    assert 'tocsin_lateness_seconds_sum{what="run.step"} 400.07' in lines
    recent = 'tocsin_recent_lateness_seconds{what="run.step",quantile='
    assert f'{recent}"0.99"}} +Inf' in lines
    assert f'{recent}"1"}} 400.0' in lines


def test_page_tells_a_chore_that_stopped_from_one_that_never_ran(
    client: Client,
) -> None:
    client.force_login(make.person(make.lab()))
    note_tick("calendars", NOW)
    chores = client.get("/status/").context["chores"]
    noted = [one["ran_at"] for one in chores if one["ran_at"]]
    assert (noted, len(chores)) == ([NOW], len(CHORES))
    assert [one["is_stale"] for one in chores] == [True] * len(CHORES)


def test_operator_hears_of_a_chore_that_stopped(client: Client) -> None:
    operations = Organisation.objects.create(slug="op", kind="platform", name="Op")
    client.force_login(make.person(operations, role="operator"))
    for consumer in CONSUMERS:
        note_tick(consumer, timezone.now())
    note_tick("calendars", NOW)
    strip = client.get("/").context["strip"]
    assert strip.happening == "Not done lately: calendars."


def test_operator_hears_of_an_entry_that_cannot_be_sealed(client: Client) -> None:
    operations = Organisation.objects.create(slug="op", kind="platform", name="Op")
    client.force_login(make.person(operations, role="operator"))
    for consumer in CONSUMERS:
        note_tick(consumer, timezone.now())
    first, second = record_entries(count=2)
    Pending.objects.filter(entry=first).delete()
    seal_batch(NOW)
    strip = client.get("/").context["strip"]
    stream = Entry.objects.get(pk=second).stream_id
    assert strip.happening == (
        "The record is not sealed any further. "
        f"Entry {second}: number 2 of stream {stream} follows number 0."
    )
    assert "not sealed any further" in client.get("/status/").text


def test_operator_hears_what_an_audit_found(client: Client) -> None:
    operations = Organisation.objects.create(slug="op", kind="platform", name="Op")
    client.force_login(make.person(operations, role="operator"))
    for consumer in CONSUMERS:
        note_tick(consumer, timezone.now())
    found = [{"entry": 7, "why": "it is sealed and does not exist"}]
    more = {"size": 9, "root": b"", "against": "signed", "findings": found}
    Audit.objects.create(begun_at=NOW, ended_at=NOW, **more)
    strip = client.get("/").context["strip"]
    words = "Entry 7: it is sealed and does not exist"
    assert strip.happening == f"The record does not fit. {words}."
    assert words in client.get("/status/").text
    assert client.get("/readyz").json()["record_mismatches"] == [words]


def test_operator_hears_that_the_signer_refuses(client: Client) -> None:
    operations = Organisation.objects.create(slug="op", kind="platform", name="Op")
    client.force_login(make.person(operations, role="operator"))
    for consumer in CONSUMERS:
        note_tick(consumer, timezone.now())
    SealerState.objects.create(refused_why="size 2 was passed")
    strip = client.get("/").context["strip"]
    assert strip.happening == "The log is not signed: size 2 was passed."
    assert "size 2 was passed" in client.get("/status/").text
