import pytest
from django.test import Client
from django.urls import reverse

from incidents.models import EvidenceBundle, ReadMark
from tests.factories import person
from tests.incidents.evidence.scene import RECIPIENT, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return Scene()


def visit(user):
    client = Client()
    client.force_login(user)
    return client


def page(scene):
    return reverse("evidence", args=[scene.incident.ref])


def form(scene, client, **more):
    shown = client.get(page(scene)).context["form"]
    return {
        "audience": "aurora:own",
        "recipient": RECIPIENT,
        "has_files": "on",
        "rules": "",
        "key": str(shown["key"].value()),
        **more,
    }


def test_page_builds_a_bundle_once_for_a_form(scene):
    client = visit(scene.person)
    sent = form(scene, client, rules="actor: FOIA b(6)\n1: FOIA b(5)")
    answers = [client.post(page(scene), sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    row = EvidenceBundle.objects.get()
    assert (row.recipient, row.requested_by) == (RECIPIENT, scene.person)
    assert row.redactions == [
        {"field": "actor", "authority": "FOIA b(6)"},
        {"field": "", "authority": "FOIA b(5)", "entry": 1},
    ]
    shown = client.get(page(scene)).content.decode()
    assert "Waits until the log has counted the record" in shown


def test_page_offers_the_file_and_the_download_is_recorded(scene):
    row = scene.build(scene.ask())
    EvidenceBundle.objects.update(expires_at="2099-01-01T00:00:00Z")
    client = visit(scene.person)
    address = reverse("evidence-file", args=[scene.incident.ref, row.uid])
    assert address in client.get(page(scene)).content.decode()
    assert len(client.get(address).getvalue()) == row.size_bytes
    assert ReadMark.objects.filter(target=f"evidence:{row.uid}").exists()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"rules": "nonsense"}, "Line 1: write it like"),
        ({"rules": "nobody: FOIA b(6)"}, "Its entries have the fields: actor, body"),
        ({"audience": "naisa:own"}, "Select a valid choice"),
        ({"seen_size": "99"}, "Give a size that the log has reached"),
        ({"recipient": ""}, "This field is required"),
    ],
)
def test_form_comes_back_with_what_is_wrong(scene, sent, words):
    client = visit(scene.person)
    answer = client.post(page(scene), form(scene, client, **sent))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not EvidenceBundle.objects.exists()


def test_agency_hands_out_what_it_reads_and_sees_no_other_export(scene):
    scene.share()
    scene.build(scene.ask())
    client = visit(scene.officer)
    shown = client.get(page(scene))
    choices = [name for name, _ in shown.context["form"].fields["audience"].choices]
    assert choices == ["naisa:aurora"]
    assert shown.context["exports"] == []


def test_person_without_the_role_gets_no_form(scene):
    client = visit(person(scene.lab, role="staff"))
    assert client.get(page(scene)).context["form"] is None
    assert client.post(page(scene), {}).status_code == 403


def test_list_of_exports_takes_as_many_queries_for_three_as_for_one(
    scene, django_assert_num_queries, django_assert_max_num_queries
):
    client = visit(scene.person)
    client.get(page(scene))  # the reading is recorded once
    scene.ask()
    with django_assert_max_num_queries(60) as one:
        client.get(page(scene), headers={"HX-Request": "true"})
    scene.ask()
    scene.ask()
    with django_assert_num_queries(len(one)):
        client.get(page(scene), headers={"HX-Request": "true"})


def test_receipt_is_waited_for_and_then_downloaded(scene):
    client = visit(scene.person)
    address = reverse("act-receipt", args=[scene.incident.ref, "filed"])
    waiting = client.get(address)
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "2")
    assert '<meta http-equiv="refresh" content="2">' in waiting.content.decode()
    scene.seal()
    receipt = client.get(address)
    assert receipt.content.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    by_number = client.get(reverse("entry-receipt", args=[scene.incident.ref, 1]))
    assert by_number.content == receipt.content


def test_acknowledging_offers_its_receipt(scene):
    client = visit(scene.person)
    ref = scene.incident.ref
    answer = client.post(reverse("incident-acknowledge", args=[ref]), follow=True)
    address = reverse("act-receipt", args=[ref, "acknowledged"])
    assert f'<a href="{address}">Keep the receipt</a>' in answer.content.decode()
    scene.seal()
    assert b"\nindex 1\n" in client.get(address).content


def test_receipt_of_what_was_not_done_is_not_found(scene):
    client = visit(scene.person)
    for act in ("acknowledged", "nothing"):
        address = reverse("act-receipt", args=[scene.incident.ref, act])
        assert client.get(address).status_code == 404


def test_timeline_leads_to_receipts_and_evidence(scene):
    scene.happen("first")
    shown = visit(scene.person).get(scene.incident.get_absolute_url()).content.decode()
    assert reverse("entry-receipt", args=[scene.incident.ref, 1]) in shown
    assert page(scene) in shown
