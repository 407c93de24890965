from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.loop import fire_due
from incidents.events.actor import Actor
from incidents.intake.heartbeats.monitors import (
    HeartbeatDraft,
    create_heartbeat,
    heartbeat_url,
)
from incidents.intake.heartbeats.watching import held_until
from incidents.intake.maintenance import MaintenanceDraft, create_maintenance
from incidents.models import Heartbeat, Timer
from incidents.timers.clock import read_now
from tests import factories
from tests.api_world import client_of

pytestmark = pytest.mark.django_db

SENT = {
    "name": "Nightly backup",
    "slug": "backup",
    "grace_minutes": "30",
    "zone": "Europe/Berlin",
    "severity": "3",
    "category": "AVL",
    "tlp": "AMBER",
    "is_enabled": "on",
}


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


def monitor(organisation, slug="backup"):
    return create_heartbeat(
        organisation,
        HeartbeatDraft(name="Nightly backup", period_minutes=60),
        slug=slug,
        actor=Actor.system(organisation),
        now=read_now(),
    )


def test_a_monitor_is_made_on_the_page(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    response = client.post(reverse("heartbeat-new"), {**SENT, "cron": "0 2 * * *"})
    made = Heartbeat.objects.get()
    assert response.url == reverse("heartbeat-edit", args=[made.uid])
    assert (made.cron, made.zone, made.severity) == ("0 2 * * *", "Europe/Berlin", 3)
    assert f'value="{heartbeat_url(made)}"' in client.get(response.url).text
    assert "Nightly backup" in client.get(reverse("heartbeat-list")).text


def test_neither_period_nor_cron_is_told_at_the_field(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    response = client.post(reverse("heartbeat-new"), SENT)
    assert (response.status_code, Heartbeat.objects.count()) == (422, 0)
    assert "Give either a period or a cron expression." in response.text


def test_a_monitor_is_changed_on_the_page(client, aurora):
    made = monitor(aurora)
    client.force_login(factories.person(aurora, role="admin"))
    sent = {**SENT, "name": "Backup", "period_minutes": "5", "is_enabled": ""}
    client.post(reverse("heartbeat-edit", args=[made.uid]), sent)
    made.refresh_from_db()
    assert (made.name, made.period_minutes, made.is_enabled) == ("Backup", 5, False)


def test_who_may_not_configure_sees_no_address(client, aurora):
    made = monitor(aurora)
    client.force_login(factories.person(aurora, role="responder"))
    page = client.get(reverse("heartbeat-list"))
    edit = client.get(reverse("heartbeat-edit", args=[made.uid]))
    assert "Nightly backup" in page.text
    assert edit.status_code == 403
    assert heartbeat_url(made) not in page.text + edit.text


def test_the_list_takes_as_many_statements_for_three(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("heartbeat-list")
    monitor(aurora, "a")
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    monitor(aurora, "b")
    monitor(aurora, "c")
    with CaptureQueriesContext(connection) as three:
        client.get(url)
    assert len(one) == len(three)


def test_a_monitor_is_made_and_changed_over_rest(aurora):
    api = client_of(factories.person(aurora, role="admin"))
    body = {"slug": "backup", "name": "Backup", "period_minutes": 60}
    made = api.post("/api/v1/heartbeats/", body, format="json").json()
    assert (made["state"], made["incident"]) == ("new", None)
    assert made["due_at"] is not None
    url = f"/api/v1/heartbeats/{made['id']}/"
    changed = api.patch(url, {"is_enabled": False}, format="json").json()
    assert (changed["is_enabled"], changed["due_at"]) == (False, None)
    rotated = api.post(f"{url}rotate-key/").json()
    assert rotated["url"] != made["url"]


def test_a_token_that_may_only_read_gets_no_address(aurora):
    monitor(aurora)
    api = client_of(factories.person(aurora, role="admin"), scopes=("read",))
    [shown] = api.get("/api/v1/heartbeats/").json()["results"]
    assert (shown["name"], shown["url"]) == ("Nightly backup", "")


def test_who_may_not_change_a_monitor_gets_no_address(client, aurora):
    row = monitor(aurora)
    client.force_login(factories.person(aurora, role="staff"))
    [shown] = client.get("/api/v1/heartbeats/").json()["results"]
    alone = client.get(f"/api/v1/heartbeats/{row.uid}/").json()
    assert (shown["name"], shown["url"], alone["url"]) == ("Nightly backup", "", "")


def test_zeros_and_zones_of_a_monitor_are_shown_as_they_are(client, aurora):
    row = monitor(aurora)
    Heartbeat.objects.update(grace_minutes=0, severity=0, zone="Etc/UTC")
    client.force_login(factories.person(aurora, role="admin"))
    form = client.get(reverse("heartbeat-edit", args=[row.uid])).context["form"]
    shown = {name: form[name].value() for name in ("grace_minutes", "severity", "zone")}
    assert shown == {"grace_minutes": 0, "severity": 0, "zone": "Etc/UTC"}
    assert "Etc/UTC" in dict(form.fields["zone"].choices)


def test_a_monitor_that_is_held_back_is_shown_so(client, aurora):
    row = monitor(aurora)
    now = read_now()
    draft = MaintenanceDraft(
        reason="new hall", starts_at=now, ends_at=now + timedelta(hours=8)
    )
    actor = Actor.system(aurora)
    create_maintenance(aurora, draft, author=None, actor=actor, now=now)
    client.force_login(factories.person(aurora, role="staff"))
    Heartbeat.objects.update(watched_since=now - timedelta(hours=3))
    Timer.objects.filter(kind="heartbeat.due").update(due_at=now)
    fire_due(now)
    row.refresh_from_db()
    assert held_until([row], now) == {row.pk: now + timedelta(hours=8)}
    assert "Held back" in client.get(reverse("heartbeat-list")).text
    row.last_ping_at = now
    assert held_until([row], now) == {}
