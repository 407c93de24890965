from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.models import Entry, Maintenance, Silence, SilenceNotice
from incidents.timers.clock import read_now
from tests import factories
from tests.api_world import client_of
from tests.incidents.intake.intake_world import generic, make_source, post

pytestmark = pytest.mark.django_db

WHEN = {"zone": "UTC", "announce_minutes": "15"}


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


def silence(organisation, **values):
    now = read_now()
    times = {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    matchers = [{"field": "title", "op": "=", "value": "A"}]
    return Silence.objects.create(
        organisation=organisation,
        **{"matchers": matchers, "reason": "known", **times, **values},
    )


def test_a_silence_is_made_on_the_page(client, aurora):
    source = make_source(aurora)
    client.force_login(factories.person(aurora, role="responder"))
    sent = {
        "conditions": "cluster = a\nseverity <= 2",
        "source": source.pk,
        "minutes": "240",
        "reason": "new switches",
        **WHEN,
    }
    response = client.post(reverse("silence-new"), sent)
    assert response.status_code == 302
    made = Silence.objects.get()
    assert made.ends_at - made.starts_at == timedelta(hours=4)
    assert made.announce_minutes == 15
    assert [m["field"] for m in made.matchers] == ["label:cluster", "severity"]
    shown = client.get(reverse("silence-list"))
    assert "cluster = a, severity &lt;= 2" in shown.text
    assert Entry.objects.filter(kind="config.changed").count() == 2


def test_a_condition_that_cannot_be_read_is_told_at_its_field(client, aurora):
    client.force_login(factories.person(aurora, role="responder"))
    sent = {"conditions": "cluster", "minutes": "60", "reason": "x", **WHEN}
    response = client.post(reverse("silence-new"), sent)
    assert response.status_code == 422
    assert "Write a name, = and a value." in response.text


def test_a_silence_of_everything_is_refused(client, aurora):
    client.force_login(factories.person(aurora, role="responder"))
    sent = {"conditions": "", "minutes": "60", "reason": "x", **WHEN}
    response = client.post(reverse("silence-new"), sent)
    assert (response.status_code, Silence.objects.count()) == (422, 0)


def test_a_silence_is_ended_on_the_page(client, aurora):
    made = silence(aurora)
    client.force_login(factories.person(aurora, role="responder"))
    client.post(reverse("silence-end", args=[made.uid]))
    made.refresh_from_db()
    assert made.state_at(read_now()) == "expired"


def test_a_silence_is_made_an_hour_longer_with_one_click(client, aurora):
    made = silence(aurora)
    client.force_login(factories.person(aurora, role="responder"))
    assert "+1 hour" in client.get(reverse("silence-list")).text
    answer = client.post(reverse("silence-extend", args=[made.uid]))
    assert answer["Location"] == f"{reverse('silence-list')}#silence-{made.uid}"
    extended = Silence.objects.get()
    assert extended.ends_at == made.ends_at + timedelta(hours=1)


def test_the_list_shows_what_is_held_now_and_when_that_was_told(client, aurora):
    made = silence(aurora)
    post(make_source(aurora), generic("A"), now=made.starts_at)
    SilenceNotice.objects.create(
        organisation=aurora,
        silence=made,
        ends_at=made.ends_at,
        stage="soon",
        at=made.starts_at,
        held_count=1,
    )
    client.force_login(factories.person(aurora, role="staff"))
    page = client.get(reverse("silence-list")).text
    assert "1 now" in page
    assert "announced" in page


def test_who_may_not_resolve_sees_no_buttons(client, aurora):
    silence(aurora)
    client.force_login(factories.person(aurora, role="staff"))
    page = client.get(reverse("silence-list"))
    assert "known" in page.text
    assert "End now" not in page.text
    assert "+1 hour" not in page.text
    assert "New silence" not in page.text


@pytest.mark.parametrize(
    ("values", "cron"),
    [
        ({"kind": "weekly", "weekdays": ["tue"], "time": "22:00"}, "0 22 * * 2"),
        ({"kind": "cron", "cron": "5 4 * * *"}, "5 4 * * *"),
        ({"kind": "once", "starts_at": "2030-01-01T10:00"}, ""),
    ],
)
def test_maintenance_is_planned_on_the_page(client, aurora, values, cron):
    client.force_login(factories.person(aurora, role="admin"))
    sent = {"reason": "patch day", "minutes": "90", "zone": "Europe/Berlin", **values}
    assert client.post(reverse("maintenance-new"), sent).status_code == 302
    window = Maintenance.objects.get()
    assert window.cron == cron
    if not cron:
        assert window.ends_at - window.starts_at == timedelta(minutes=90)
        assert window.starts_at.hour == 9
    assert "patch day" in client.get(reverse("silence-list")).text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "weekly", "time": "22:00"}, "Name some of mon"),
        ({"kind": "cron", "cron": "x"}, "Write five fields"),
        ({"kind": "cron"}, "Write an expression."),
        ({"kind": "once"}, "Say when it begins."),
    ],
)
def test_maintenance_without_its_times_is_told_so(client, aurora, values, message):
    client.force_login(factories.person(aurora, role="admin"))
    sent = {"reason": "patch day", "minutes": "90", "zone": "UTC", **values}
    response = client.post(reverse("maintenance-new"), sent)
    assert response.status_code == 422
    assert message in response.text


