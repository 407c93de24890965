import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.evidence.requesting import OPEN_AT_ONCE
from incidents.incident.new_file import path_of
from incidents.ledger.proof_file import parse_proof, verify_proof
from incidents.models import Entry, EvidenceBundle, ReadMark, Stream
from tests.api_world import client_of
from tests.factories import person
from tests.incidents.evidence.scene import RECIPIENT, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return Scene()


def address(scene, rest="evidence/"):
    return f"/api/v1/incidents/{scene.incident.ref}/{rest}"


def ask(scene, user=None, **more):
    body = {"recipient": RECIPIENT, **more}
    client = client_of(user or scene.person)
    return client.post(address(scene), body, format="json")


def test_receipt_waits_until_the_log_proves_the_entry(scene):
    answer = client_of(scene.person).get(address(scene, "entries/1/receipt/"))
    hashed = bytes(Entry.objects.order_by("id")[0].leaf_hash).hex()
    assert (answer.status_code, answer["Retry-After"]) == (202, "2")
    assert answer.json() == {"state": "waiting", "leaf_hash": hashed}


def test_receipt_proves_the_entry_of_the_timeline(scene):
    scene.happen("first")
    scene.seal()
    client = client_of(scene.person)
    number = len(client.get(address(scene, "timeline/")).json())
    answer = client.get(address(scene, f"entries/{number}/receipt/"))
    proof = parse_proof(answer.content)
    entry = Entry.objects.get(kind="incident.commented")
    verify_proof(
        proof,
        bytes(entry.leaf_hash),
        origin=scene.signer.key.public.name,
        log_keys=[scene.signer.key.public],
    )
    assert proof.extra == bytes(entry.leaf)
    assert answer["Tocsin-Cosigned"] == "no"
    name = f'filename="{scene.incident.ref}-entry-{number}.tlog-proof"'
    assert answer["Content-Disposition"] == f"attachment; {name}"


def test_receipt_of_an_acknowledgement_is_the_callers_own(scene):
    scene.acknowledge()
    scene.now += timedelta(seconds=1)
    mine, scene.person = scene.person, person(scene.lab)
    scene.acknowledge()
    scene.seal()
    entries = Entry.objects.filter(kind="incident.acknowledged").order_by("id")
    for user, entry in zip((mine, scene.person), entries, strict=True):
        answer = client_of(user).get(address(scene, "receipts/acknowledged/"))
        assert parse_proof(answer.content).extra == bytes(entry.leaf)


def test_receipt_of_an_entry_that_the_timeline_lacks_is_not_found(scene):
    scene.happen("for the lab alone")
    scene.share()
    scene.seal()
    for user, number, status in (
        (scene.person, 2, 200),
        (scene.officer, 1, 200),
        (scene.officer, 2, 404),
        (scene.officer, 0, 404),
    ):
        answer = client_of(user).get(address(scene, f"entries/{number}/receipt/"))
        assert (user, number, answer.status_code) == (user, number, status)


def test_bundle_is_asked_for_watched_and_fetched(scene):
    scene.now = timezone.now() + timedelta(seconds=1)
    answer = ask(scene)
    assert (answer.status_code, answer["Retry-After"]) == (202, "2")
    assert (answer.json()["state"], answer.json()["file_url"]) == ("waiting", None)
    row = scene.build(EvidenceBundle.objects.get())
    client = client_of(scene.person)
    shown = client.get(answer["Location"]).json()
    assert (shown["state"], shown["manifest_sha256"]) == ("ready", row.manifest_sha256)
    assert (shown["entries"], shown["entries_done"]) == (row.total, row.total)
    assert client.get(address(scene)).json() == [shown]
    fetched = client.get(shown["file_url"])
    assert fetched.getvalue() == path_of(row.stored_as).read_bytes()
    assert ReadMark.objects.filter(target=f"evidence:{row.uid}").exists()


def test_file_is_refused_before_it_is_there(scene):
    answer = ask(scene)
    refused = client_of(scene.person).get(f"{answer['Location']}file/")
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_possible"


def test_bundle_is_not_found_by_the_other_side(scene):
    scene.share()
    location = ask(scene)["Location"]
    client = client_of(scene.officer)
    assert client.get(location).status_code == 404
    assert client.get(f"{location}file/").status_code == 404
    assert client.get(address(scene)).json() == []


def test_same_key_makes_one_bundle(scene):
    client, body = client_of(scene.person), {"recipient": RECIPIENT}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    one, two = (
        client.post(address(scene), body, format="json", headers=headers)
        for _ in range(2)
    )
    assert one.json() == two.json()
    assert two["Idempotent-Replayed"] == "true"
    assert EvidenceBundle.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"audience": "naisa"}, "audience", "Use one of: own."),
        ({"seen_size": 99}, "seen_size", "Give a size that the log has reached"),
        (
            {"redactions": [{"field": "nobody", "authority": "b(6)"}]},
            "redactions",
            "Its entries have the fields: actor, body",
        ),
        (
            {"redactions": [{"entry": 99, "authority": "b(6)"}]},
            "redactions",
            "Its entries have the numbers 1 to",
        ),
        ({"redactions": [{"authority": "b(6)"}]}, "redactions", "Name a field"),
    ],
)
def test_what_cannot_be_handed_out_says_field_and_remedy(scene, more, field, words):
    answer = ask(scene, **more)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["remedy"].startswith(words)


def test_rule_that_would_withhold_nothing_of_its_entry_is_refused(scene):
    scene.happen("Zoe Quill called")
    last = Stream.objects.get(audience__incident=scene.incident).last_seq
    rule = {"field": "text", "authority": "b(6)"}
    answer = ask(scene, redactions=[{**rule, "entry": 1}])
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "redactions")
    assert error["remedy"].startswith("Entry 1 has: actor, ")
    assert ask(scene, redactions=[{**rule, "entry": last}]).status_code == 202


def test_person_without_the_role_is_refused(scene):
    answer = ask(scene, person(scene.lab, role="staff"))
    assert answer.status_code == 403


def test_too_many_at_once_are_told_to_wait(scene):
    for _ in range(OPEN_AT_ONCE):
        assert ask(scene).status_code == 202
    assert ask(scene).status_code == 409
