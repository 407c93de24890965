"""Two requests with one `Idempotency-Key` are one, for every write of legal duties."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from escalation.duties.instants import note_anchor
from escalation.models import (
    AnchorChoice,
    AnchorValue,
    AssessmentAnswer,
    Decision,
    DueDate,
)
from incidents.models import IdempotencyKey, Incident
from tests.api_world import client_of
from tests.escalation.duties.clocks.conftest import DutyWorld
from tests.escalation.duties.clocks.conftest import world as world  # noqa: PLC0414 (a fixture)
from tests.escalation.duties.clocks.test_bulk import OWN, change_law, lay_down

NOTE = {"name": "aware", "at": "2026-11-20T14:05:00+01:00", "source": "shift log"}
ANSWER = {"question": "aurora-framework:any", "said": "no", "reason": "nothing"}
YES = {"regime": OWN, "verdict": "reportable", "limbs": ["any"], "reason": "it is"}
BECAUSE = {"reason": "because"}
Write = Callable[[DutyWorld, Incident], tuple[str, dict[str, Any]]]


def note(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    return "anchors/", NOTE


def choose(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    value = AnchorValue.objects.get()
    return f"anchors/{value.pk}/choose/", {"regime": OWN, **BECAUSE}


def withdraw(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    later = world.now + timedelta(minutes=1)
    value = note_anchor(
        incident,
        organisation=world.lab,
        name="aware",
        written=later.isoformat(),
        at=later,
        precision="exact",
        source="a mistake",
        author=world.accountable,
        now=timezone.now(),
    )
    return f"anchors/{value.pk}/withdraw/", BECAUSE


def decide(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    return "decisions/", YES


def confirm(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    world.decide(incident, OWN, "reportable", ["any"], is_confirmed=False)
    decision = Decision.objects.get()
    decision.decided_by = world.deputy
    decision.save(update_fields=["decided_by"])
    return f"decisions/{decision.pk}/confirm/", {}


def answer(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    return "assessment/", ANSWER


def take_text(world: DutyWorld, incident: Incident) -> tuple[str, dict[str, Any]]:
    world.decide(incident, OWN, "reportable", ["any"])
    change_law(world, 24)
    return f"statutory-clocks/{world.clock('report').pk}/take-text/", {}


WRITES: list[Write] = [note, choose, withdraw, decide, confirm, answer, take_text]


@pytest.fixture
def present(world: DutyWorld) -> DutyWorld:
    """The world now, under the lab's own framework."""
    world.now = timezone.now() - timedelta(hours=1)
    lay_down(world, 48)
    world.watch(OWN)
    world.accountable.memberships.update(role="approver")
    return world


@pytest.fixture
def incident(present: DutyWorld) -> Incident:
    made = present.open()
    present.note(made, "aware")
    return made


def counts() -> list[int]:
    tables = (AnchorValue, AnchorChoice, AssessmentAnswer, Decision, DueDate)
    return [model.objects.count() for model in tables]


@pytest.mark.parametrize("write", WRITES)
def test_second_request_with_the_same_key_changes_nothing_and_answers_the_same(
    present: DutyWorld, incident: Incident, write: Write
):
    path, body = write(present, incident)
    url = f"/api/v1/incidents/{incident.ref}/{path}"
    client = client_of(present.accountable)

    first = client.post(url, body, headers={"Idempotency-Key": "k"})
    made = counts()
    again = client.post(url, body, headers={"Idempotency-Key": "k"})

    assert first.status_code in {200, 201}, first.json()
    assert "Idempotent-Replayed" not in first
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert counts() == made
    [kept] = IdempotencyKey.objects.all()
    assert (kept.incident, kept.endpoint) == (incident, f"POST {url}")


@pytest.mark.parametrize("write", [note, choose, decide, answer])
def test_same_key_with_another_body_is_refused(
    present: DutyWorld, incident: Incident, write: Write
):
    path, body = write(present, incident)
    url = f"/api/v1/incidents/{incident.ref}/{path}"
    client = client_of(present.accountable)
    client.post(url, body, headers={"Idempotency-Key": "k"})
    made = counts()

    changed = {**body, "reason": "another"}
    refused = client.post(url, changed, headers={"Idempotency-Key": "k"})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert counts() == made


def test_request_that_was_refused_leaves_its_key_free(
    present: DutyWorld, incident: Incident
):
    url = f"/api/v1/incidents/{incident.ref}/anchors/"
    client = client_of(present.accountable)
    future = {**NOTE, "at": "2099-01-01T00:00Z"}

    refused = client.post(url, future, headers={"Idempotency-Key": "k"})
    taken = client.post(url, NOTE, headers={"Idempotency-Key": "k"})

    assert (refused.status_code, taken.status_code) == (422, 201)


def test_key_of_somebody_else_is_another_one(present: DutyWorld, incident: Incident):
    url = f"/api/v1/incidents/{incident.ref}/anchors/"
    client_of(present.accountable).post(url, NOTE, headers={"Idempotency-Key": "k"})

    other = {**NOTE, "source": "the phone"}
    made = client_of(present.deputy).post(url, other, headers={"Idempotency-Key": "k"})

    assert made.status_code == 201
    assert AnchorValue.objects.filter(source="the phone").count() == 1
