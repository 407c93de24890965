from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from escalation.models import StatutoryClock
from incidents.incident.deadlines import clocks_of
from tests.api_world import client_of
from tests.escalation.duties.clocks.conftest import DutyWorld
from tests.escalation.duties.clocks.test_bulk import OWN, change_law, lay_down

HOUR = timedelta(hours=1)
NIS2 = "eu-nis2-23"


@pytest.fixture
def present(world: DutyWorld) -> DutyWorld:
    """The world at the time of this machine, which answers go by."""
    world.now = timezone.now() - timedelta(minutes=1)
    return world


def aware(world: DutyWorld, ago: timedelta = timedelta(0)):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware", world.now - ago)
    return incident


def rows_of(world: DutyWorld, path: str):
    return client_of(world.accountable).get(f"/api/v1/{path}").json()


def test_an_incident_shows_statutory_clocks_beside_the_others(present: DutyWorld):
    incident = aware(present, 2 * HOUR)

    rows = rows_of(present, f"incidents/{incident.ref}/clocks/")

    assert {row["kind"] for row in rows} == {"statutory"}
    first = rows[0]
    assert (first["regime"], first["stage"], first["state"]) == (
        NIS2,
        "early_warning",
        "running",
    )
    assert (first["is_provisional"], first["is_overdue"]) == (True, False)
    assert first["citation"] == "Article 23(4)(a)"
    assert first["verified_on"] == "2026-11-23"
    assert first["due_statutory_latest"] >= first["due_operational"]
    assert [row["reason"] for row in first["history"]] == ["counted from aware"]


def test_the_incident_itself_lists_them_and_is_found_by_what_is_due(
    present: DutyWorld,
):
    incident = aware(present)
    other = present.open()
    soon = (present.now + 30 * HOUR).isoformat().replace("+00:00", "Z")

    found = rows_of(present, f"incidents/?due_before={soon}")["results"]

    assert [row["ref"] for row in found] == [incident.ref]
    for one, stages in ((other, []), (incident, ["early_warning", "notification"])):
        clocks = clocks_of(one.pk, present.accountable, present.now)
        assert [clock["stage"] for clock in clocks][:2] == stages


