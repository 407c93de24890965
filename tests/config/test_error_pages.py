import pytest
from django.test import Client
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(client):
    page = client.get("/nothing/")
    problem = client.get("/api/v1/nothing/")

    assert "There is nothing here for you to see" in page.text
    assert problem.json()["code"] == "not_found"


def test_a_form_without_its_token_says_that_it_is_out_of_date():
    client = Client(enforce_csrf_checks=True)

    response = client.post(reverse("sign-in"), {"username": "a"})

    assert response.status_code == 403
    assert "This form is out of date" in response.text


def test_a_form_larger_than_any_file_may_be_is_refused_unread(client, settings):
    settings.MAX_ATTACHMENT_BYTES = 1000
    client.force_login(factories.person(factories.lab("aurora")))

    response = client.post(
        reverse("incident-new"), {"description": "x" * (1024 * 1024 + 2000)}
    )

    assert response.status_code == 413
    assert "Attachments can be added on its page." in response.text


def test_a_body_larger_than_any_file_may_be_is_a_problem_for_programs(client, settings):
    settings.MAX_ATTACHMENT_BYTES = 1000

    response = client.post(
        "/api/v1/incidents/", "x" * (1024 * 1024 + 2000), content_type="text/plain"
    )

    assert (response.status_code, response.headers["Content-Type"]) == (
        413,
        "application/problem+json",
    )
    assert response.json()["code"] == "too_large"


def test_a_form_too_large_without_its_files_names_the_limit(client):
    client.force_login(factories.person(factories.lab("aurora")))
    sent = "description=" + "x" * (1024 * 1024)

    response = client.post(
        reverse("incident-new"), sent, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 413
    assert "The limit is 1.0\xa0MB." in response.text


def test_a_form_of_too_many_fields_is_a_problem_for_programs():
    from tests.api_world import client_of  # noqa: PLC0415  Django is set up by now

    incident = factories.incident(lab := factories.lab("aurora"))
    fields = {f"field{number}": "x" for number in range(1001)}
    response = client_of(factories.person(lab)).post(
        f"/api/v1/incidents/{incident.ref}/attachments/", fields, format="multipart"
    )

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_the_menu_follows_the_kind_of_organisation(client):
    labels = {}
    for kind in ("lab", "agency"):
        organisation = getattr(factories, kind)()
        role = "staff" if kind == "lab" else "officer"
        client.force_login(factories.person(organisation, role=role))
        context = client.get(reverse("home")).context
        labels[kind] = [item["label"] for item in context["nav"]()]

    assert labels == {
        "lab": [
            "Home",
            "Incidents",
            "Filings",
            "On call",
            "Policies",
            "Laws",
            "Sources",
        ],
        "agency": [
            "Home",
            "Triage",
            "Incidents",
            "Filings",
            "On call",
            "Policies",
            "Laws",
        ],
    }


def test_the_operator_sees_the_platform_and_no_content(client):
    aurora = factories.lab("aurora")
    factories.incident(aurora, title="Aurora's secret")
    platform = factories.Organisation.objects.create(
        slug="operations", kind="platform", name="Operations"
    )
    client.force_login(factories.person(platform, role="operator"))

    home = client.get(reverse("home"))
    listed = client.get(reverse("incident-list"), {"state": "all"})

    assert "Last pass of timers" in home.text
    assert "secret" not in home.text + listed.text
