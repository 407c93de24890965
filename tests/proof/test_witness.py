"""A witness that nobody here wrote cosigns our log, and refuses every attack on it."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from django.utils import timezone

from escalation.witnesses.asking import ask_witnesses
from escalation.witnesses.guarded_text import post
from incidents.ledger.checkpoint import Checkpoint, sign_checkpoint
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.note import write_note
from incidents.ledger.vkey import KeyType, signing_key
from incidents.ledger.witness_core import write_request
from incidents.models import Cosigned, Witness
from incidents.sealing.tree import consistency_path
from tests.factories import lab
from tests.incidents.ledger.simulated_log import Tree
from tests.incidents.sealing.log import ORIGIN, LocalSigner
from tests.incidents.witnessing.parties import our_head
from tests.proof.sumdb import TOOLS

pytestmark = pytest.mark.django_db
MISSING = "aics-witness is not installed (Python 3.12 or newer); `make test-proof` does"
SIGNER = LocalSigner()
FORK = Tree(leaf_hash(b"%d" % number) for number in range(9))


@pytest.fixture(autouse=True)
def _private(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True


@pytest.fixture
def outside(tmp_path):
    """Start the witness on this machine; yields its address."""
    program = shutil.which(
        "aics-witness", path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    )
    if program is None:
        pytest.skip(MISSING)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"

    def run(command, *words):
        config = ("--config", str(tmp_path / "witness.json"))
        return [program, command, *config, *words]

    def call(*words):
        done = subprocess.run(run(*words), check=True, capture_output=True, text=True)
        return done.stdout

    vkey = call("init", "--name", "outside.example/w", "--listen", place).strip()
    call("add-log", "--origin", ORIGIN, "--vkey", SIGNER.key.public.vkey())
    with subprocess.Popen(run("serve"), stderr=subprocess.DEVNULL) as serving:
        _wait_for(place)
        Witness.objects.create(
            slug="outside",
            vkey=vkey,
            address=f"http://{place}",
            organisation=lab(),
            added_at=timezone.now(),
        )
        yield f"http://{place}/add-checkpoint"
        serving.terminate()


def _wait_for(place):
    host, _, port = place.partition(":")
    ends_at = time.monotonic() + 20
    while time.monotonic() < ends_at:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def cosign():
    return ask_witnesses(timezone.now())


def head(size, root, key=SIGNER.key):
    note = sign_checkpoint(Checkpoint(key.public.name, size, root), [key])
    return write_note(note)


def test_outside_witness_cosigns_our_log_and_refuses_every_attack(outside):
    for count, size in ((3, 3), (2, 5)):
        ours = our_head(count, SIGNER)
        assert (cosign(), ours.size) == (1, size)
    # The heartbeat: the same size again.
    again = write_request(5, (), ours.note)
    assert post(outside, again)[0] == 200
    assert Cosigned.objects.filter(quorum_at__isnull=False).count() == 2
    root, fork = bytes(ours.root), FORK.root
    stolen = signing_key(ORIGIN, KeyType.LOG, bytes([9]) * 32)
    other = signing_key("log.example/other", KeyType.LOG, bytes([9]) * 32)
    growth = consistency_path(3, 5)
    attacks = {
        "replay": (write_request(3, growth, ours.note), 409),
        "rollback": (write_request(3, (), head(3, fork(3))), 409),
        "from further on": (write_request(6, (), head(9, fork(9))), 409),
        "another root": (write_request(5, (), head(5, fork(5))), 422),
        "fork": (write_request(5, FORK.consistency(5, 9), head(9, fork(9))), 422),
        "no proof": (write_request(5, (), head(9, fork(9))), 422),
        "key of nobody": (write_request(5, (), head(5, root, stolen)), 403),
        "unknown log": (write_request(5, (), head(5, root, other)), 404),
        "old above new": (write_request(5, (), head(3, fork(3))), 400),
        "no request": (b"hello\n", 400),
    }
    found = {name: post(outside, body)[0] for name, (body, _) in attacks.items()}
    assert found == {name: status for name, (_, status) in attacks.items()}
    assert post(outside, attacks["replay"][0])[2] == b"5\n"
    assert post(outside, again)[0] == 200
