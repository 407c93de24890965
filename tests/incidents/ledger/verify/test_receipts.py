"""Row 16 of the threat table: parties compare what they were handed out."""

from dataclasses import replace

import pytest

from incidents.ledger.proof_file import ProofFile, write_proof
from incidents.ledger.verify.receipts import Receipt
from incidents.ledger.vkey import KeyType, signing_key
from tests.incidents.ledger.simulated_log import (
    OTHER_STREAM,
    START,
    SimulatedLog,
    small_log,
)
from tests.incidents.ledger.verify.verifying import verdict_on

LOG = small_log()


def receipt(log=LOG, index=1, size=3, **note):
    head = log.note(size, START + 60, **note)
    proof = ProofFile(index, log.tree.inclusion(index, size), head)
    return Receipt("mine.tlog-proof", write_proof(proof))


def test_receipt_of_an_entry_that_is_there_is_found():
    kept = [receipt(), receipt(index=2), receipt(witnesses=[])]
    assert verdict_on(LOG.bundle(), receipts=kept) == "VERIFIED"


def test_receipt_of_an_entry_that_was_replaced_is_told():
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen(fields={"text": "What was said then"})
    log.happen()
    assert verdict_on(LOG.bundle(), receipts=[receipt(log)]) == "RECEIPT"


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (receipt(index=0), "RECEIPT"),
        (Receipt("mine", b"junk"), "RECEIPT"),
        (
            receipt(keys=[signing_key("log.example/2", KeyType.LOG, bytes(32))]),
            "CP_ORIGIN",
        ),
        (
            replace(receipt(), data=receipt().data.replace(b"\n3\n", b"\n4\n")),
            "CP_LOGSIG",
        ),
    ],
)
def test_receipt_of_something_else_is_told(kept, code):
    assert verdict_on(LOG.bundle(), receipts=[kept]) == code
