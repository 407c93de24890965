from datetime import timedelta

import pytest

from incidents.timers.clock import read_now
from tests import factories
from tests.api_world import ApiWorld, make_api_world


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def path_of(api_world: ApiWorld, slug: str = "night"):
    factories.contact(api_world.lab)
    step = factories.notify({"desk": "aurora"})
    return factories.policy(api_world.lab, step, factories.wait(15), slug=slug)


def address(incident, part: str) -> str:
    return f"/api/v1/incidents/{incident.ref}/{part}/"


def test_escalating_starts_the_named_policy_and_queues_its_first_step(
    api_world: ApiWorld,
) -> None:
    incident = api_world.incident()
    path_of(api_world)
    client = api_world.as_("responder")
    body = client.post(address(incident, "escalate"), {"policy": "night"}).json()
    assert (body["policy"], body["state"], body["version"]) == ("night", "active", 1)
    [row] = client.get(address(incident, "notifications")).json()
    assert {
        "channel",
        "recipient",
        "status",
        "queued_at",
        "sent_at",
        "attempts",
    } <= set(row)
    assert (row["channel"], row["status"], row["attempts"], row["sent_at"]) == (
        "email",
        "queued",
        0,
        None,
    )


def test_escalating_without_a_name_takes_the_default_route(api_world: ApiWorld) -> None:
    factories.route(api_world.lab, path_of(api_world, "usual"), is_default=True)
    incident = api_world.incident()
    body = api_world.as_("admin").post(address(incident, "escalate"), {}).json()
    assert body["policy"] == "usual"


@pytest.mark.parametrize("role", ["staff", "officer", "supervisor"])
def test_only_who_manages_the_incident_escalates(
    api_world: ApiWorld, role: str
) -> None:
    incident = api_world.incident(shared=True)
    answer = api_world.as_(role).post(address(incident, "escalate"), {})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_policy_of_another_organisation_is_refused(api_world: ApiWorld) -> None:
    factories.policy(api_world.agency, factories.wait(1), slug="theirs")
    incident = api_world.incident()
    sent = {"policy": "theirs"}
    answer = api_world.as_("admin").post(address(incident, "escalate"), sent)
    assert answer.json()["errors"][0]["field"] == "policy"


def test_agency_sees_neither_runs_nor_notifications_of_the_lab(
    api_world: ApiWorld,
) -> None:
    incident = api_world.incident(shared=True)
    path_of(api_world)
    api_world.as_("admin").post(address(incident, "escalate"), {"policy": "night"})
    for part in ("runs", "notifications"):
        assert len(api_world.as_("staff").get(address(incident, part)).json()) == 1
        assert api_world.as_("officer").get(address(incident, part)).json() == []


def test_closed_incident_is_not_escalated(api_world: ApiWorld) -> None:
    incident, client = api_world.incident(), api_world.as_("admin")
    path_of(api_world)
    client.post(address(incident, "resolve"), {"reason": "done"})
    answer = client.post(address(incident, "escalate"), {"policy": "night"})
    assert (answer.status_code, answer.json()["state"]["status"]) == (409, "resolved")


def paging(api_world: ApiWorld):
    """Return an incident whose path has paged and waits."""
    incident = api_world.incident()
    path_of(api_world)
    sent = {"policy": "night"}
    api_world.as_("responder").post(address(incident, "escalate"), sent)
    return incident


def test_snooze_is_shown_and_ends_on_demand(api_world: ApiWorld) -> None:
    incident, client = paging(api_world), api_world.as_("responder")
    until = (read_now() + timedelta(hours=1)).isoformat()
    sent = {"until": until, "reason": "known"}
    shown = client.post(address(incident, "snooze"), sent).json()
    assert (shown["state"], shown["state_reason"]) == ("snoozed", "known")
    assert shown["snoozed_until"] is not None
    shown = client.post(address(incident, "unsnooze"), {}).json()
    assert (shown["state"], shown["snoozed_until"]) == ("exhausted", None)
    again = client.post(address(incident, "unsnooze"), {})
    assert (again.status_code, again.json()["state"]["status"]) == (409, "open")


def test_snooze_in_the_past_names_the_field(api_world: ApiWorld) -> None:
    incident = paging(api_world)
    sent = {"until": "2020-01-01T00:00:00Z", "reason": "known"}
    answer = api_world.as_("responder").post(address(incident, "snooze"), sent)
    assert answer.json()["errors"][0]["field"] == "until"


def test_passing_on_takes_the_next_step(api_world: ApiWorld) -> None:
    incident, client = paging(api_world), api_world.as_("responder")
    shown = client.post(address(incident, "pass-on"), {}).json()
    assert (shown["state"], shown["next_step"]) == ("exhausted", "3")


def test_repeated_passing_on_of_a_named_step_is_refused(api_world: ApiWorld) -> None:
    incident, client = paging(api_world), api_world.as_("responder")
    [run] = client.get(address(incident, "runs")).json()
    [told] = run["waits_for"]
    assert told == {"step": "1", "round": 1}
    sent = {"run": run["id"], **told}
    past = client.post(address(incident, "pass-on"), {**sent, "round": 2})
    assert (past.status_code, past.json()["detail"]) == (
        409,
        "It has moved on: step 1, round 1.",
    )
    answers = [client.post(address(incident, "pass-on"), sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]


@pytest.mark.parametrize("part", ["reassign", "snooze", "unsnooze", "pass-on"])
def test_without_a_path_at_work_there_is_nothing_to_change(
    api_world: ApiWorld, part: str
) -> None:
    incident = api_world.incident()
    until = (read_now() + timedelta(hours=1)).isoformat()
    sent = {
        "reassign": {"team": "duty", "reason": "x"},
        "snooze": {"until": until, "reason": "x"},
    }
    answer = api_world.as_("responder").post(
        address(incident, part), sent.get(part, {})
    )
    assert (answer.status_code, answer.json()["state"]["ref"]) == (409, incident.ref)


def test_reassigning_names_just_one_and_somebody_who_can_be_reached(
    api_world: ApiWorld,
) -> None:
    incident, client = paging(api_world), api_world.as_("responder")
    for sent in ({}, {"user": "nobody@example.org"}):
        answer = client.post(address(incident, "reassign"), {**sent, "reason": "x"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) in (
            (422, "user"),
            (422, "to"),
        )


def test_page_says_how_far_a_quorum_is_and_whose_move_it_is(
    api_world: ApiWorld, client
) -> None:
    incident = api_world.incident()
    rule = {"mode": "quorum", "count": 2}
    step = factories.notify({"desk": "aurora"})
    factories.contact(api_world.lab)
    factories.policy(
        api_world.lab, step, factories.wait(15), slug="two", acknowledgement=rule
    )
    as_admin = api_world.as_("admin")
    as_admin.post(address(incident, "escalate"), {"policy": "two"})
    as_admin.post(address(incident, "acknowledge"), {})
    [shown, *_] = as_admin.get(address(incident, "runs")).json()
    words = "acknowledged by 1 of 2; waiting for 1 more person"
    assert (shown["state"], shown["acknowledgement"]) == ("active", words)
    client.force_login(api_world.people["responder"])
    page = client.get(f"/incidents/{incident.ref}/").content.decode()
    assert "Acknowledged by 1 of 2; waiting for 1 more person." in page
    assert "Yours: acknowledge it too." in page
