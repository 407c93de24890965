from datetime import UTC, datetime, timedelta

import pytest

from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Cosigned, Pending
from incidents.sealing.places import newest_note
from incidents.witnessing.cosigning import head_to_cosign
from tests.factories import agency, lab
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.sealing.log import ORIGIN, LocalSigner, record_entries
from tests.incidents.witnessing.parties import SECONDS, cosigned, our_head, witness

pytestmark = pytest.mark.django_db
STRANGER = signing_key("else.example/w", KeyType.WITNESS, bytes([7]) * 32)


@pytest.fixture
def signer():
    return LocalSigner()


@pytest.fixture
def both():
    witness(AGENCY, "naisa", agency())
    return witness(LAB, "aurora", lab())


def bring(client, note):
    return client.post("/log/cosignatures", note, content_type="text/plain")


def seen(note, signer):
    opened = open_checkpoint(
        note,
        origin=ORIGIN,
        log_keys=[signer.key.public],
        witness_keys=[AGENCY.public, LAB.public],
    )
    return {key.name: time - SECONDS for key, time in opened.seen.items()}


def quorum(which):
    at = Cosigned.objects.get(which=which).quorum_at
    return None if at is None else int(at.timestamp()) - SECONDS


def test_quorum_is_met_when_each_side_has_cosigned(client, both, signer):
    head = our_head(signer=signer)
    assert bring(client, cosigned(head.note, AGENCY)).text == "naisa\n"
    assert quorum("first") is None
    assert bring(client, cosigned(head.note, LAB, SECONDS + 2)).text == "aurora\n"
    assert quorum("first") == 2
    assert seen(newest_note(), signer) == {"agency.example/w": 0, "lab.example/w": 2}
    both.refresh_from_db()
    assert (both.size, both.said_at) == (1, datetime.fromtimestamp(SECONDS + 2, UTC))


def test_first_and_newest_lines_of_a_size_are_kept(client, both, signer):
    head = our_head(signer=signer)
    for key, time in ((AGENCY, 0), (LAB, 1), (AGENCY, 60), (LAB, 61), (LAB, 61)):
        bring(client, cosigned(head.note, key, SECONDS + time))
    notes = dict(Cosigned.objects.values_list("which", "note"))
    first, last = (seen(notes[which], signer) for which in ("first", "last"))
    assert first == {"agency.example/w": 0, "lab.example/w": 1}
    assert last == {"agency.example/w": 60, "lab.example/w": 61}
    assert (quorum("first"), quorum("last")) == (1, 61)


def test_same_line_again_changes_nothing(client, both, signer):
    head = our_head(signer=signer)
    for _ in range(2):
        bring(client, cosigned(head.note, AGENCY))
    assert list(Cosigned.objects.values_list("which", flat=True)) == ["first"]


def test_older_line_replaces_no_newer_one(client, both, signer):
    head = our_head(signer=signer)
    for time in (60, 120, 90):
        bring(client, cosigned(head.note, AGENCY, SECONDS + time))
    last = Cosigned.objects.get(which="last")
    assert seen(last.note, signer) == {"agency.example/w": 120}


def test_lines_that_prove_nothing_are_not_kept(client, both, signer):
    head = our_head(signer=signer)
    other = our_head(signer=signer)
    line = cosigned(other.note, AGENCY).splitlines(keepends=True)[-1]
    ahead = cosigned(head.note, AGENCY, SECONDS + 400_000_000)
    unknown = cosigned(head.note, STRANGER)
    for note in (head.note + line, ahead, unknown, head.note, "x"):
        assert bring(client, note).status_code == 422
    foreign = cosigned(head.note.replace("log.example/test", "log.example/b"), AGENCY)
    assert bring(client, foreign).status_code == 422
    assert not Cosigned.objects.exists()


def test_witness_that_was_ended_is_not_known(client, both, signer):
    both.is_active = False
    both.save()
    assert bring(client, cosigned(our_head().note, LAB)).status_code == 422


def test_newest_signed_head_is_there_for_whoever_fetches_it(client, both, signer):
    assert client.get("/log/checkpoint/newest").status_code == 404
    head = our_head(signer=signer)
    assert client.get("/log/checkpoint/newest").text == head.note


def test_nothing_is_cosigned_over_entries_that_wait_for_long():
    head = our_head()
    record_entries()
    since = Pending.objects.latest("id").since
    assert head_to_cosign(since + timedelta(seconds=30)) == head
    assert head_to_cosign(since + timedelta(seconds=31)) is None
