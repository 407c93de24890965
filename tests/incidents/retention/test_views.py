"""The page and the API of retention, as those who approve use them."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.events.actor import Actor
from incidents.incident.lifecycle import resolve
from incidents.incident.shares import share
from incidents.retention.announcing import announce_run
from incidents.retention.models import RetentionSchedule
from incidents.retention.schedules import apply_schedule
from tests import factories as make

pytestmark = pytest.mark.django_db

_ADDRESS = "/custody/retention/"


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def naisa():
    return make.agency("naisa")


@pytest.fixture
def two(lab):
    return [signed_in(make.person(lab, role="approver")) for _ in range(2)]


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def closed(lab, agency=None):
    then, actor = timezone.now() - timedelta(days=100), Actor.system(lab)
    incident = make.incident(lab, now=then)
    if agency:
        share(incident, agency=agency, reason="r", user=None, actor=actor, now=then)
    resolve(incident, reason="done", user=None, actor=actor, now=then)
    return incident


def shown(page):
    return page.get(_ADDRESS).content.decode()


def test_without_a_schedule_the_page_says_that_nothing_goes(two):
    assert "No schedule: nothing is erased." in shown(two[0])


def test_a_preview_counts_and_changes_nothing(lab, two):
    closed(lab)
    answer = two[0].get(_ADDRESS, {"of": "reports", "keep_days": "90"})
    assert "3 values of 1 incident would be erased" in answer.content.decode()
    assert not RetentionSchedule.objects.exists()


def test_two_people_set_a_schedule_on_the_page(lab, two):
    two[0].post(_ADDRESS, {"of": "reports", "keep_days": "90"})
    assert "Another person must approve it." in shown(two[0])
    row = RetentionSchedule.objects.get()
    two[1].post(f"{_ADDRESS}{row.uid}/approve/")
    row.refresh_from_db()
    assert (row.keep_days, row.asked_days) == (90, None)


def test_a_mistake_comes_back_with_what_was_typed(two):
    answer = two[0].post(_ADDRESS, {"of": "reports", "keep_days": "7"})
    assert answer.status_code == 422
    assert 'value="7"' in answer.content.decode()


def test_an_announced_run_names_incidents_to_both_sides_and_is_told(lab, naisa, two):
    incident = closed(lab, naisa)
    for side in (lab, naisa):
        make.contact(side, address=f"desk@{side.slug}.example")
        apply_schedule(side, of="reports", keep_days=60, now=timezone.now())
    run = announce_run(lab.pk, timezone.now())
    counts = dict(run.items.values_list("audience__agency", "values_announced"))
    every, pair = sum(counts.values()), counts[naisa.pk]
    officer = signed_in(make.person(naisa, role="supervisor"))
    own, others = shown(two[0]), shown(officer)
    assert f"{every} values of 1 incident will be erased" in own
    assert f"{pair} values of 1 incident will be erased" in others
    assert incident.ref in own
    assert incident.ref in others
    fire_due(timezone.now())
    rows = Notification.objects.filter(purpose="retention").order_by("address")
    assert [row.message["text"].split(" will")[0] for row in rows] == [
        f"{every} values of 1 incidents",
        f"{pair} values of 1 incidents that you and they both read",
    ]


def test_the_command_says_what_would_go(lab, naisa, capsys):
    closed(lab)
    apply_schedule(lab, of="reports", keep_days=90, now=timezone.now())
    call_command("retention")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "aurora: What people reported and wrote, 90 days: 3 values of 1 incidents on "
    )
    assert lines[1] == "naisa: no schedule, nothing is erased."


def test_the_api_previews_and_lists_runs(lab, two):
    closed(lab)
    page = two[0]
    body = {"of": "reports", "keep_days": 90}
    preview = page.get("/api/v1/retention/preview/", body).json()
    assert preview["classes"] == [{"of": "reports", "values": 3, "incidents": 1}]
    apply_schedule(lab, **body, now=timezone.now())
    run = announce_run(lab.pk, timezone.now())
    [row] = page.get("/api/v1/retention-runs/").json()["results"]
    assert (row["uid"], row["values_announced"]) == (str(run.uid), 3)
