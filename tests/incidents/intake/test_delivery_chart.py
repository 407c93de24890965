from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.events.actor import Actor
from incidents.intake.delivery_chart import charts_of
from incidents.intake.sources import create_source
from incidents.models import Delivery, DeliveryCount
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)


@pytest.fixture
def source():
    lab = factories.lab("aurora")
    made, _ = create_source(
        lab, tool="generic", slug="s", name="S", actor=Actor.system(lab), now=NOW
    )
    return made


def counted(source, hours_ago, **states):
    for state, count in states.items():
        DeliveryCount.objects.create(
            source=source,
            hour=HOUR - timedelta(hours=hours_ago),
            state=state,
            count=count,
        )


def bars(chart):
    return [
        (bar["span"].start, bar["span"].count, bar["span"].failed)
        for bar in chart["bars"]
        if bar["span"].count
    ]


def test_hours_and_days_hold_what_came_and_what_failed(source):
    counted(source, 0, processed=6, unreadable=2)
    counted(source, 23, ignored=1)
    counted(source, 24, processed=10)
    counted(source, 24 * 40, processed=99)

    day, month = charts_of(source, now=NOW)

    assert bars(day) == [(HOUR - timedelta(hours=23), 1, 0), (HOUR, 8, 2)]
    assert (day["count"], day["failed"], day["percent"]) == (9, 2, "22.2")
    today = HOUR.replace(hour=0)
    assert bars(month) == [(today - timedelta(days=1), 11, 0), (today, 8, 2)]


def test_what_was_too_large_counts_as_failed(source):
    Delivery.objects.create(
        uid="0b2e1f0c-0000-4000-8000-000000000001",
        source=source,
        organisation=source.organisation,
        size_bytes=9,
        sha256=b"",
        state="too_large",
        received_at=NOW,
    )

    day, _ = charts_of(source, now=NOW)

    assert bars(day) == [(HOUR, 1, 1)]


def test_a_bar_is_as_high_as_its_share_of_the_highest(source):
    counted(source, 0, processed=3, unreadable=1)
    counted(source, 1, processed=2)

    day, _ = charts_of(source, now=NOW)
    before, last = day["bars"][-2:]

    assert (last["y"], last["good_height"], last["bad_height"]) == (0, 75, 25)
    assert (before["y"], before["good_height"], before["bad_height"]) == (50, 50, 0)


def test_both_charts_take_one_statement(source):
    counted(source, 0, processed=1)

    with CaptureQueriesContext(connection) as queries:
        charts_of(source, now=NOW)

    assert len(queries) == 1


def test_other_sources_are_not_in_it(source):
    lab = source.organisation
    other, _ = create_source(
        lab, tool="generic", slug="o", name="O", actor=Actor.system(lab), now=NOW
    )
    counted(other, 0, processed=5)

    assert [chart["count"] for chart in charts_of(source, now=NOW)] == [0, 0]
