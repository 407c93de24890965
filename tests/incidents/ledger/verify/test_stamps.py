"""Time stamps in a bundle: a third clock, by certificates that the verifier holds."""

import subprocess
import sys
import time

import pytest

from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.policy import parse_policy
from incidents.ledger.time_stamp import read_certificates, write_request
from incidents.ledger.verifier_file import build
from incidents.ledger.verify.__main__ import main
from incidents.ledger.verify.check import Terms
from incidents.ledger.verify.heads import Reading
from incidents.ledger.verify.report import acceptance
from incidents.ledger.verify.stamps import AUTHORITY, Held, doubts_about
from tests.incidents.ledger.simulated_log import (
    LOG_KEY,
    OTHER_STREAM,
    POLICY_TEXT,
    SimulatedLog,
)
from tests.incidents.ledger.time_authority import TimeAuthority, needs_openssl
from tests.incidents.ledger.verify.verifying import outcome_of, packed, verdict_on

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def held(authority):
    return Terms(held=Held(read_certificates(authority.pem)))


def log_until_now():
    """A log whose last head is as old as this moment: stamps are of the real time."""
    return _log(begun=int(time.time()) - 100)


def _log(*, begun):
    log = SimulatedLog(now=begun)
    log.happen(stream=OTHER_STREAM)
    for _ in range(2):
        log.happen()
    log.write_heads()
    return log


def text_of(log, size):
    return parse_checkpoint(parse_note(log.note(size, 0)).text).text


def stamped(log, authority, *sizes, of=None):
    answers = {
        size: authority.answer(write_request(text_of(log, of or size), nonce=1))
        for size in sizes
    }
    return log.bundle(stamps=answers)


def test_stamp_bounds_times_as_a_witness_does(authority, held):
    log = log_until_now()
    bundle = stamped(log, authority, log.size)
    lonely = parse_policy(f"log {LOG_KEY.public.vkey()}\nquorum none\n")
    bounds = []
    outcome = outcome_of(
        bundle, policy=lonely, terms=held, listen=lambda _, both: bounds.append(both)
    )
    [stamp] = outcome.stamps
    seen = stamp.stamp.at_ms // 1000
    assert bounds == [(None, seen + 2)] * 2
    assert not outcome.counts
    report = acceptance(outcome, lonely, now=seen)
    assert "rest on the time-stamping authority too" in report
    assert f"{log.size} entries by " in report


def test_entry_dated_back_behind_a_stamp_is_found(authority, held):
    log = log_until_now()
    size = log.size
    log.now = int(time.time()) + 100
    log.append(at=log.now - 1000)
    log.write_heads()
    bundle = stamped(log, authority, size)
    lonely = parse_policy(f"log {LOG_KEY.public.vkey()}\nquorum none\n")
    assert verdict_on(bundle, policy=lonely) == "VERIFIED"
    assert verdict_on(bundle, policy=lonely, terms=held) == "BACKDATED"


def test_stamp_of_another_head_is_rejected(authority, held):
    log = log_until_now()
    assert verdict_on(stamped(log, authority, 2, of=1), terms=held) == "TIME_STAMP"
    assert verdict_on(stamped(log, authority, 3), terms=held) == "VERIFIED"


def test_stamp_of_a_head_that_is_not_there_is_rejected(authority, held):
    log = log_until_now()
    bundle = log.bundle(stamps={99: b"x"})
    assert verdict_on(bundle, terms=held) == "TIME_STAMP"
    assert verdict_on(bundle) == "TIME_STAMP"
    assert verdict_on(log.bundle(stamps={3: b"x"}), terms=held) == "TIME_STAMP"


def test_stamp_by_nobody_that_one_trusts_is_a_finding(authority, tmp_path):
    other = Terms(held=Held(read_certificates(TimeAuthority(tmp_path).pem)))
    bundle = stamped(log_until_now(), authority, 3)
    assert verdict_on(bundle, terms=other) == "STAMP_UNTRUSTED"


def test_witnesses_whose_clocks_are_slow_disagree_with_the_authority(authority, held):
    log = _log(begun=int(time.time()) - 4000)
    assert verdict_on(stamped(log, authority, log.size), terms=held) == "VERIFIED"
    doubts = verdict_on(stamped(log, authority, 2), terms=held)
    assert doubts == "BACKDATED CLOCKS_DISAGREE"


def reading(size, name, at):
    return Reading(size, name, at, at)


@pytest.mark.parametrize(
    ("readings", "count"),
    [
        ([reading(1, "a", 0), reading(2, "b", 10)], 0),
        # A lag of a minute is no contradiction, nor is a quiet hour.
        ([reading(1, "a", 70), reading(2, "b", 10)], 0),
        ([reading(1, "a", 0), reading(1, "b", 3600), reading(2, "a", 3600)], 0),
        ([reading(1, "a", 71), reading(2, "b", 10)], 1),
        ([reading(1, "a", 900), reading(2, "b", 10), reading(3, "b", 20)], 1),
        ([reading(1, "a", 900), reading(2, "a", 10)], 1),
        ([Reading(1, AUTHORITY, 60, 80), Reading(2, "b", 10, 10)], 0),
    ],
)
def test_clocks_disagree_where_a_longer_log_was_seen_earlier(readings, count):
    assert len([*doubts_about((), readings)]) == count


def test_where_the_library_is_missing_openssl_is_named(authority, tmp_path):
    bundle, policy = tmp_path / "a bundle.zip", tmp_path / "policy"
    bundle.write_bytes(packed(stamped(log_until_now(), authority, 3)).getvalue())
    policy.write_text(POLICY_TEXT)
    build(tmp_path / "verify.pyz")
    certificates = str(authority.folder / "root.pem")
    arguments = [str(bundle), str(policy), "--tsa-certificates", certificates]
    alone = [sys.executable, "-I", "-S", tmp_path / "verify.pyz"]
    said = {
        how: subprocess.run(
            [*command, *arguments], check=True, capture_output=True, text=True
        ).stdout
        for how, command in (("alone", alone), ("with", [*alone[:2], *alone[3:]]))
    }
    assert "1 verified" in said["with"]
    assert "1 not checked here, see below" in said["alone"]
    command = said["alone"].partition("3 entries, not checked: ")[2].splitlines()[0]
    done = subprocess.run(
        command, check=True, shell=True, cwd=tmp_path, capture_output=True, text=True
    )
    assert "Verification: OK" in done.stdout + done.stderr


def test_certificates_that_cannot_be_read_are_told(tmp_path, capsys):
    for name in ("bundle", "policy"):
        (tmp_path / name).write_text(POLICY_TEXT)
    arguments = [str(tmp_path / "bundle"), str(tmp_path / "policy")]
    assert main([*arguments, "--tsa-certificates", str(tmp_path / "policy")]) == 2
    assert "certificates" in capsys.readouterr().err
