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


def another():
    """Return the receipt of an entry that stood where now another stands."""
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen(fields={"text": "What was said then"})
    log.happen()
    return receipt(log)


STRANGER = signing_key("log.example/2", KeyType.LOG, bytes(32))
OTHER_SIZE = receipt().data.replace(b"\n3\n", b"\n4\n")
# Receipts that were kept, and what is said of the bundle when they are held against it.
KEPT = [
    ([receipt(), receipt(index=2), receipt(witnesses=[])], "VERIFIED"),
    (
        [
            replace(
                receipt(), data=receipt().data.replace(b"@v1\n", b"@v1\nextra AA==\n")
            )
        ],
        "VERIFIED",
    ),
    ([another()], "RECEIPT"),
    ([receipt(index=0)], "RECEIPT"),
    ([receipt(), receipt(index=0)], "RECEIPT"),
    ([Receipt("mine", b"junk")], "RECEIPT"),
    ([Receipt("mine", b"\xff" * 9)], "RECEIPT"),
    ([Receipt("mine", receipt().data.replace(b"index 1", b"index 01"))], "RECEIPT"),
    ([receipt(keys=[STRANGER])], "CP_ORIGIN"),
    ([replace(receipt(), data=OTHER_SIZE)], "CP_LOGSIG"),
    ([replace(receipt(), data=receipt().data[:-1])], "CP_FORMAT"),
]


@pytest.mark.parametrize(("kept", "verdict"), KEPT)
def test_kept_receipts_are_found_or_missed(kept, verdict):
    assert verdict_on(LOG.bundle(), receipts=kept) == verdict
