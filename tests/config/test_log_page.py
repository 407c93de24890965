import pytest
from django.test import Client

from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Audit, Witness
from incidents.sealing.continuing import Why, continue_log
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests import factories as make
from tests.factories import NOW
from tests.incidents.sealing.log import LocalSigner, record_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(make.person(make.lab()))
    return client


def labels(answer, name):
    return {
        one["label"]: one.get("value", one.get("at")) for one in answer.context[name]
    }


def test_page_of_an_empty_log_says_so(reader):
    answer = reader.get("/log/")
    assert labels(answer, "facts") == {
        "Signer": "Nobody signs here. What follows rests on the operator's word alone."
    }
    assert "No witness sees this log." in answer.text
    assert "No audit has ended yet." in answer.text


def test_page_says_under_which_names_the_log_was_signed_before(reader):
    record_entries(count=3)
    seal_batch(NOW)
    sign_heads(LocalSigner().as_signer(), NOW)
    assert "Earlier names" not in reader.get("/log/").text
    key = signing_key("log.example/2", KeyType.LOG, bytes([7]) * 32)
    why = Why("The key's disk was copied", "Ana Ito")
    signer = LocalSigner(key=key).as_signer()
    continue_log(signer, why, NOW, may_lack_witnesses=True)
    answer = reader.get("/log/")
    assert labels(answer, "facts")["Name of the log"] == "log.example/2"
    assert "by Ana Ito: The key&#x27;s disk was copied" in answer.text
    assert "No quorum of witnesses had seen its last head, of 3 entries." in answer.text
    note = Client().get("/log/1/checkpoint")
    assert note.text.startswith("log.example/test\n3\n")
    assert Client().get("/log/2/checkpoint").status_code == 404
    [former] = reader.get("/api/v1/log/").json()["formers"]
    named = ("origin", "successor", "size", "is_cosigned", "ended_by")
    assert [former[name] for name in named] == [
        "log.example/test",
        "log.example/2",
        3,
        False,
        "Ana Ito",
    ]


def test_page_says_how_far_the_record_is_proved(reader):
    record_entries(count=3)
    seal_batch(NOW)
    sign_heads(LocalSigner().as_signer(), NOW)
    organisation = make.agency()
    more = {"size": 2, "said_at": NOW, "added_at": NOW, "failures": 1}
    Witness.objects.create(slug="naisa", vkey="x", organisation=organisation, **more)
    answer = reader.get("/log/")
    assert labels(answer, "facts") | {"Signer": ""} == {
        "Name of the log": "log.example/test",
        "Entries sealed": 3,
        "Last sealed": NOW,
        "Signed up to": 3,
        "Witnessed up to": "nothing yet",
        "Signer": "",
    }
    [witness] = answer.context["witnesses"]
    assert witness == {
        "name": "naisa",
        "side": "an agency",
        "size": 2,
        "said_at": NOW,
        "trouble": "does not answer",
    }
    assert "log.example/test\n3\n" in answer.text


def test_page_names_what_the_last_audit_found(reader):
    found = [{"entry": 7, "why": "it is sealed and does not exist"}]
    more = {"size": 9, "root": b"", "against": "signed", "findings": found}
    Audit.objects.create(begun_at=NOW, ended_at=NOW, **more)
    answer = reader.get("/log/")
    assert labels(answer, "audit_facts")["Outcome"] == "NOT everything fits."
    assert "Entry 7: it is sealed and does not exist" in answer.text
