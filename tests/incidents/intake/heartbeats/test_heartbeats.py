from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.lifecycle import comment, resolve
from incidents.intake.heartbeats.monitors import (
    HeartbeatDraft,
    change_heartbeat,
    create_heartbeat,
    heartbeat_url,
    rotate_heartbeat_key,
)
from incidents.intake.heartbeats.ping import Pinged, take_ping
from incidents.intake.heartbeats.watching import due_at
from incidents.intake.silences import (
    SilenceDraft,
    create_silence,
    end_silence,
    extend_silence,
)
from incidents.intake.suppressors import counts_held
from incidents.models import Entry, Heartbeat, Incident, Suppression, Timer
from tests import factories
from tests.incidents.intake.intake_world import NOW

pytestmark = pytest.mark.django_db


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def monitor(organisation, slug="backup", **values):
    given = {"name": "Nightly backup", "period_minutes": 60, "grace_minutes": 5}
    if "cron" in values:
        given["period_minutes"] = 0
    draft = HeartbeatDraft(**{**given, **values})
    actor = Actor.system(organisation)
    return create_heartbeat(organisation, draft, slug=slug, actor=actor, now=NOW)


def ping(heartbeat, minutes):
    key = heartbeat_url(heartbeat).rpartition("/")[2]
    return take_ping(key, now=at(minutes))


def change(heartbeat, minutes=0, **changes):
    actor = Actor.system(heartbeat.organisation)
    return change_heartbeat(heartbeat, changes=changes, actor=actor, now=at(minutes))


def kinds():
    skipped = ("config.changed", "run.stopped")
    rows = Entry.objects.exclude(kind__in=skipped).order_by("id")
    return list(rows.values_list("kind", flat=True))


def test_no_sign_opens_one_incident_after_the_grace(organisation):
    monitor(organisation, severity=3)
    fire_due(at(64))
    assert Incident.objects.count() == 0
    fire_due(at(65))
    fire_due(at(500))
    incident = Incident.objects.get()
    assert incident.title == "No sign of life from Nightly backup"
    assert incident.severity == 3
    assert "None ever came." in incident.description
    assert Heartbeat.objects.get().late_since == at(65)


def test_a_sign_puts_it_off(organisation):
    row = monitor(organisation)
    assert ping(row, 50) is Pinged.TAKEN
    fire_due(at(65))
    assert Incident.objects.count() == 0
    assert Timer.objects.get(kind="heartbeat.due").due_at == at(50 + 65)
    row.refresh_from_db()
    assert (row.state, row.ping_count, row.last_ping_at) == ("up", 1, at(50))


def test_a_sign_that_comes_back_resolves_the_untouched_incident(organisation):
    row = monitor(organisation)
    fire_due(at(65))
    ping(row, 70)
    fire_due(at(70))
    incident = Incident.objects.get()
    row.refresh_from_db()
    assert (incident.status, row.state, row.late_since) == ("resolved", "up", None)
    assert Timer.objects.get(kind="heartbeat.due").due_at == at(70 + 65)
    assert kinds() == ["incident.opened", "alert.resolved", "incident.resolved"]


def test_a_touched_incident_stays_open_and_fires_again(organisation):
    row = monitor(organisation)
    fire_due(at(65))
    incident = Incident.objects.get()
    comment(
        incident,
        text="looking",
        is_shared=False,
        organisation=organisation,
        user=factories.person(organisation),
        actor=Actor.system(organisation),
        now=at(66),
    )
    ping(row, 70)
    fire_due(at(70))
    incident.refresh_from_db()
    assert (incident.status, incident.all_clear_at) == ("open", at(70))
    fire_due(at(70 + 65))
    incident.refresh_from_db()
    assert (Incident.objects.count(), incident.all_clear_at) == (1, None)
    assert kinds()[-1] == "alert.attached"


def test_late_again_after_it_was_resolved_is_another_incident(organisation):
    row = monitor(organisation)
    fire_due(at(65))
    ping(row, 70)
    fire_due(at(70))
    fire_due(at(135))
    assert Incident.objects.count() == 2


def test_a_cron_expression_says_when_a_sign_is_due(organisation):
    row = monitor(organisation, cron="0 14 * * *", zone="Europe/Berlin")
    # 14:00 in Berlin is 13:00 UTC, an hour after NOW.
    ping(row, 30)
    fire_due(at(64))
    assert Incident.objects.count() == 0
    fire_due(at(65))
    assert Incident.objects.count() == 1


def test_a_sign_in_an_hour_that_comes_twice_is_not_late_at_once(organisation):
    row = monitor(organisation, cron="30 2 * * *", zone="Europe/Berlin")
    night = datetime(2026, 10, 25, 1, 5, tzinfo=UTC)
    row.watched_since, row.last_ping_at = night - timedelta(days=9), night
    assert due_at(row) == datetime(2026, 10, 26, 1, 35, tzinfo=UTC)


def test_one_that_is_switched_off_waits_for_nothing(organisation):
    row = change(monitor(organisation), is_enabled=False)
    fire_due(at(65))
    assert (Incident.objects.count(), Timer.objects.count()) == (0, 0)
    assert ping(row, 70) is Pinged.UNKNOWN_KEY