def test_what_is_due_is_listed_over_all_incidents(present: DutyWorld):
    late, soon = aware(present, 30 * HOUR), aware(present)

    due = rows_of(present, "statutory-clocks/")
    overdue = rows_of(present, "statutory-clocks/?state=overdue")

    assert due[0]["incident"] == late.ref
    assert {row["incident"] for row in due} == {late.ref, soon.ref}
    assert [(row["incident"], row["stage"]) for row in overdue] == [
        (late.ref, "early_warning")
    ]
    assert overdue[0]["late_minutes"] == 361


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=late", "state"), ("due_before=soon", "due_before"), ("x=1", "x")],
)
def test_a_filter_that_cannot_be_used_names_its_field(
    present: DutyWorld, query: str, field: str
):
    answer = client_of(present.accountable).get(f"/api/v1/statutory-clocks/?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_neither_side_sees_the_others_clocks(present: DutyWorld):
    aware(present)

    rows = client_of(present.officer).get("/api/v1/statutory-clocks/?state=all").json()

    assert rows == []


def test_a_list_takes_as_many_statements_for_three_as_for_one(present: DutyWorld):
    aware(present)
    rows_of(present, "statutory-clocks/?state=all")
    with CaptureQueriesContext(connection) as one:
        rows_of(present, "statutory-clocks/?state=all")
    aware(present)
    aware(present)
    with CaptureQueriesContext(connection) as three:
        rows_of(present, "statutory-clocks/?state=all")

    assert len(three) == len(one)


def test_a_decided_clock_takes_the_newer_text_when_a_person_says_so(
    present: DutyWorld,
):
    lay_down(present, 48)
    present.watch(OWN)
    incident = present.open()
    present.note(incident, "aware")
    present.decide(incident, OWN, "reportable", ["any"])
    new = change_law(present, 24)
    clock = present.clock("report")
    path = f"/api/v1/incidents/{incident.ref}/statutory-clocks/{clock.pk}/take-text/"

    taken = client_of(present.accountable).post(path)
    again = client_of(present.accountable).post(path)

    assert taken.json()["regime_digest"] == new
    assert [row["reason"] for row in taken.json()["history"]] == [
        "counted from aware",
        "by the law's newer text",
    ]
    assert again.status_code == 409
    assert again.json()["state"]["regime_digest"] == new


def test_the_page_offers_the_newer_text_and_takes_it(client, present: DutyWorld):
    lay_down(present, 48)
    present.watch(OWN)
    incident = present.open()
    present.note(incident, "aware")
    present.decide(incident, OWN, "reportable", ["any"])
    new = change_law(present, 24)
    clock = present.clock("report")
    client.force_login(present.accountable)
    url = reverse("duty-clock-renew", args=[incident.ref, clock.pk])
    page = reverse("incident-duties", args=[incident.ref])

    assert url in client.get(page).text
    client.post(url, {"organisation": present.lab.slug})

    clock.refresh_from_db()
    assert clock.regime_digest == new
    assert url not in client.get(page).text


def test_the_duties_page_shows_both_dates_with_rule_and_citation(
    client, present: DutyWorld
):
    incident = aware(present)
    client.force_login(present.accountable)

    text = client.get(reverse("incident-duties", args=[incident.ref])).text

    assert "Due: the earliest defensible" in text
    assert "Latest, by the law's own rule" in text
    assert "24 hours from “became aware”" in text
    assert "Article 23(4)(a)" in text
    assert "Nobody has decided yet" in text
    assert "verified on 23 Nov 2026" in text


def test_the_incidents_page_and_the_first_page_say_what_is_due(
    client, present: DutyWorld
):
    incident = aware(present, 30 * HOUR)
    client.force_login(present.accountable)

    page = client.get(reverse("incident-detail", args=[incident.ref]))
    home = client.get("/")

    assert "Due to authorities" in page.text
    assert [one.clock.stage for one in page.context["duty_clocks"]] == [
        "early_warning",
        "notification",
    ]
    titles = [section.title for section in home.context["sections"]]
    assert "Reports to authorities are overdue" in titles
    # It stands in one section only, the first.
    assert "Reports to authorities are due within three days" not in titles


def test_the_first_page_says_what_is_due_within_three_days(client, present: DutyWorld):
    aware(present)
    client.force_login(present.accountable)

    sections = client.get("/").context["sections"]

    [soon] = [s for s in sections if "within three days" in s.title]
    assert soon.incidents == present.incidents


def test_the_list_page_has_a_tab_for_each_state(client, present: DutyWorld):
    aware(present)
    client.force_login(present.accountable)

    page = client.get(reverse("duty-list"), {"state": "undecided"})

    assert [one.clock.stage for one in page.context["duties"]] == [
        "early_warning",
        "notification",
    ]
    current = [tab["label"] for tab in page.context["tabs"] if tab["is_current"]]
    assert current == ["Undecided"]


def test_menu_leads_to_the_list_where_there_is_anything_on_it(
    client, present: DutyWorld
):
    def item(user) -> list[tuple[str, int]]:
        client.force_login(user)
        nav = client.get(reverse("home")).context["nav"]()
        return [(one["url"], one["count"]) for one in nav if one["label"] == "Duties"]

    before = item(present.accountable)
    # 24 hours are over, 72 are not.
    aware(present, 30 * HOUR)

    assert before == []
    assert item(present.accountable) == [(reverse("duty-list"), 1)]
    assert item(present.officer) == []


def test_the_first_page_names_what_is_due_without_a_date(client, present: DutyWorld):
    incident = present.open()
    StatutoryClock.objects.create(
        incident=incident,
        organisation=present.lab,
        regime_id=NIS2,
        regime_digest="0" * 64,
        stage="intermediate",
        state="no_date",
        started_at=present.now,
    )
    client.force_login(present.accountable)

    sections = client.get("/").context["sections"]

    [soon] = [s for s in sections if "authorities" in s.title]
    assert ("within three days" in soon.title, soon.incidents) == (True, [incident])
