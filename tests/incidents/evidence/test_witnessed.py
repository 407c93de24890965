"""Bundles of a log that witnesses see: the times that they bound."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.incident.new_file import path_of
from incidents.ledger.checkpoint import cosign, parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.policy import PolicyGroup, PolicyWitness
from incidents.ledger.verify.check import verify_bundle
from incidents.ledger.verify.verdict import Doubt
from incidents.witnessing.cosigning import Line, head_to_cosign, keep_lines
from tests.incidents.evidence.scene import Scene
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.witnessing.parties import witness

pytestmark = pytest.mark.django_db
KEYS = {"naisa": AGENCY, "aurora": LAB}


class WitnessedScene(Scene):
    """A scene in which the agency and the lab cosign the log's heads."""

    def __post_init__(self):
        super().__post_init__()
        self.witnesses = {
            "naisa": witness(AGENCY, "naisa", self.agency),
            "aurora": witness(LAB, "aurora", self.lab),
        }
        self.policy = replace(
            self.policy,
            witnesses=tuple(PolicyWitness(n, k.public) for n, k in KEYS.items()),
            groups=(PolicyGroup("both", 2, tuple(KEYS)),),
            quorum="both",
        )

    def seal(self):
        super().seal()
        self.cosign(*KEYS)

    def cosign(self, *names):
        """Have these witnesses see the newest head two seconds later."""
        self.now += timedelta(seconds=2)
        head = head_to_cosign(self.now)
        checkpoint = parse_checkpoint(parse_note(head.note).text)
        time = int(self.now.timestamp())
        lines = [
            Line(
                self.witnesses[name],
                KEYS[name].public,
                cosign(checkpoint, KEYS[name], time=time),
            )
            for name in names
        ]
        keep_lines(head, lines, self.now)

    def seconds(self):
        return int(self.now.timestamp())


@pytest.fixture
def scene(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    return WitnessedScene()


def test_times_are_bounded_by_the_nearest_heads_that_enough_witnesses_saw(scene):
    scene.happen("first")
    scene.seal()
    for _ in range(3):  # heartbeats
        scene.now += timedelta(seconds=60)
        scene.cosign(*KEYS)
    after = scene.seconds()
    scene.happen("second")
    Scene.seal(scene)
    scene.cosign("naisa")  # the lab's witness is away for this one
    scene.happen("third")
    scene.seal()
    before = scene.seconds()
    row = scene.build(scene.ask())
    heard = {}
    with path_of(row.stored_as).open("rb") as file:
        outcome = verify_bundle(
            file,
            scene.policy,
            listen=lambda entry, bounds: heard.update(
                {entry.fields.get("text"): bounds}
            ),
        )
    # Nobody had seen the log before the incident and the first comment.
    assert (set(outcome.counts), heard["first"][0]) == ({Doubt.TIME_WIDE}, None)
    assert heard["second"] == heard["third"] == (after, before)
