import pytest
from django.test import Client
from django.urls import reverse

from escalation.models import Filing
from incidents.models import User

GPAI = "GPAI Code of Practice, Safety and Security, Commitment 9"
SUMMARY = "Aurora's Frontier Safety Framework: Public summary"


@pytest.fixture
def visit(case_of_today):
    def visit(name: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(email=f"{name}.example"))
        return client

    return visit


def test_first_page_shows_the_case_and_what_is_still_due(visit, case_of_today):
    page = visit("approver@aurora").get("/")
    strip = page.context["strip"]
    assert (strip.happening, strip.due, strip.move) == (
        "2 reports are due to authorities.",
        SUMMARY,
        "Aurora Labs: report in time.",
    )
    [section] = [s for s in page.context["sections"] if s.incidents]
    assert section.title == "Reports to authorities are due later"
    assert list(section.incidents) == [case_of_today]


def test_incident_page_says_what_a_resolved_incident_still_owes(visit, case_of_today):
    url = reverse("incident-detail", args=[case_of_today.ref])
    strip = visit("approver@aurora").get(url).context["strip"]
    assert (strip.happening, strip.due, strip.move, strip.is_mine) == (
        "Resolved. Nobody is paged.",
        SUMMARY,
        "Yours: decide whether to report under New York RAISE Act.",
        True,
    )


def test_agency_sees_no_duty_of_the_lab_on_the_incident(visit, case_of_today):
    url = reverse("incident-detail", args=[case_of_today.ref])
    page = visit("officer@naisa").get(url)
    assert page.context["strip"].happening == "Resolved. Nobody is paged."
    for hidden in ("RAISE", "Frontier Safety Framework", "Aiko Tanabe"):
        assert hidden not in page.text


def test_duties_page_says_what_a_clock_waits_for_and_how_to_give_it(
    visit, case_of_today
):
    url = reverse("incident-duties", args=[case_of_today.ref])
    text = visit("approver@aurora").get(url).text
    assert "waits for “Determined” or “Reasonable belief”." in text
    assert text.count('<a href="#add-instant">Add it</a>') == 3
    assert text.count('id="add-instant"') == 1
    assert "30 business days from “resolved”" in text


def test_agency_reads_the_filing_and_the_name_of_its_law(visit, case_of_today):
    officer = visit("officer@naisa")
    inbox = officer.get(reverse("filing-list"))
    assert [row.law for row in inbox.context["punctuality"]] == [GPAI]
    assert f'<td data-label="Law">{GPAI}</td>' in inbox.text
    filing = Filing.objects.get(recipients__agency__slug="naisa")
    text = officer.get(reverse("filing-detail", args=[filing.ref])).text
    assert "Northlake Hosting" in text
    assert "Short and plain statement" not in text
