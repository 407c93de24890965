"""Some seeds of the fault simulator; `make simulate-faults` plays as many as wanted."""

import json
import subprocess
import sys

import pytest

from tests.scenarios.world import CHECKOUT

pytestmark = pytest.mark.scenario

SEEDS = 14
# A slow machine plays fewer; so few would prove nothing.
LIMIT_SECONDS, LEAST_SEEDS = 60, 10


def play(*words):
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done


@pytest.fixture(scope="module")
def tally(tmp_path_factory):
    """Return the file in which the seeds were counted."""
    file = tmp_path_factory.mktemp("seeds") / "tally.json"
    limit = str(LIMIT_SECONDS)
    done = play("--seeds", str(SEEDS), "--limit", limit, "--tally", file)
    print(done.stdout)
    return file


def test_seeds_break_no_promise(tally):
    found = json.loads(tally.read_text("utf-8"))
    assert found["failed"] == []
    assert found["played"] >= LEAST_SEEDS
    # Every fault must have happened, or the seeds prove nothing.
    counts = found["counts"]
    faults = ("crash before commit", "crash after commit", "ring lost", "ring doubled")
    assert {name for name in faults if counts[name] < 5} == set()
    assert counts["server restart"] == 1
    assert counts["clock step"] >= 1
    assert counts["wait for a lock"] >= 5
    assert counts["try to send"] >= 100
    assert {"snooze", "reassign", "pass_on", "hand_over"} <= counts.keys()


def test_seed_after_others_makes_the_moves_that_it_makes_alone(tally):
    before = json.loads(tally.read_text("utf-8"))
    seed = before["last"] + 1
    play("--seeds", str(seed), "--tally", tally)
    after = json.loads(tally.read_text("utf-8"))
    assert (after["played"], after["last"]) == (before["played"] + 1, seed)
    end = play("--seed", str(seed)).stdout.splitlines()[-4]
    digest = end.partition("moves ")[2].partition(",")[0]
    assert len(digest) == 16
    assert digest == after["digest"]
