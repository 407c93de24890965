import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from incidents.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.note import write_note
from incidents.ledger.verifier_file import build, needed_files
from incidents.ledger.vkey import KeyType, parse_vkey, signing_key
from incidents.ledger.witness_pull import (
    Unanswered,
    Unusable,
    fetch_over_http,
    main,
    pull,
)
from tests.incidents.ledger.simulated_log import AGENCY, LOG_KEY, ORIGIN, Tree

TREE = Tree(leaf_hash(bytes([number])) for number in range(8))
OTHER = Tree(leaf_hash(bytes([number, 1])) for number in range(8))
LOG = "https://log.example/log"
NAME = "naisa.example/w"
NOW = 1_795_446_000
LOG_VKEY = LOG_KEY.public.vkey()


class Log:
    """A log behind an address, that keeps what is posted to it."""

    def __init__(self, folder):
        self.folder, self.tree, self.size, self.posted = folder, TREE, 3, []
        self.key = LOG_KEY

    def fetch(self, address, body):
        place = address.removeprefix(LOG)
        if body is not None:
            assert place == "/cosignatures"
            # Durable before anybody gets the line.
            remembered = json.loads((self.folder / "memory.json").read_bytes())
            assert remembered["size"] == self.size
            self.posted.append(body.decode())
            return b"naisa\n"
        if place == "/checkpoint/newest":
            origin = self.key.public.name
            head = Checkpoint(origin, self.size, self.tree.root(self.size))
            return write_note(sign_checkpoint(head, [self.key])).encode()
        old, new = (
            int(part.partition("=")[2]) for part in place.split("?")[1].split("&")
        )
        proof = self.tree.consistency(old, new)
        return "".join(f"{b64encode(one).decode()}\n" for one in proof).encode()


def new(folder, *more):
    words = ("--dir", str(folder), "--name", NAME, "--log", LOG, "--log-key", LOG_VKEY)
    return main(["new", *words, *more])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "witness"


@pytest.fixture
def log(folder):
    assert new(folder) == 0
    return Log(folder)


def cosign(log, *, now=NOW, prints=False):
    return pull(log.folder, fetch=log.fetch, now=now, prints=prints)


def test_heads_are_cosigned_as_the_log_grows_and_again_while_it_does_not(log, capsys):
    assert main(["show", "--dir", str(log.folder)]) == 0
    key = parse_vkey(capsys.readouterr().out.splitlines()[0])
    for size, time in ((3, NOW), (5, NOW + 60), (5, NOW + 120)):
        log.size = size
        assert cosign(log, now=time) == 0
        opened = open_checkpoint(
            log.posted[-1],
            origin=ORIGIN,
            log_keys=[LOG_KEY.public],
            witness_keys=[key],
        )
        assert (opened.checkpoint.size, opened.seen) == (size, {key: time})
        assert capsys.readouterr().out in log.posted[-1]


def test_line_can_be_carried_by_hand(log, capsys):
    capsys.readouterr()
    assert cosign(log, prints=True) == 0
    assert log.posted == []
    assert capsys.readouterr().out.startswith(f"{ORIGIN}\n3\n")


@pytest.mark.parametrize(
    ("size", "tree"), [(8, OTHER), (5, OTHER), (3, TREE)], ids=["fork", "other", "back"]
)
def test_log_that_contradicts_itself_gets_no_line(log, capsys, size, tree):
    log.size = 5
    cosign(log)
    before = (log.folder / "memory.json").read_bytes()
    log.size, log.tree = size, tree
    assert cosign(log, now=NOW + 60) == 1
    assert (len(log.posted), (log.folder / "memory.json").read_bytes()) == (1, before)
    [kept] = (log.folder / "evidence").iterdir()
    assert f"{ORIGIN}\n{size}\n" in kept.read_text()


@pytest.mark.parametrize(("tree", "ends"), [(TREE, 0), (OTHER, 1)])
def test_log_under_a_new_name_is_cosigned_if_it_continues_the_old(log, tree, ends):
    cosign(log)
    log.size, log.tree = 5, tree
    log.key = signing_key("log.example/2", KeyType.LOG, bytes([9]) * 32)
    vkey = log.key.public.vkey()
    assert main(["new-keys", "--dir", str(log.folder), "--log-key", vkey]) == 0
    assert cosign(log, now=NOW + 60) == ends
    assert len(log.posted) == 2 - ends
    # What the thief of the old key signs is not looked at any more.
    log.key = LOG_KEY
    with pytest.raises(Unanswered, match="is no head of it"):
        cosign(log)


def test_head_by_another_key_is_not_looked_at(log):
    key = signing_key(ORIGIN, KeyType.LOG, bytes([9]) * 32)
    head = Checkpoint(ORIGIN, 3, TREE.root(3))
    sent = write_note(sign_checkpoint(head, [key])).encode()
    with pytest.raises(Unanswered, match="is no head of it"):
        pull(log.folder, fetch=lambda address, body: sent, now=NOW, prints=False)


def test_line_is_made_anew_when_handing_it_over_failed(log):
    def fetch(address, body):
        if body is not None:
            raise Unanswered("the log is away")
        return log.fetch(address, body)

    with pytest.raises(Unanswered):
        pull(log.folder, fetch=fetch, now=NOW, prints=False)
    assert cosign(log) == 0
    assert len(log.posted) == 1


def test_witness_starts_at_the_head_that_was_handed_over(folder):
    root = b64encode(TREE.root(5)).decode()
    assert new(folder, "--start-at", "5", root) == 0
    log = Log(folder)
    log.size, log.tree = 8, OTHER
    assert cosign(log) == 1
    log.tree = TREE
    assert cosign(log) == 0


def test_witness_without_its_memory_is_lost(log):
    (log.folder / "memory.json").unlink()
    with pytest.raises(Unusable, match="make a new one"):
        cosign(log)


@pytest.mark.parametrize(
    "change",
    [
        ("--log", "ftp://log.example"),
        ("--log-key", AGENCY.public.vkey()),
        ("--log-key", "x"),
        ("--start-at", "5", "x"),
        ("--start-at", "0", b64encode(bytes(32)).decode()),
        ("--start-at", "x", "y"),
        ("--name", "with a space"),
    ],
)
def test_what_cannot_be_a_witness_is_refused(folder, capsys, change):
    assert new(folder, *change) == 2
    assert not folder.exists()
    assert capsys.readouterr().err


def test_second_witness_in_one_folder_is_refused(log, capsys):
    key = (log.folder / "key").read_bytes()
    assert new(log.folder) == 2
    assert (log.folder / "key").read_bytes() == key


def test_log_out_of_reach_is_told(folder, capsys):
    words = ["--dir", str(folder), "--name", NAME, "--log-key", LOG_VKEY]
    main(["new", *words, "--log", "http://127.0.0.1:1/log"])
    assert main(["pull", "--dir", str(folder)]) == 3
    assert "was not reached" in capsys.readouterr().err
    with pytest.raises(Unanswered):
        fetch_over_http("http://127.0.0.1:1/", None)


def test_witness_is_one_file_without_a_framework(tmp_path):
    program = "incidents.ledger.witness_pull"
    assert {path.parent.as_posix() for path in needed_files(program)} == {
        "incidents",
        "incidents/ledger",
    }
    assert Path("incidents/ledger/models.py") not in needed_files(program)
    build(tmp_path / "witness.pyz", program)
    words = [sys.executable, str(tmp_path / "witness.pyz"), "show", "--dir", "nowhere"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stderr[:7]) == (2, "nowhere")
