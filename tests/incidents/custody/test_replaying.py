import json

import pytest
from django.core.management import call_command

from incidents.models import DataKey, Disclosure, User
from tests import factories as make
from tests.incidents.custody.test_requests import approve, ask, leave, named

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def two(lab):
    return [make.person(lab, role="approver") for _ in range(2)]


def erased(lab, two, of, fields=()):
    erasure = ask(lab, two[0], of, fields)
    for user in two:
        approve(erasure, user)


def bring_back(rows):
    """Does what a backup that is restored does."""
    Disclosure.objects.bulk_create(rows)


def test_a_value_that_a_backup_brought_back_is_erased_again(lab, two, capsys):
    incident = make.incident(lab, title="Call Zoe Quill")
    rows = list(Disclosure.objects.filter(name="title"))
    erased(lab, two, incident, named(incident, lab, "title"))
    bring_back(rows)
    incident.title = "Call Zoe Quill"
    incident.save(update_fields=["title"])
    call_command("replay_erasures")
    incident.refresh_from_db()
    assert not Disclosure.objects.filter(name="title").exists()
    assert incident.title == "(erased)"
    assert capsys.readouterr().out.startswith("1 values erased again, 0 people; 0 kept")


def test_the_list_is_kept_outside(lab, two, tmp_path, capsys):
    incident = make.incident(lab)
    place = named(incident, lab, "title")
    path = tmp_path / "erasures.jsonl"
    erasure = "0752b80e-a6c0-43d3-9dc1-d006b99bea9c"
    said = {**place[0], "basis": "GDPR", "erasure": erasure}
    path.write_text(json.dumps(said) + "\n")
    call_command("replay_erasures", "--from", str(path))
    again = tmp_path / "again.jsonl"
    call_command("replay_erasures", "--write", str(again))
    [line] = [json.loads(text) for text in again.read_text().splitlines()]
    assert line == {**said, "basis": "again after a restore: GDPR"}
    assert not Disclosure.objects.filter(name="title").exists()


def test_a_person_who_came_back_is_erased_again(lab, two, tmp_path):
    cid = make.person(lab, "cid@aurora.example", role="staff")
    make.incident(lab, reported_by=cid)
    leave(lab, cid, two[0])
    line = {"person": str(cid.uid), "organisation": "aurora", "basis": "GDPR"}
    path = tmp_path / "erasures.jsonl"
    path.write_text(json.dumps(line) + "\n")
    call_command("replay_erasures", "--from", str(path))
    assert not DataKey.objects.filter(owner=cid.uid).exists()
    assert not User.objects.filter(email="cid@aurora.example").exists()


def test_what_stands_again_is_counted_until_it_is_replayed(lab, two, client):
    incident = make.incident(lab, title="Call Zoe Quill")
    rows = list(Disclosure.objects.filter(name="title"))
    erased(lab, two, incident, named(incident, lab, "title"))
    call_command("replay_erasures", "--check")
    bring_back(rows)
    with pytest.raises(SystemExit):
        call_command("replay_erasures", "--check")
    assert client.get("/readyz").json()["erased_values_standing"] == 1
    client.force_login(two[0])
    page = client.get("/status/").content.decode()
    assert "Values stand that the record says are erased." in page
    call_command("replay_erasures", "--from-log")
    assert client.get("/readyz").json()["erased_values_standing"] == 0