def test_one_that_is_switched_on_waits_from_then_on(organisation):
    row = change(monitor(organisation), is_enabled=False)
    change(row, 100, is_enabled=True)
    assert Timer.objects.get().due_at == at(165)


def test_one_that_was_late_is_waited_for_anew_when_it_is_switched_on(organisation):
    row = monitor(organisation)
    fire_due(at(65))
    change(row, minutes=70, is_enabled=False)
    actor = Actor.system(organisation)
    incident = Incident.objects.get()
    resolve(incident, reason="known", user=None, actor=actor, now=at(71))
    change(row, minutes=300, is_enabled=True)
    row.refresh_from_db()
    assert (row.state, row.late_since) == ("new", None)
    fire_due(at(364))
    assert Incident.objects.count() == 1
    fire_due(at(365))
    assert Incident.objects.filter(status="open").count() == 1
    assert Incident.objects.count() == 2


def test_one_whose_incident_is_open_stays_late_when_it_is_switched_on(organisation):
    row = monitor(organisation)
    fire_due(at(65))
    change(row, minutes=70, is_enabled=False)
    change(row, minutes=75, is_enabled=True)
    ping(row, 80)
    fire_due(at(80))
    assert Incident.objects.get().status == "resolved"


def test_another_rhythm_begins_at_once(organisation):
    row = monitor(organisation)
    ping(row, 5)
    change(row, 10, period_minutes=10)
    assert Timer.objects.get().due_at == at(25)


def test_an_unknown_key_is_told_so(organisation):
    monitor(organisation)
    assert take_ping("wrong", now=NOW) is Pinged.UNKNOWN_KEY


def test_a_new_key_ends_the_old_address(organisation):
    row = monitor(organisation)
    old = heartbeat_url(row).rpartition("/")[2]
    rotate_heartbeat_key(row, actor=Actor.system(organisation), now=NOW)
    assert take_ping(old, now=NOW) is Pinged.UNKNOWN_KEY
    assert ping(row, 1) is Pinged.TAKEN


def test_a_sign_takes_one_statement(organisation):
    row = monitor(organisation)
    with CaptureQueriesContext(connection) as queries:
        ping(row, 1)
    assert len(queries) == 1


def test_many_late_ones_take_as_many_statements_as_one(organisation):
    monitor(organisation, "a")
    counts = []
    for minutes, slugs in ((65, ""), (200, "bcd")):
        for slug in slugs:
            monitor(organisation, slug)
        with CaptureQueriesContext(connection) as queries:
            fire_due(at(minutes))
        counts.append(len(queries))
    assert Incident.objects.count() == 4
    assert counts[0] == counts[1]


def silence(organisation):
    draft = SilenceDraft(
        matchers=[{"field": "label:heartbeat", "op": "=", "value": "backup"}],
        starts_at=NOW,
        ends_at=at(120),
        reason="known",
    )
    actor = Actor.system(organisation)
    return create_silence(organisation, draft, author=None, actor=actor, now=NOW)


def test_a_silence_holds_it_back_until_it_ends(organisation):
    monitor(organisation)
    silence(organisation)
    fire_due(at(65))
    assert (Incident.objects.count(), kinds()) == (0, ["alert.suppressed"])
    fire_due(at(120))
    assert Incident.objects.count() == 1


def test_a_longer_silence_holds_it_back_and_counts_it_once(organisation):
    row = monitor(organisation)
    made = silence(organisation)
    fire_due(at(65))
    actor = Actor.system(organisation)
    extend_silence(made, minutes=60, actor=actor, now=at(70))
    fire_due(at(120))
    fire_due(at(121))
    assert (kinds(), Incident.objects.count()) == (["alert.suppressed"], 0)
    held = Suppression.objects.get()
    assert (held.heartbeat, held.alert, held.organisation) == (row, None, organisation)
    assert counts_held([made]) == {f"silence:{made.pk}": 1}


def test_a_silence_that_is_ended_early_lets_go_of_it(organisation):
    monitor(organisation)
    made = silence(organisation)
    fire_due(at(65))
    end_silence(made, actor=Actor.system(organisation), now=at(70))
    fire_due(at(70))
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"period_minutes": 0}, "period_minutes"),
        ({"period_minutes": 5, "cron": "0 0 * * *"}, "period_minutes"),
        ({"period_minutes": -1}, "period_minutes"),
        ({"grace_minutes": -1}, "grace_minutes"),
        ({"cron": "0 0 * *"}, "cron"),
        ({"zone": "Mars"}, "zone"),
        ({"severity": 6}, "severity"),
        ({"category": "XXX"}, "category"),
        ({"tlp": "PINK"}, "tlp"),
        ({"name": " "}, "name"),
    ],
)
def test_what_cannot_be_watched_names_the_field(organisation, values, field):
    given = {"name": "n", "period_minutes": 0 if values.get("cron") else 60, **values}
    with pytest.raises(BadInput) as caught:
        create_heartbeat(
            organisation,
            HeartbeatDraft(**given),
            slug="x",
            actor=Actor.system(organisation),
            now=NOW,
        )
    assert caught.value.field == field


def test_a_name_in_use_is_refused(organisation):
    monitor(organisation)
    with pytest.raises(BadInput) as caught:
        monitor(organisation)
    assert caught.value.field == "slug"