def window(organisation, **values):
    given = {"cron": "0 22 * * 1", "zone": "Etc/UTC", "minutes": 60, "reason": "x"}
    return Maintenance.objects.create(organisation=organisation, **{**given, **values})


def test_maintenance_is_changed_on_the_page(client, aurora):
    row = window(aurora)
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("maintenance-edit", args=[row.uid])
    page = client.get(url).text
    assert '<option value="Etc/UTC" selected>' in page
    assert "data-local-zone" not in page
    sent = {"reason": "y", "kind": "cron", "cron": "0 23 * * 1", "minutes": "30"}
    assert client.post(url, {**sent, "zone": "Etc/UTC"}).status_code == 302
    row.refresh_from_db()
    assert (row.reason, row.cron, row.zone) == ("y", "0 23 * * 1", "Etc/UTC")


def test_the_page_of_a_single_window_keeps_its_instants(client, aurora):
    start = datetime(2030, 1, 1, 10, tzinfo=UTC)
    end = start + timedelta(minutes=90)
    # The zone of a single window says nothing: its instants do.
    once = {"cron": "", "minutes": 0, "starts_at": start, "ends_at": end}
    row = window(aurora, **once, zone="Europe/Berlin")
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("maintenance-edit", args=[row.uid])
    form = client.get(url).context["form"]
    sent = {bound.name: bound.value() for bound in form if bound.value()}
    assert client.post(url, {**sent, "reason": "y"}).status_code == 302
    row.refresh_from_db()
    assert (row.reason, row.starts_at, row.ends_at) == ("y", start, end)


def test_the_list_takes_as_many_statements_for_three(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("silence-list")
    silence(aurora)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    silence(aurora)
    silence(aurora)
    with CaptureQueriesContext(connection) as three:
        client.get(url)
    assert len(one) == len(three)


def test_a_silence_is_made_and_ended_over_rest(aurora):
    api = client_of(factories.person(aurora, role="responder"))
    body = {
        "matchers": [{"field": "label:cluster", "op": "=~", "value": "a|b"}],
        "ends_at": (read_now() + timedelta(hours=2)).isoformat(),
        "reason": "known",
        "announce_minutes": 15,
    }
    made = api.post("/api/v1/silences/", body, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "active")
    assert made.json()["summary"] == "cluster =~ a|b"
    assert made.json()["announce_minutes"] == 15
    path = f"/api/v1/silences/{made.json()['id']}/"
    longer = api.post(f"{path}extend/", {"minutes": 30}, format="json").json()
    assert longer["ends_at"] > made.json()["ends_at"]
    assert (longer["holding_count"], longer["announced_at"]) == (0, None)
    ended = api.delete(f"/api/v1/silences/{made.json()['id']}/")
    assert (ended.status_code, ended.json()["state"]) == (200, "expired")
    again = api.delete(f"/api/v1/silences/{made.json()['id']}/")
    assert again.status_code == 409


def test_maintenance_is_made_and_ended_over_rest(aurora):
    make_source(aurora, slug="prod")
    api = client_of(factories.person(aurora, role="admin"))
    body = {
        "source": "prod",
        "weekdays": ["mon", "tue"],
        "time": "22:00",
        "minutes": 30,
        "reason": "patch day",
    }
    made = api.post("/api/v1/maintenance/", body, format="json").json()
    assert (made["cron"], made["source"]) == ("0 22 * * 1,2", "prod")
    ended = api.delete(f"/api/v1/maintenance/{made['id']}/")
    assert ended.json()["is_over"]


def test_maintenance_is_changed_over_rest(aurora):
    make_source(aurora, slug="prod")
    api = client_of(factories.person(aurora, role="admin"))
    path = f"/api/v1/maintenance/{window(aurora, slug='patch-day').uid}/"
    changed = api.patch(path, {"source": "prod", "minutes": 5}, format="json").json()
    assert (changed["slug"], changed["source"]) == ("patch-day", "prod")
    assert (changed["cron"], changed["minutes"]) == ("0 22 * * 1", 5)
    times = {"starts_at": "2030-01-01T10:00:00Z", "ends_at": "2030-01-01T11:00:00Z"}
    once = api.patch(path, times, format="json").json()
    assert (once["cron"], once["minutes"], once["source"]) == ("", 0, "prod")
    weekly = {"weekdays": ["fri"], "time": "06:30", "minutes": 10}
    again = api.patch(path, weekly, format="json").json()
    assert (again["cron"], again["starts_at"]) == ("30 6 * * 5", None)


def test_a_short_name_is_used_once(aurora):
    api = client_of(factories.person(aurora, role="admin"))
    body = {"slug": "a", "cron": "0 0 * * *", "minutes": 5, "reason": "x"}
    assert api.post("/api/v1/maintenance/", body, format="json").status_code == 201
    again = api.post("/api/v1/maintenance/", body, format="json")
    assert (again.status_code, Maintenance.objects.count()) == (422, 1)


def test_another_labs_source_cannot_be_named(aurora):
    make_source(factories.lab("meridian"), slug="theirs")
    api = client_of(factories.person(aurora, role="admin"))
    body = {"source": "theirs", "cron": "0 0 * * *", "minutes": 5, "reason": "x"}
    response = api.post("/api/v1/maintenance/", body, format="json")
    assert (response.status_code, Maintenance.objects.count()) == (422, 0)
