from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.loop import fire_due
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.incident.models import Incident
from incidents.intake.adapters.base import ParsedAlert
from incidents.intake.handling import (
    HandlingError,
    checked_group_by,
    checked_severity_map,
    expiry_of,
    grouped,
    severity_of,
)
from incidents.intake.models import Alert
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import change_source
from incidents.intake.waking import wake_alerts
from incidents.models import Delivery, Entry, Timer
from tests import factories
from tests.incidents.intake.intake_world import (
    NOW,
    generic,
    make_source,
    post,
    process_all,
)


def alert(**values):
    return ParsedAlert(dedup_key="d", status="firing", title="Disk", **values)


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ({"severity_told": "SEV0", "severity": "unknown"}, 5),
        ({"labels": {"severity": "warning"}, "severity": "medium"}, 1),
        ({"severity": "medium"}, 0),
        ({"severity": "high"}, 3),
        ({"severity": "unknown"}, 2),
    ],
)
def test_severity_follows_the_table_then_the_usual_words(values, level):
    table = {"sev0": 5, "warning": 1, "medium": 0}
    assert severity_of(alert(**values), table=table, default=2) == level


def test_alerts_with_the_same_labels_are_one_group():
    one, other, third = (
        grouped(alert(labels=labels, group_key="own"), ["cluster"])
        for labels in ({"cluster": "a", "host": "1"}, {"cluster": "a"}, {})
    )
    assert one.group_key == other.group_key != third.group_key
    assert (one.group_title, third.group_title) == ("cluster a", "cluster (none)")


def test_the_tools_own_group_stands_without_labels():
    assert grouped(alert(group_key="own"), []).group_key == "own"


def test_the_tools_own_expiry_goes_before_the_sources():
    told = NOW + timedelta(minutes=3)
    assert expiry_of(told, minutes=9, received_at=NOW) == told
    assert expiry_of(None, minutes=9, received_at=NOW) == NOW + timedelta(minutes=9)
    assert expiry_of(None, minutes=0, received_at=NOW) is None


@pytest.mark.parametrize(
    ("check", "value", "field"),
    [
        (checked_severity_map, {"a": 6}, "severity_map.a"),
        (checked_severity_map, {"a": True}, "severity_map.a"),
        (checked_severity_map, {" ": 1}, "severity_map"),
        (checked_severity_map, ["a"], "severity_map"),
        (checked_group_by, ["a", "a"], "group_by"),
        (checked_group_by, "cluster", "group_by"),
        (checked_group_by, [3], "group_by"),
    ],
)
def test_a_setting_that_cannot_be_used_names_its_field(check, value, field):
    with pytest.raises(HandlingError) as caught:
        check(value)
    assert caught.value.field == field


def received(source, *bodies, minutes=0):
    """Store and process bodies as if received `minutes` after NOW."""
    rows = store_deliveries(source, bodies)
    at = NOW + timedelta(minutes=minutes)
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(received_at=at)
    process_all(at)


def kinds():
    rows = Entry.objects.exclude(kind="config.changed").order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.mark.django_db
def test_the_table_sets_the_severity_of_the_incident(organisation):
    source = make_source(organisation, severity_map={"Purple": 3})
    post(source, generic(severity="purple"))
    assert Incident.objects.get().severity == 3


@pytest.mark.django_db
def test_alerts_are_grouped_by_the_sources_labels(organisation):
    source = make_source(organisation, group_by=["cluster"])
    bodies = [generic(t, group_key=t, labels={"cluster": "c"}) for t in "AB"]
    store_deliveries(source, bodies)
    process_all()
    incident = Incident.objects.get()
    assert (incident.title, incident.alert_count) == ("cluster c", 2)


@pytest.mark.django_db
def test_an_alert_after_the_window_opens_another_incident(organisation):
    source = make_source(organisation, group_window_minutes=10)
    received(source, generic("A", group_key="g"))
    received(source, generic("B", group_key="g"), minutes=8)
    fire_due(NOW + timedelta(minutes=10))
    received(source, generic("C", group_key="g"), minutes=17)
    fire_due(NOW + timedelta(minutes=27))
    received(source, generic("D", group_key="g"), minutes=28)
    counts = Incident.objects.order_by("pk").values_list("alert_count", flat=True)
    assert list(counts) == [3, 1]


@pytest.mark.django_db
def test_a_repeat_after_the_window_stays_with_its_incident(organisation):
    source = make_source(organisation, group_window_minutes=10)
    received(source, generic("A", group_key="g"))
    fire_due(NOW + timedelta(minutes=10))
    received(source, generic("A", group_key="g", minutes=1), minutes=28)
    assert Incident.objects.get().alert_count == 1


