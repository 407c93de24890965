from datetime import timedelta
from functools import partial

import pytest

from escalation.witnesses.asking import ask_witnesses
from escalation.witnesses.guarded_text import NotAnswered
from incidents.ledger.witness_core import (
    BadRequest,
    Head,
    decide,
    read_request,
    refuse_bad,
)
from incidents.models import Checkpoint, Cosigned
from incidents.sealing.places import newest_note
from incidents.sealing.seal import seal_batch
from tests.factories import NOW, agency, lab
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.sealing.log import LocalSigner, record_entries
from tests.incidents.witnessing.parties import our_head, witness

pytestmark = pytest.mark.django_db
ADDRESS = "https://{}.example/witness"
MINUTE = timedelta(seconds=60)


class Witnesses:
    """Two witnesses behind addresses, each with a memory of its own; some are away."""

    def __init__(self, signer):
        self.signer = signer
        self.keys = {"naisa": AGENCY, "aurora": LAB}
        self.last = dict.fromkeys(self.keys, Head())
        self.away = set()
        self.asked = []
        self.seconds = int(NOW.timestamp())

    def send(self, address, body):
        name = address.removeprefix("https://").partition(".")[0]
        self.asked.append((name, body.partition(b"\n")[0].decode()))
        assert address == f"{ADDRESS.format(name)}/add-checkpoint"
        if name in self.away:
            raise NotAnswered("not reached: TimeoutError")
        try:
            request = read_request(body)
        except BadRequest as error:
            answer = refuse_bad(error)
        else:
            answer = decide(
                request,
                log_keys=[self.signer.key.public],
                last=self.last[name],
                key=self.keys[name],
                time=self.seconds,
            )
        self.last[name] = answer.head or self.last[name]
        return int(answer.status), answer.content_type, answer.body.encode()


@pytest.fixture
def signer():
    return LocalSigner()


@pytest.fixture
def witnesses(signer):
    return Witnesses(signer)


@pytest.fixture
def seal(signer):
    return partial(our_head, signer=signer)


@pytest.fixture
def naisa():
    return witness(AGENCY, "naisa", agency(), ADDRESS.format("naisa"))


@pytest.fixture(autouse=True)
def aurora(naisa):
    return witness(LAB, "aurora", lab(), ADDRESS.format("aurora"))


def ask(witnesses, after=timedelta(0)):
    return ask_witnesses(NOW + after, send=witnesses.send)


def test_each_new_head_gets_the_lines_of_all_witnesses(witnesses, seal):
    for count, size in ((3, 3), (2, 5)):
        head = seal(count)
        assert ask(witnesses) == 2
        cosigned = Cosigned.objects.get(size=size, which="first")
        assert (cosigned.quorum_at, newest_note()) == (NOW, cosigned.note)
        assert {one.root for one in witnesses.last.values()} == {bytes(head.root)}
    assert ask(witnesses) == 0
    assert sorted(witnesses.asked) == [
        ("aurora", "old 0"),
        ("aurora", "old 3"),
        ("naisa", "old 0"),
        ("naisa", "old 3"),
    ]


def test_quiet_log_is_cosigned_again_each_minute(witnesses, seal):
    seal()
    ask(witnesses)
    assert ask(witnesses, timedelta(seconds=59)) == 0
    witnesses.seconds += 60
    assert ask(witnesses, MINUTE) == 2
    rows = Cosigned.objects.order_by("which").values_list("which", "quorum_at")
    assert list(rows) == [("first", NOW), ("last", NOW + MINUTE)]


def test_nothing_is_cosigned_again_while_an_entry_waits(witnesses, seal):
    seal()
    ask(witnesses)
    record_entries()
    assert ask(witnesses, MINUTE) == 0


def test_witness_that_is_away_is_asked_again_later_and_less_often(
    witnesses, seal, aurora
):
    seal()
    witnesses.away.add("aurora")
    assert ask(witnesses) == 1
    aurora.refresh_from_db()
    assert (aurora.failures, aurora.failed_why) == (1, "not reached: TimeoutError")
    assert aurora.next_at == NOW + timedelta(seconds=2)
    assert ask(witnesses, timedelta(seconds=1)) == 0
    ask(witnesses, timedelta(seconds=2))
    aurora.refresh_from_db()
    assert aurora.next_at == NOW + timedelta(seconds=6)
    witnesses.away.clear()
    assert ask(witnesses, timedelta(seconds=6)) == 1
    aurora.refresh_from_db()
    assert (aurora.failures, aurora.failed_why, aurora.size) == (0, "", 1)


def test_witness_that_knows_another_size_is_asked_from_there(witnesses, seal, aurora):
    head = seal(3)
    witnesses.last["aurora"] = Head(3, bytes(head.root))
    seal(2)
    assert ask(witnesses) == 2
    assert witnesses.asked[-1] == ("aurora", "old 3")


def test_witness_that_saw_more_than_there_is_says_so(witnesses, seal, aurora):
    seal(3)
    witnesses.last["aurora"] = Head(9, bytes(32))
    assert ask(witnesses) == 1
    aurora.refresh_from_db()
    assert aurora.failed_why == (
        "it has cosigned 9 entries, and this log has 3: was a backup restored?"
    )


def test_witness_of_another_history_does_not_cosign(witnesses, seal, aurora):
    seal(3)
    witnesses.last["aurora"] = Head(3, bytes(32))
    ask(witnesses)
    aurora.refresh_from_db()
    assert aurora.failed_why.startswith("it answered 422: the new head is not shown")
    assert Cosigned.objects.get().quorum_at is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, "", b"hello"), "its answer cannot be used: "),
        ((503, "", b"busy"), "it answered 503: busy"),
        ((409, "text/x.tlog.size", b"x\n"), "it answered 409: x"),
        ((409, "text/x.tlog.size", b"0\n"), "it was asked from 0 and says 0"),
    ],
)
def test_answer_that_is_none_is_told(seal, aurora, answer, why):
    seal()
    ask_witnesses(NOW, send=lambda address, body: answer)
    aurora.refresh_from_db()
    assert aurora.failed_why.startswith(why)
    assert not Cosigned.objects.exists()


def test_witness_without_an_address_is_not_asked(witnesses, seal, aurora, naisa):
    aurora.address = ""
    aurora.save()
    naisa.is_active = False
    naisa.save()
    seal()
    assert ask(witnesses) == 0
    assert witnesses.asked == []


def test_head_that_is_not_signed_is_not_shown_to_witnesses(witnesses):
    record_entries()
    seal_batch(NOW)
    assert Checkpoint.objects.count() == 1
    assert ask(witnesses) == 0
