"""The main job, end to end: filed, routed, paged, shared, triaged, acknowledged."""

import pytest

from tests.scenarios.world import World, alert

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def staff(demo: World) -> str:
    return demo.token("staff@aurora.example")


@pytest.fixture(scope="module")
def duty(demo: World) -> str:
    return demo.token("duty@aurora.example")


@pytest.fixture(scope="module")
def officer(demo: World) -> str:
    return demo.token("officer@naisa.example")


def report(demo: World, token: str, **more: object) -> str:
    body = {"title": "Weights copied", "category": "WGT", "severity": 4, **more}
    return str(demo.api(token, "POST", "incidents/", body)["ref"])


def pages_of(demo: World, ref: str) -> list[str]:
    rows = demo.sql(
        "SELECT n.channel || ' ' || n.address FROM tocsin_notification n "
        "JOIN tocsin_incident i ON i.id = n.incident_id WHERE i.ref = %s AND n.purpose = 'page' "
        "AND n.status = 'sent' ORDER BY 1",
        ref,
    )
    return [row[0] for row in rows]


def kinds(demo: World, token: str, ref: str) -> list[str]:
    answer = demo.api(token, "GET", f"incidents/{ref}/timeline/")
    return [item["kind"] for item in answer]


def test_reported_incident_reaches_lab_and_agency_by_mail_and_webhook(
    demo: World, staff: str
) -> None:
    ref = report(demo, staff)
    expected = [
        "email duty@aurora.example",
        "email officer@naisa.example",
        f"webhook {demo.receiver.url}/aurora",
        f"webhook {demo.receiver.url}/naisa",
    ]
    demo.eventually(lambda: pages_of(demo, ref) == expected)
    told = {str(m["To"]) for m in demo.mail.mails if ref in str(m["Subject"])}
    assert {"duty@aurora.example", "officer@naisa.example"} <= told


def test_unacknowledged_incident_pages_the_next_step(demo: World, staff: str) -> None:
    ref = report(demo, staff)
    demo.eventually(lambda: len(pages_of(demo, ref)) == 4)
    demo.fast_forward(minutes=2)
    demo.eventually(lambda: "email approver@aurora.example" in pages_of(demo, ref))
    demo.eventually(lambda: "email supervisor@naisa.example" in pages_of(demo, ref))


def test_acknowledging_stops_ones_own_side_only(
    demo: World, staff: str, duty: str
) -> None:
    ref = report(demo, staff)
    demo.eventually(lambda: len(pages_of(demo, ref)) == 4)
    demo.api(duty, "POST", f"incidents/{ref}/acknowledge/", {})
    demo.fast_forward(minutes=2)
    demo.eventually(lambda: "email supervisor@naisa.example" in pages_of(demo, ref))
    assert "email approver@aurora.example" not in pages_of(demo, ref)
    states = demo.sql(
        "SELECT o.slug, r.state FROM tocsin_run r JOIN tocsin_organisation o "
        "ON o.id = r.organisation_id JOIN tocsin_incident i ON i.id = r.incident_id "
        "WHERE i.ref = %s ORDER BY 1",
        ref,
    )
    assert states == [("aurora", "acknowledged"), ("naisa", "active")]


def test_webhook_makes_an_incident_and_its_end_clears_it(
    demo: World, duty: str
) -> None:
    path = "/hooks/alertmanager/demo-aurora-alertmanager"
    status, answer = demo.request("POST", path, alert("EgressAnomaly"))
    assert (status, list(answer)) == (202, ["delivery"])

    def incident() -> dict[str, object]:
        results = demo.api(duty, "GET", "incidents/?q=EgressAnomaly")["results"]
        return results[0] if results else {}

    demo.eventually(lambda: incident().get("alert_count") == 1)
    ref = str(incident()["ref"])
    demo.eventually(lambda: len(pages_of(demo, ref)) == 4)
    demo.request("POST", path, alert("EgressAnomaly", status="resolved"))
    demo.eventually(lambda: incident()["status"] == "resolved")


def test_officer_triages_asks_and_is_answered(
    demo: World, staff: str, officer: str
) -> None:
    ref = report(demo, staff)
    demo.eventually(lambda: len(pages_of(demo, ref)) == 4)
    demo.api(officer, "POST", f"incidents/{ref}/acknowledge/", {})
    demo.api(
        officer,
        "POST",
        f"incidents/{ref}/request-info/",
        {"question": "Which weights?"},
    )
    demo.eventually(
        lambda: any(
            ref in str(m["Subject"]) and str(m["To"]) == "desk@aurora.example"
            for m in demo.mail.mails
        )
    )
    demo.api(staff, "POST", f"incidents/{ref}/answer/", {"answer": "All of them."})
    body = {"outcome": "accepted", "reason": "Ours.", "priority": 1}
    demo.api(officer, "POST", f"incidents/{ref}/triage/", body)
    theirs = kinds(demo, officer, ref)
    assert theirs[0] == "incident.shared"
    wanted = [
        "incident.acknowledged",
        "triage.info_requested",
        "triage.info_answered",
        "triage.decided",
    ]
    assert [kind for kind in theirs if kind in wanted] == wanted
    assert [kind for kind in kinds(demo, staff, ref) if kind in wanted] == wanted
