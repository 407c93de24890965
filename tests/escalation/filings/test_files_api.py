"""Files over REST and from the page."""

import json

import pytest
from django.test import Client

from escalation.filings.downloads import FORMS
from incidents.models import Entry
from tests.api_world import ApiWorld, make_api_world
from tests.escalation.filings.filing_world import FilingWorld


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def draft(api_world: ApiWorld) -> str:
    """Begin a filing; returns its address."""
    incident = api_world.incident()
    to = {"regime": "eu-nis2-23", "stage": "early_warning", "agency": "naisa"}
    path = f"/api/v1/incidents/{incident.ref}/filings/"
    body = api_world.as_("responder").post(path, {"recipients": [to]}).json()
    return f"/api/v1/filings/{body['ref']}/"


def submitted(api_world: ApiWorld) -> str:
    path = draft(api_world)
    author = api_world.as_("responder")
    rows = author.get(path).json()["sections"]
    answers = [{**row, "answer": "Yes."} for row in rows]
    author.put(path, {"based_on": 1, "sections": answers})
    author.post(f"{path}review/", {})
    api_world.as_("approver").post(f"{path}approve/", {"version": 2})
    author.post(f"{path}submit/", {})
    return path


def test_files_are_listed_and_each_can_be_had(api_world: ApiWorld) -> None:
    client, path = api_world.as_("responder"), draft(api_world)
    rows = client.get(f"{path}files/").json()
    assert [row["form"] for row in rows] == list(FORMS)
    assert {row["recipient"] for row in rows} == {"naisa"}
    for row in rows:
        answer = client.get(row["url"])
        assert (answer.status_code, answer["Content-Type"]) == (200, row["media_type"])


def test_file_is_a_download_that_no_browser_opens(api_world: ApiWorld) -> None:
    path = draft(api_world)
    answer = api_world.as_("responder").get(f"{path}files/naisa/pdf/")
    ref = path.split("/")[-2]
    name = f'attachment; filename="{ref}-v1-naisa.pdf"'
    assert answer["Content-Disposition"] == name
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content.startswith(b"%PDF-1.7")


def test_version_can_be_chosen(api_world: ApiWorld) -> None:
    path = submitted(api_world)
    client = api_world.as_("responder")
    url = f"{path}files/naisa/json/"
    assert json.loads(client.get(f"{url}?version=1").content)["state"] == "draft"
    assert json.loads(client.get(url).content)["state"] == "submitted"
    assert client.get(f"{url}?version=7").status_code == 404
    refused = client.get(f"{url}?version=x")
    [error] = refused.json()["errors"]
    assert (refused.status_code, error["field"]) == (422, "version")


def test_agency_gets_the_bytes_that_the_lab_gets(api_world: ApiWorld) -> None:
    path = submitted(api_world)
    lab, agency = (
        api_world.as_(role).get(f"{path}files/naisa/pdf/").content
        for role in ("responder", "officer")
    )
    assert lab == agency


def test_file_of_another_organisation_is_not_found(api_world: ApiWorld) -> None:
    path = submitted(api_world)
    other = api_world.as_("other_agency_admin")
    assert other.get(f"{path}files/naisa/pdf/").status_code == 404
    assert other.get(f"{path}files/").status_code == 404


def test_reading_of_a_file_is_recorded(api_world: ApiWorld) -> None:
    path = draft(api_world)
    api_world.as_("responder").get(f"{path}files/naisa/csv/")
    assert Entry.objects.filter(kind="record.read").exists()


def test_page_offers_each_file_and_gives_it(world: FilingWorld, client: Client):
    filing = world.submitted()
    for user in (world.author, world.officer):
        client.force_login(user)
        page = client.get(filing.get_absolute_url()).content.decode()
        for form in FORMS:
            url = f"/filings/{filing.ref}/files/naisa/{form}/"
            assert f'href="{url}"' in page
            assert client.get(url).status_code == 200


def test_page_gives_no_file_to_others(world: FilingWorld, client: Client):
    filing = world.draft()
    client.force_login(world.officer)
    assert client.get(f"/filings/{filing.ref}/files/naisa/pdf/").status_code == 404


def test_page_offers_the_packet_of_what_is_approved_until_it_is_filed_by_hand(
    world: FilingWorld, client: Client
):
    filing = world.approved(world.to(), world.by_hand())
    client.force_login(world.author)
    page = client.get(filing.get_absolute_url()).content.decode()
    assert page.count("Take the packet to file version 2 by hand") == 1
    assert f'href="/filings/{filing.ref}/files/by-hand-2/packet/?version=2"' in page


def test_page_offers_no_packet_of_a_draft(world: FilingWorld, client: Client):
    filing = world.draft(world.to(), world.by_hand())
    client.force_login(world.author)
    page = client.get(filing.get_absolute_url()).content.decode()
    assert page.count("Take the packet") == 0
