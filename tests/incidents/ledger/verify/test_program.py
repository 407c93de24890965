import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from zipfile import ZipFile

import cryptography
import pytest

from incidents.ledger.bundle import write_bundle
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.verifier_file import build, needed_files
from incidents.ledger.verify.__main__ import main
from tests.incidents.ledger.simulated_log import (
    POLICY,
    POLICY_TEXT,
    SimulatedLog,
    small_log,
)

LOG = small_log()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "policy").write_text(POLICY_TEXT)
    write(tmp_path / "b.zip", LOG.bundle(documents={"README.txt": b"Read\n"}))
    return tmp_path


def write(path, bundle):
    with path.open("w+b") as file:
        write_bundle(file, bundle)


def run(place, *more, bundle="b.zip"):
    return main([str(place / bundle), str(place / "policy"), *more])


def test_verified_bundle_is_told_in_words_and_in_a_table(place, capsys):
    assert run(place) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "VERIFIED",
        "",
        "The 4 entries from number 1 to 4 are in the signed log, unaltered and in their"
        " order.",
        "None is missing up to number 4, as counted 2026-11-23 15:12:00 UTC.",
        "Enough witnesses of your policy had seen the log by 2026-11-23 15:12:06 UTC.",
    ]
    table = {line[:16].strip(): line[18:] for line in lines if line[16:18] == "  "}
    assert table["Log"] == "log.example/1"
    assert table["Complete to"] == "4"
    assert table["Policy"] == POLICY.fingerprint()
    assert table["Not evidence"] == "README.txt"


def test_timeline_lists_each_entry_with_its_bounds(place, capsys):
    run(place, "--timeline")
    assert capsys.readouterr().out.splitlines()[-1] == (
        "      4  2026-11-23 15:11:40 UTC  [2026-11-23 15:11:40 UTC, 2026-11-23"
        " 15:11:46 UTC]  incident.resolved"
    )


def test_contents_are_those_that_were_verified(place, capsys):
    log = SimulatedLog()
    log.happen(fields={"text": "Two\nlines of “Ñ”", "body": {"severity": 4}})
    log.write_heads()
    write(place / "b.zip", log.bundle())
    run(place, "--contents")
    assert capsys.readouterr().out.splitlines()[-2:] == [
        '         body: {"severity": 4}',
        "         text: Two\\nlines of “Ñ”",
    ]


def test_json_is_one_object(place, capsys):
    run(place, "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["to_seq"], found["findings"]) == ("verified", 4, [])


def test_rejected_bundle_is_told_by_its_code(place, capsys):
    write(place / "b.zip", LOG.bundle(completeness=None))
    assert run(place) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "NOT VERIFIED: INCOMPLETE",
        "",
        "It is not shown that the last entries are there.",
        "there is no completeness.json",
    ]
    assert run(place, "--json") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "INCOMPLETE"


def test_doubts_about_times_end_with_three(place, capsys):
    write(place / "b.zip", LOG.bundle(earlier=()))
    assert run(place) == 3
    out = capsys.readouterr().out
    assert out.startswith("VERIFIED WITH FINDINGS\n")
    assert "TIME_WIDE: of 4 entries the time is not bounded to 10 minutes" in out


def test_text_of_a_bundle_cannot_steer_the_terminal(place, capsys):
    log = SimulatedLog()
    log.happen("clock.started", {"body": {"clock": 1, "what": "\x1b[2J\u202eWipe"}})
    log.write_heads()
    write(place / "b.zip", log.bundle())
    run(place)
    assert "\\x1b[2J\\u202eWipe: running" in capsys.readouterr().out


def test_state_remembers_the_head_and_refuses_an_older_one(place, capsys):
    state = place / "state"
    assert run(place, "--state", str(state)) == 0
    head = parse_checkpoint(parse_note(LOG.bundle().head).text)
    assert state.read_text() == head.text
    later = LOG.branch()
    later.happen()
    later.write_heads()
    write(place / "later.zip", later.bundle())
    assert run(place, "--state", str(state), bundle="later.zip") == 0
    kept = state.read_text()
    capsys.readouterr()
    assert run(place, "--state", str(state)) == 1
    assert capsys.readouterr().out.startswith("NOT VERIFIED: ROLLBACK\n")
    assert state.read_text() == kept


