"""Thirty seeds of the fault simulator; `make simulate-faults` plays as many as wanted."""

import json
import subprocess
import sys

import pytest

from tests.scenarios.world import CHECKOUT

pytestmark = pytest.mark.scenario

SEEDS = 30
# A slow machine plays fewer; so few would prove nothing.
LIMIT_SECONDS, LEAST_SEEDS = 70, 10


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


def test_thirty_seeds_break_no_promise(tmp_path):
    tally = tmp_path / "tally.json"
    done = play("--seeds", str(SEEDS), "--limit", str(LIMIT_SECONDS), "--tally", tally)
    print(done.stdout)
    assert done.returncode == 0
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


def test_a_seed_makes_the_same_moves_every_time():
    ends = [play("--seed", "7").stdout.splitlines()[-4] for _ in range(2)]
    digests = [end.partition("moves ")[2].partition(",")[0] for end in ends]
    assert len(digests[0]) == 16
    assert digests[0] == digests[1]


def test_a_run_goes_on_from_its_tally(tmp_path):
    tally = tmp_path / "tally.json"
    for count in ("1", "2"):
        play("--seeds", count, "--from", "7", "--tally", tally)
    found = json.loads(tally.read_text("utf-8"))
    assert (found["played"], found["last"]) == (2, 8)
