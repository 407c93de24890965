import hashlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents.incident.models import Attachment, Incident
from incidents.models import ReadMark
from tests.api_world import ApiWorld

CONTENT = b"<html><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path


def address(incident: Incident) -> str:
    return f"/api/v1/incidents/{incident.ref}/attachments/"


def attach(api_world: ApiWorld, incident: Incident, role: str, **more: object):
    upload = SimpleUploadedFile("page.html", CONTENT)
    client = api_world.as_(role)
    return client.post(address(incident), {"file": upload, **more}, format="multipart")


def test_attaching_answers_what_was_measured(api_world: ApiWorld) -> None:
    answer = attach(api_world, api_world.incident(), "staff")
    body = answer.json()
    assert answer.status_code == 201
    assert (body["filename"], body["size_bytes"]) == ("page.html", len(CONTENT))
    assert body["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert body["organisation"] == "aurora"


def test_download_is_never_shown_inline(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    uid = attach(api_world, incident, "staff").json()["id"]
    answer = api_world.as_("staff").get(f"{address(incident)}{uid}/")
    assert answer.getvalue() == CONTENT
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    targets = ReadMark.objects.values_list("target", flat=True)
    assert f"attachment:{uid}" in targets


def test_agency_sees_only_shared_files(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    hidden = attach(api_world, incident, "staff").json()["id"]
    shown = attach(api_world, incident, "staff", is_shared="true").json()["id"]
    client = api_world.as_("officer")
    rows = client.get(address(incident)).json()
    assert [row["id"] for row in rows] == [shown]
    assert client.get(f"{address(incident)}{hidden}/").status_code == 404
    answer = client.get(f"{address(incident)}{shown}/")
    assert answer.getvalue() == CONTENT


@pytest.mark.parametrize("role", ["other_lab_admin", "other_agency_admin", "operator"])
def test_files_of_an_invisible_incident_are_not_found(
    api_world: ApiWorld, role: str
) -> None:
    incident = api_world.incident(shared=True)
    uid = attach(api_world, incident, "staff", is_shared="true").json()["id"]
    client = api_world.as_(role)
    assert client.get(address(incident)).status_code == 404
    assert client.get(f"{address(incident)}{uid}/").status_code == 404
    assert attach(api_world, incident, role).status_code == 404
    assert Attachment.objects.count() == 1


def test_file_over_the_limit_is_refused(api_world: ApiWorld, settings) -> None:
    settings.MAX_ATTACHMENT_BYTES = 10
    answer = attach(api_world, api_world.incident(), "staff")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not Attachment.objects.exists()


def test_form_without_a_file_names_the_field(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    sent = {"is_shared": "true"}
    answer = client.post(address(api_world.incident()), sent, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


def test_empty_file_is_refused(api_world: ApiWorld) -> None:
    client = api_world.as_("staff")
    upload = BytesIO(b"")
    upload.name = "empty.txt"
    sent = {"file": upload}
    answer = client.post(address(api_world.incident()), sent, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")