def test_kept_receipt_is_looked_for_in_the_bundle(place, capsys):
    kept = place / "kept.tlog-proof"
    header = b"c2sp.org/tlog-proof@v1\n"
    with ZipFile(place / "b.zip") as bundle:
        kept.write_bytes(header + bundle.read("proofs.txt").split(header)[1])
    assert run(place, "--receipt", str(kept)) == 0
    kept.write_bytes(kept.read_bytes().replace(b"index 1", b"index 0"))
    assert run(place, "--receipt", str(kept)) == 1
    assert "kept.tlog-proof is of entry 0 of the log" in capsys.readouterr().out


def test_proof_from_the_state_may_come_as_a_file(place):
    state, proof = place / "state", place / "proof"
    run(place, "--state", str(state))
    later = LOG.branch()
    later.happen()
    later.write_heads()
    write(place / "b.zip", later.bundle(earlier=()))
    assert run(place, "--state", str(state)) == 1
    hashes = later.tree.consistency(LOG.size, later.size)
    proof.write_text("".join(f"{b64encode(one).decode()}\n" for one in hashes))
    assert run(place, "--state", str(state), "--consistency", str(proof)) == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("policy", "quorum all\n", "line 1: no line above defines 'all'\n"),
        ("state", "junk", "does not hold a head of a log"),
        ("b.zip", None, "No such file or directory"),
    ],
)
def test_what_cannot_be_tried_ends_with_two(place, capsys, name, text, message):
    path = place / name
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    assert run(place, "--state", str(place / "state")) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--mmd", "-1"], ["--mmd", "x"], ["--nonsense"]])
def test_wrong_option_ends_with_two(place, more, capsys):
    with pytest.raises(SystemExit) as ended:
        run(place, *more)
    assert ended.value.code == 2


ALONE = """
import builtins, os, runpy, socket, sys
sys.path[:0] = sys.argv.pop(1).split(os.pathsep)
def refuse(*_, **__):
    raise SystemExit("it wanted the network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
opened = builtins.open
def read_only(file, mode="r", *more, **names):
    if set(mode) & set("wax+"):
        raise SystemExit(f"it wanted to write {file}")
    return opened(file, mode, *more, **names)
builtins.open = read_only
sys.modules["django"] = sys.modules["celery"] = None
runpy.run_module("incidents.ledger.verify", run_name="__main__", alter_sys=True)
"""


def link_cryptography(folder):
    """Put nothing but `cryptography` and what it stands on into a folder."""
    folder.mkdir()
    installed = Path(cryptography.__file__).parents[1]
    for pattern in ("cryptography", "cffi", "_cffi_backend*", "pycparser"):
        for path in installed.glob(pattern):
            (folder / path.name).symlink_to(path)


@pytest.mark.parametrize("has_library", [True, False])
def test_verifier_runs_alone_without_network_and_without_writing(place, has_library):
    """As one file, with nothing installed but `cryptography`, or not even that."""
    build(place / "verify.pyz")
    paths = [str(place / "verify.pyz")]
    if has_library:
        link_cryptography(place / "libraries")
        paths.append(str(place / "libraries"))
    before = sorted(path.name for path in place.iterdir())
    command = [sys.executable, "-I", "-S", "-B", "-c", ALONE, os.pathsep.join(paths)]
    files = [str(place / "b.zip"), str(place / "policy")]
    done = subprocess.run(
        [*command, *files], capture_output=True, text=True, cwd=place, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("VERIFIED\n")
    assert sorted(path.name for path in place.iterdir()) == before


def test_one_file_is_the_same_each_time_and_holds_no_framework(tmp_path):
    first, second = (build(tmp_path / name) for name in ("a.pyz", "b.pyz"))
    assert first == second
    folders = {path.parent.as_posix() for path in needed_files()}
    assert folders == {
        "incidents",
        "incidents/ledger",
        "incidents/ledger/report",
        "incidents/ledger/verify",
    }
    assert Path("incidents/ledger/models.py") not in needed_files()
