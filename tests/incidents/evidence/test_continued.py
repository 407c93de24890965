"""An incident that spans a theft of the log's key: what proves it before and after."""

from dataclasses import replace

import pytest

from incidents.evidence.receipts import receipt_of_entry
from incidents.incident.new_file import path_of
from incidents.ledger.checkpoint import cosign, parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.policy import PolicyLog
from incidents.ledger.signer_client import SignerRefused
from incidents.ledger.verify.check import verify_bundle
from incidents.ledger.verify.receipts import Receipt
from incidents.ledger.verify.verdict import Doubt, Rejected
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import EndedLog
from incidents.sealing.continuing import Why, continue_log
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from incidents.witnessing.cosigning import Line, head_to_cosign, keep_lines
from tests.incidents.evidence.scene import Scene
from tests.incidents.evidence.test_witnessed import WitnessedScene
from tests.incidents.ledger.simulated_log import AGENCY
from tests.incidents.sealing.log import LocalSigner

pytestmark = pytest.mark.django_db
NEW = "log.example/test/2"


class StolenScene(WitnessedScene):
    """A scene in which somebody has copied the log's key."""

    def go_on(self):
        """Have the log go on under a new name; the policies change with it."""
        self.thief, self.old_policy = self.signer, self.policy
        key = signing_key(NEW, KeyType.LOG, bytes([7]) * 32)
        self.signer = LocalSigner(key=key)
        self.policy = replace(self.policy, logs=(PolicyLog(key.public),))
        continue_log(
            self.signer.as_signer(), Why("The key was copied", "Ana"), self.now
        )

    def receipt(self, number):
        sides = [self.lab.pk]
        return receipt_of_entry(self.incident, sides, number)

    def verify(self, row, policy, **more):
        with path_of(row.stored_as).open("rb") as file:
            return verify_bundle(file, policy, **more)


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return StolenScene()


def test_incident_that_spans_both_names_is_proved_by_one_bundle(scene):
    scene.seal()  # a head without the incident, so that its beginning has a bound
    scene.happen("before the theft")
    scene.seal()
    old_receipt = scene.receipt(2)
    old_row = scene.build(scene.ask())
    scene.happen("sealed, and not seen")
    Scene.seal(scene)
    scene.go_on()
    scene.happen("after the theft")
    scene.seal()
    row = scene.build(scene.ask())

    heard = {}

    def listen(entry, bounds):
        heard[entry.fields.get("text")] = bounds

    receipts = [Receipt("kept", old_receipt.proof)]
    outcome = scene.verify(row, scene.policy, receipts=receipts, listen=listen)
    assert outcome.checkpoint.origin == NEW
    assert outcome.seen_formers == {scene.thief.key.public.name}
    assert set(outcome.counts) <= {Doubt.TIME_WIDE}
    # What the old log's witnesses saw still bounds the times of then.
    assert None not in heard["before the theft"]
    lower, upper = heard["sealed, and not seen"]
    assert lower is not None
    assert heard["before the theft"][1] <= upper
    # What was handed out before stays good under the policy of then.
    assert scene.verify(old_row, scene.old_policy).checkpoint.size == old_row.head_size
    with pytest.raises(Rejected, match="CP_ORIGIN"):
        scene.verify(old_row, scene.policy)


def test_late_cosignature_under_the_old_name_changes_nothing_of_the_proof(scene):
    scene.happen("before the theft")
    scene.seal()
    head = head_to_cosign(scene.now)
    scene.go_on()
    scene.seal()
    checkpoint = parse_checkpoint(parse_note(head.note).text)
    line = cosign(checkpoint, AGENCY, time=scene.seconds())
    keep_lines(head, [Line(scene.witnesses["naisa"], AGENCY.public, line)], scene.now)
    row = scene.build(scene.ask())
    ended = EndedLog.objects.get()
    assert scene.verify(row, scene.policy).formers[ended.origin].head.size == ended.size


def test_thief_gets_no_signature_kept_here(scene):
    scene.happen("before the theft")
    scene.seal()
    scene.go_on()
    seal_batch(scene.now)
    with pytest.raises(SignerRefused, match=f"this log is {NEW}"):
        sign_heads(scene.thief.as_signer(), scene.now)
