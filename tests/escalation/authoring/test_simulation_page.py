from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from incidents.models import Incident, User
from tests import factories as make
from tests.api_world import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make.lab("aurora")
    duty = make.person(lab, "duty@aurora.example")
    make.contact(lab, duty)
    make.team(lab, duty)
    return lab


@pytest.fixture
def path(lab):
    return make.policy(
        lab, make.notify({"team": "duty"}), make.wait(5), slug="path", promise_minutes=1
    )


def shown(client, lab, path, **asked):
    client.force_login(make.person(lab, "admin@aurora.example", role="admin"))
    return client.get(reverse("policy-simulate", args=[path.pk]), asked)


def test_page_plays_the_policy_at_once(client, lab, path):
    answer = shown(client, lab, path)
    rows = answer.context["rows"]
    assert [(row["after"], row["text"]) for row in rows] == [
        ("+0:00:00", "path: it is simulated"),
        ("+0:00:00", "Notify the duty team"),
        ("+0:00:00", "Wait 5 minutes"),
        ("+0:00:00", "Message by email to duty@aurora.example"),
        ("+0:05:00", "the last step is taken and nobody has acknowledged"),
    ]
    assert not Incident.objects.exists()


def test_page_shows_the_text_of_each_message(client, lab, path):
    answer = shown(client, lab, path, severity="5", tlp="GREEN")
    [page] = [row["page"] for row in answer.context["rows"] if row["page"]]
    assert page.subject == "[SEV5] INC-SIMULATED An incident that is only imagined"
    assert page.subject in answer.content.decode()


def test_page_names_the_answer_that_it_cannot_read(client, lab, path):
    answer = shown(client, lab, path, answers="ack when ready")
    assert "ack at step 2 after 3m" in answer.context["form"].errors["answers"][0]
    assert "rows" not in answer.context


def test_page_draws_the_coverage_and_its_promise(client, lab, path):
    answer = shown(client, lab, path)
    low, high = answer.context["coverage"]
    assert (low["severities"], low["longest"], low["is_kept"], low["bars"]) == (
        "0 to 3",
        "at once",
        True,
        [],
    )
    assert high["severities"] == "4 to 5"


def test_gaps_of_a_schedule_without_anybody_break_the_promise(client, lab):
    make.schedule(lab, "empty")
    path = make.policy(
        lab, make.notify({"schedule": "empty"}), slug="path", promise_minutes=30
    )
    low, _ = shown(client, lab, path).context["coverage"]
    assert (low["longest"], low["is_kept"], len(low["bars"])) == (
        "nobody is ever told",
        False,
        1,
    )


def test_api_plays_a_draft(lab, path):
    draft = {"steps": [make.notify({"user": "duty@aurora.example"})]}
    asked = {
        "at": "2026-12-24T23:30:00Z",
        "body": draft,
        "answers": "ack at step 1 after 1m",
    }
    client = client_of(User.objects.get(email="duty@aurora.example"))
    answer = client.post(f"/api/v1/policies/{path.pk}/simulate/", asked, "json")
    events = answer.json()["events"]
    assert [(e["kind"], e["step"], e["recipients"]) for e in events] == [
        ("started", "", []),
        ("taken", "1", ["duty@aurora.example"]),
        ("sent", "", ["duty@aurora.example"]),
        ("acknowledged", "", []),
        ("paused", "", []),
    ]
    instant = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)
    assert datetime.fromisoformat(events[-1]["at"]) == instant + timedelta(minutes=1)