@pytest.mark.django_db
def test_a_window_set_later_counts_for_open_incidents(organisation):
    source = make_source(organisation)
    received(source, generic("A", group_key="g"))
    changes = {"group_window_minutes": 10}
    actor = Actor.system(organisation)
    change_source(source, changes=changes, actor=actor, now=NOW)
    fire_due(NOW)
    due = Timer.objects.get(kind="intake.group_window").due_at
    assert due == NOW + timedelta(minutes=10)


@pytest.mark.django_db
def test_silence_ends_an_alert_and_says_so(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    received(source, generic("A"))
    late = NOW + timedelta(minutes=30)
    assert wake_alerts(late - timedelta(seconds=1)) == 0
    assert wake_alerts(late) == 1
    row = Alert.objects.get()
    assert (row.status, row.ended_at, row.expires_at) == ("resolved", late, None)
    assert Incident.objects.get().status == "resolved"
    assert kinds()[-2:] == ["alert.resolved", "incident.resolved"]


@pytest.mark.django_db
def test_the_reason_of_an_expiry_is_recorded(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    received(source, generic("A"))
    wake_alerts(NOW + timedelta(minutes=30))
    cleared = Entry.objects.get(kind="alert.resolved")
    fields = read_fields([cleared])[cleared.pk]
    assert fields["reason"] == "nothing was heard of it since 2026-11-23T12:00:00.000Z"
    assert fields["actor"]["kind"] == "system"


@pytest.mark.django_db
def test_a_repeat_puts_the_expiry_off(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    received(source, generic("A"))
    received(source, generic("A"), minutes=20)
    assert wake_alerts(NOW + timedelta(minutes=49)) == 0
    row = Alert.objects.get()
    assert row.first_seen_at == NOW
    assert row.last_seen_at == NOW + timedelta(minutes=20)


@pytest.mark.django_db
def test_an_alert_that_expired_fires_again(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    received(source, generic("A"))
    wake_alerts(NOW + timedelta(minutes=30))
    received(source, generic("A"), minutes=40)
    assert Alert.objects.get().status == "firing"
    assert Incident.objects.filter(status="open").count() == 1


@pytest.mark.django_db
def test_expiring_many_takes_as_many_statements_as_one(organisation):
    source = make_source(organisation, expires_after_minutes=30)
    counts = []
    for minutes, titles in ((0, "A"), (60, "BCD")):
        received(source, *(generic(title) for title in titles), minutes=minutes)
        with CaptureQueriesContext(connection) as queries:
            wake_alerts(NOW + timedelta(minutes=minutes + 30))
        counts.append(len(queries))
    assert Alert.objects.filter(status="resolved").count() == 4
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_a_bad_setting_is_refused_with_its_field(organisation):
    with pytest.raises(BadInput) as caught:
        make_source(organisation, group_window_minutes=-1)
    assert caught.value.field == "group_window_minutes"


@pytest.mark.django_db
def test_the_page_changes_how_alerts_become_incidents(client):
    lab = factories.lab("aurora")
    source = make_source(lab)
    client.force_login(factories.person(lab, role="admin"))
    url = reverse("source-handling", args=[source.uid])
    sent = {
        "default_severity": "1",
        "severity_map": "warning = 1\nSEV 0 = 4",
        "group_by": "cluster, alertname",
        "group_window_minutes": "15",
        "expires_after_minutes": "60",
        "quiet_after_hours": "0",
        "flap_changes": "6",
        "flap_minutes": "20",
    }
    assert client.post(url, sent).status_code == 302
    source.refresh_from_db()
    assert source.severity_map == {"sev 0": 4, "warning": 1}
    assert source.group_by == ["cluster", "alertname"]
    assert (source.group_window_minutes, source.expires_after_minutes) == (15, 60)
    assert (source.flap_changes, source.flap_minutes) == (6, 20)
    assert "warning = 1" in client.get(url).text


@pytest.mark.django_db
def test_the_page_says_what_is_wrong_with_a_line(client):
    lab = factories.lab("aurora")
    source = make_source(lab)
    client.force_login(factories.person(lab, role="admin"))
    url = reverse("source-handling", args=[source.uid])
    sent = {
        "default_severity": "1",
        "severity_map": "warning = 9",
        "group_window_minutes": "0",
        "expires_after_minutes": "0",
        "quiet_after_hours": "0",
        "flap_changes": "0",
        "flap_minutes": "30",
    }
    response = client.post(url, sent)
    assert response.status_code == 422
    assert "Give a whole number from 0 to 5." in response.text
