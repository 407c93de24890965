"""Runs the very lines that docs/howto/check-the-record.md gives an auditor."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from incidents.ledger.bundle_parts import read_line, write_line
from tests.incidents.ledger.simulated_log import POLICY_TEXT, small_log
from tests.incidents.ledger.verify.verifying import files_of, packed, repacked

PAGE = Path(settings.BASE_DIR) / "docs" / "howto" / "check-the-record.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
[PROGRAM] = [text for language, text in BLOCKS if language == "text"]
RUN, OPENSSL = [text for language, text in BLOCKS if language == "sh"]


class Desk:
    """An auditor's folder."""

    def __init__(self, folder, bundle):
        self.folder = folder
        (folder / "check.py").write_text(PROGRAM, "utf-8")
        (folder / "policy.txt").write_text(POLICY_TEXT, "utf-8")
        (folder / "bundle.zip").write_bytes(bundle.getvalue())

    def run(self, lines):
        lines = lines.replace("python3", sys.executable)
        return subprocess.run(
            ["sh", "-c", lines],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def bundle():
    return packed(small_log().bundle())


def test_program_has_forty_lines():
    assert len(PROGRAM.splitlines()) == 40


def test_honest_bundle_is_checked_to_the_end(tmp_path, bundle):
    desk = Desk(tmp_path, bundle)
    done = desk.run(RUN)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert [line.partition(" at ")[0] for line in said[:3]] == [
        "1: log log.example/1",
        "2: witness agency.example/w",
        "3: witness lab.example/w",
    ]
    assert "{'text': 'Keys are rotated'} without []" in said[-3]
    assert said[-1] == (
        "All 4 entries are in the log log.example/1 of 7 entries;"
        " none is missing by entry 6 of it."
    )


def test_openssl_verifies_each_signature_line(tmp_path, bundle):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    desk = Desk(tmp_path, bundle)
    desk.run(RUN)
    done = desk.run(OPENSSL)
    assert done.stdout.splitlines() == ["Signature Verified Successfully"] * 3
    (tmp_path / "2.msg").write_bytes((tmp_path / "2.msg").read_bytes() + b"x")
    assert desk.run(OPENSSL).returncode == 1


def changed_value(lines):
    entry = read_line(lines[0])
    other = read_line(lines[1])
    mixed = {**entry.disclosed, "title": other.disclosed["text"]}
    line = write_line(replace(entry, disclosed=mixed))
    return [line.removesuffix(b"\n"), *lines[1:]]


@pytest.mark.parametrize(
    ("part", "edit", "says"),
    [
        ("entries.jsonl", lambda lines: lines[1:], "entry 2 is out of its chain"),
        (
            "entries.jsonl",
            lambda lines: [lines[1], lines[0], *lines[2:]],
            "entry 2 is out",
        ),
        ("entries.jsonl", changed_value, "a value of 1 is another"),
        (
            "checkpoint.txt",
            lambda lines: [lines[0], b"6", *lines[2:]],
            "AssertionError",
        ),
    ],
)
def test_what_was_changed_stops_the_program(tmp_path, bundle, part, edit, says):
    files = files_of(bundle)
    files[part] = b"\n".join(edit(files[part].split(b"\n")))
    done = Desk(tmp_path, repacked(files)).run(RUN)
    assert done.returncode == 1
    assert says in done.stderr


def test_entries_missing_at_the_end_are_noticed(tmp_path):
    log = small_log()
    *most, _ = log.lines()
    done = Desk(tmp_path, packed(log.bundle(lines=most))).run(RUN)
    assert done.returncode == 1
    assert "entries are missing at the end" in done.stderr
