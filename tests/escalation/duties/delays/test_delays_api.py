from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalation.models import Extension
from tests.api_world import client_of
from tests.escalation.duties.delays.delay_world import DORA, WORD

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _present(world):
    """Endpoints read the time from the database."""
    world.now = timezone.now()


def path(clock, rest):
    return f"/api/v1/incidents/{clock.incident.ref}/{rest}"


def test_delay_is_notified_and_both_sides_list_it(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    body = {
        "agency": "naisa",
        "reasons": "the logs are encrypted",
        "expected_at": (clock.due_statutory_latest + DAY).isoformat(),
    }
    client = client_of(world.accountable)
    made = client.post(path(clock, f"statutory-clocks/{clock.pk}/delay-notices/"), body)
    assert (made.status_code, made.json()["is_late"]) == (201, False)
    [own] = client.get(path(clock, "delay-notices/")).json()
    [theirs] = client_of(world.officer).get(path(clock, "delay-notices/")).json()
    assert (own["author"], theirs["author"]) == (str(world.accountable), "")
    assert {**own, "author": ""} == theirs


def test_notice_by_hand_without_its_reference_names_the_field(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    body = {
        "reasons": "x",
        "authority": "BaFin",
        "notified_at": world.now.isoformat(),
        "expected_at": (clock.due_statutory_latest + DAY).isoformat(),
    }
    answer = client_of(world.accountable).post(
        path(clock, f"statutory-clocks/{clock.pk}/delay-notices/"), body
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["reference"]


def test_extension_is_recorded_with_its_document_and_confirmed(world):
    clock = world.disclosure()
    due = clock.due_operational
    made = client_of(world.accountable).post(
        path(clock, f"statutory-clocks/{clock.pk}/record-extension/"),
        {
            "days": 30,
            "determined_on": (world.now - DAY).date().isoformat(),
            "reason": "national security",
            "file": SimpleUploadedFile("word.pdf", WORD),
        },
        format="multipart",
    )
    assert (made.status_code, made.json()["state"]) == (201, "recorded")
    pk = made.json()["id"]
    confirm = path(clock, f"extensions/{pk}/confirm/")
    assert client_of(world.accountable).post(confirm, {}).status_code == 403
    answer = client_of(world.deputy).post(confirm, {})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    world.now = timezone.now()
    world.run()
    clock.refresh_from_db()
    assert clock.due_operational > due + 29 * DAY


def test_extension_without_a_document_is_refused(world):
    clock = world.disclosure()
    answer = client_of(world.accountable).post(
        path(clock, f"statutory-clocks/{clock.pk}/record-extension/"),
        {"days": 30, "determined_on": "2026-11-01", "reason": "x"},
        format="multipart",
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["file"]


def test_more_time_is_asked_for_granted_and_taken_back(world):
    clock = world.own_law()
    until = (clock.due_operational + DAY).isoformat()
    body = {"agency": "naisa", "until": until, "reason": "two sites are down"}
    asked = client_of(world.accountable).post(
        path(clock, f"statutory-clocks/{clock.pk}/ask-extension/"), body
    )
    assert asked.status_code == 201
    pk = asked.json()["id"]
    grant = path(clock, f"extensions/{pk}/grant/")
    body = {"until": until, "text": "granted"}
    assert client_of(world.officer).post(grant, body).status_code == 403
    assert client_of(world.accountable).post(grant, body).status_code == 404
    answer = client_of(world.supervisor).post(grant, body)
    assert (answer.status_code, answer.json()["author"]) == (200, "")
    again = client_of(world.supervisor).post(grant, body)
    assert (again.status_code, again.json()["state"]["state"]) == (409, "granted")
    back = client_of(world.supervisor).post(
        path(clock, f"extensions/{pk}/withdraw/"), {"reason": "the wrong lab"}
    )
    assert back.json()["state"] == "withdrawn"


def test_law_without_an_extension_answers_409(world):
    clock = world.clock_of("eu-nis2-23", "early_warning", "aware")
    body = {
        "agency": "naisa",
        "until": (clock.due_operational + 30 * DAY).isoformat(),
        "reason": "x",
    }
    answer = client_of(world.accountable).post(
        path(clock, f"statutory-clocks/{clock.pk}/ask-extension/"), body
    )
    assert answer.status_code == 409
    assert "knows no extension" in answer.json()["detail"]


def test_agency_does_not_see_what_was_recorded_on_anothers_word(world):
    clock = world.disclosure()
    row = world.record(clock)
    world.share(clock.incident)
    client = client_of(world.supervisor)
    assert client.get(path(clock, "extensions/")).json() == []
    refuse = path(clock, f"extensions/{row.pk}/refuse/")
    assert client.post(refuse, {"text": "x"}).status_code == 404


def test_list_takes_as_many_statements_for_three_as_for_one(world):
    clock, client = world.disclosure(), client_of(world.accountable)
    world.confirm(world.record(clock))
    client.get(path(clock, "extensions/"))
    with CaptureQueriesContext(connection) as one:
        client.get(path(clock, "extensions/"))
    for _ in range(2):
        world.confirm(world.record(clock))
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(path(clock, "extensions/")).json()) == 3
    assert len(three) == len(one)
    assert Extension.objects.count() == 3


def test_second_request_with_the_same_key_is_one(world):
    clock, client = world.own_law(), client_of(world.accountable)
    until = (clock.due_operational + DAY).isoformat()
    body = {"agency": "naisa", "until": until, "reason": "x"}
    where = path(clock, f"statutory-clocks/{clock.pk}/ask-extension/")
    first, again = (
        client.post(where, body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert Extension.objects.count() == 1


def test_agency_lists_what_waits_for_it_over_all_incidents(world):
    clock = world.own_law()
    world.ask(clock, clock.due_operational + DAY)
    hidden = world.disclosure()
    world.record(hidden)
    client = client_of(world.officer)
    [row] = client.get("/api/v1/extensions/?state=requested").json()
    assert (row["incident"], row["state"]) == (clock.incident.ref, "requested")
    assert client.get("/api/v1/extensions/?state=granted").json() == []
    assert len(client.get("/api/v1/extensions/").json()) == 1
    own = client_of(world.accountable).get("/api/v1/extensions/").json()
    assert [one["incident"] for one in own] == [hidden.incident.ref, clock.incident.ref]


def test_notices_are_listed_for_both_sides_until_the_share_ends(world):
    clock = world.clock_of(DORA, "initial", "classified_major")
    world.notify(clock, clock.due_statutory_latest + DAY)
    client = client_of(world.officer)
    [row] = client.get("/api/v1/delay-notices/").json()
    assert (row["incident"], row["author"]) == (clock.incident.ref, "")
    world.unshare(clock.incident)
    assert client.get("/api/v1/delay-notices/").json() == []
