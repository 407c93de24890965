from datetime import timedelta

import pytest

from escalation.worldfile.apply import apply_world
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.events.actor import Actor
from incidents.intake.maintenance import end_maintenance
from incidents.models import Entry, Maintenance
from tests.escalation.worldfile.conftest import NOW, SMALL

pytestmark = pytest.mark.django_db

SOURCE = """
[[sources]]
organisation = "aurora"
slug = "prometheus"
tool = "generic"
name = "Prometheus"
"""
WEEKLY = """
[[maintenance_windows]]
organisation = "aurora"
slug = "patch-day"
source = "prometheus"
reason = "patch day"
weekdays = ["tue", "thu"]
time = "22:00"
zone = "Europe/Berlin"
minutes = 120
"""
ONCE = """
[[maintenance_windows]]
organisation = "aurora"
slug = "move"
reason = "new hall"
starts_at = 2999-01-02T10:00:00+01:00
ends_at = "2999-01-03T10:00:00+01:00"
"""
FILE = SMALL + SOURCE + WEEKLY + ONCE


def test_windows_are_written_as_the_file_says(apply):
    lines = apply(FILE).lines
    assert "+ maintenance window aurora/patch-day (patch day)" in lines
    weekly, once = Maintenance.objects.order_by("pk")
    assert (weekly.cron, weekly.zone, weekly.minutes, weekly.source.slug) == (
        "0 22 * * 2,4",
        "Europe/Berlin",
        120,
        "prometheus",
    )
    assert (once.ends_at - once.starts_at, once.source) == (timedelta(days=1), None)


def test_windows_are_applied_twice_and_exported_without_a_change(apply):
    apply(FILE)
    assert apply(FILE).lines == ()
    assert apply(export_world()).lines == ()
    assert "[[maintenance_windows]]" in export_world()


def test_a_window_that_changed_is_told(apply):
    apply(FILE)
    lines = apply(FILE.replace("= 120", "= 90")).lines
    assert lines == ("~ maintenance window aurora/patch-day: minutes 120 → 90",)
    assert Maintenance.objects.get(slug="patch-day").minutes == 90


def test_a_window_may_become_one_of_another_kind(apply):
    apply(FILE)
    days = 'weekdays = ["tue", "thu"]\ntime = "22:00"\n'
    zone = 'zone = "Europe/Berlin"\nminutes = 120\n'
    times = "starts_at = 2999-01-02T10:00:00Z\nends_at = 2999-01-02T11:00:00Z\n"
    apply(FILE.replace(days, times).replace(zone, ""))
    row = Maintenance.objects.get(slug="patch-day")
    assert (row.cron, row.minutes, row.zone) == ("", 0, "UTC")
    assert row.ends_at - row.starts_at == timedelta(hours=1)


def test_a_window_that_is_over_is_passed_over(apply):
    lines = apply(FILE.replace("2999", "2001")).lines
    assert [line for line in lines if "aurora/move" in line] == []
    assert Maintenance.objects.filter(slug="move").count() == 0


def test_a_window_that_was_ended_stays_so_until_the_file_says_something_else(apply):
    apply(FILE)
    row = Maintenance.objects.get(slug="patch-day")
    end_maintenance(row, actor=Actor.system(row.organisation), now=NOW)
    assert apply(FILE).lines == ()
    assert "patch-day" not in export_world()
    apply(FILE.replace("= 120", "= 90"))
    row.refresh_from_db()
    assert row.ended_at is None


def test_a_dry_run_makes_no_window(is_demo):
    apply_world(FILE, now=NOW, is_dry_run=True)
    assert (Maintenance.objects.count(), Entry.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('"22:00"', '"25:00"', "time"),
        ('["tue", "thu"]', '["someday"]', "weekdays"),
        ("Europe/Berlin", "Mars", "zone"),
        ("= 120", "= 0", "minutes"),
        ('source = "prometheus"', 'source = "nagios"', "source"),
        ("minutes = 120", 'minutes = 120\ncron = "0 0 * * *"', "cron"),
        ("minutes = 120", "minutes = 120\nstarts_at = 2999-01-01T00:00:00Z", "cron"),
        ('reason = "patch day"', 'reason = ""', "reason"),
    ],
)
def test_a_window_that_cannot_be_used_is_told_at_its_field(apply, before, after, field):
    with pytest.raises(WorldFileInvalid) as caught:
        apply(FILE.replace(before, after))
    assert f"maintenance_windows[0].{field}" in str(caught.value)


def test_a_window_named_twice_is_told(apply):
    with pytest.raises(WorldFileInvalid, match="window aurora/patch-day is here twice"):
        apply(FILE + WEEKLY)


def test_a_window_that_ends_before_it_begins_is_told(apply):
    wrong = FILE.replace('"2999-01-03', '"2999-01-01')
    with pytest.raises(WorldFileInvalid) as caught:
        apply(wrong)
    assert "maintenance_windows[1].ends_at" in str(caught.value)
