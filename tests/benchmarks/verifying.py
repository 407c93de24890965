"""What an evidence bundle costs: its size, and time and memory to verify it offline.

The verifier runs as whoever got a bundle runs it: a process of its own.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from incidents.ledger.bundle import ProvedLine, write_bundle
from incidents.ledger.report.made import Telling
from incidents.ledger.report.page import REPORT
from tests.benchmarks.figures import Row, verdict
from tests.benchmarks.running import CHECKOUT, Failed
from tests.incidents.ledger.simulated_log import POLICY, POLICY_TEXT, SimulatedLog

FEW, MANY = 10_000, 100_000
MOST_BYTES = 1300
LEAST_A_SECOND = 2500
MOST_SECONDS = 60
MOST_MIB = 300
SEALED_AT_ONCE = 10
EARLIER_HEADS = 1000
WORDS = [
    "agency",
    "cluster",
    "confirmed",
    "contained",
    "deadline",
    "denied",
    "evaluation",
    "incident",
    "key",
    "lab",
    "model",
    "network",
    "of",
    "report",
    "rotated",
    "severity",
    "the",
    "trust",
    "weights",
    "witness",
]
WORDS_EACH = 45  # some three hundred bytes of text
_NODE = bytes(65)
# What the system counts of a child begins with its parent's size; this does not.
_PROGRAM = """
import re, sys
from pathlib import Path
from incidents.ledger.verify.__main__ import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
sys.stderr.write(peak[1])
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class _Figures:
    count: int
    size_bytes: int
    written_seconds: float
    verified_seconds: float
    memory_mib: float


def rows() -> Iterator[Row]:
    """Measure a bundle of ten thousand entries and one of a hundred thousand."""
    few, many = _measure(FEW), _measure(MANY)
    yield from _size_rows(few, many)
    yield from _rate_rows(few, many)


def _size_rows(*measured: _Figures) -> Iterator[Row]:
    for one in measured:
        each = one.size_bytes / one.count
        yield Row(
            what=f"bundle of {one.count:,} entries, each",
            reach=f"≤ {MOST_BYTES:,} bytes",
            measured=f"{each:,.0f} bytes: {verdict(each <= MOST_BYTES)}",
            limit="—",
            ratio="—",
            how=f"{WORDS_EACH} words, who said them, {EARLIER_HEADS:,} heads, {REPORT}",
        )


def _rate_rows(few: _Figures, many: _Figures) -> Iterator[Row]:
    bare = _hashes_alone(FEW)
    rate = FEW / few.verified_seconds
    yield Row(
        what=f"verifying {FEW:,} entries offline",
        reach=f"≥ {LEAST_A_SECOND:,} a second",
        measured=f"{rate:,.0f} a second: {verdict(rate >= LEAST_A_SECOND)}",
        limit=f"its SHA-256 alone {bare:.2f} s",
        ratio=f"{few.verified_seconds / bare:.0f} times",
        how="one process, its start included",
    )
    is_met = many.verified_seconds <= MOST_SECONDS and many.memory_mib <= MOST_MIB
    yield Row(
        what=f"verifying {MANY:,} entries offline",
        reach=f"≤ {MOST_SECONDS} s, ≤ {MOST_MIB} MiB",
        measured=f"{many.verified_seconds:.1f} s, {many.memory_mib:.0f} MiB:"
        f" {verdict(is_met)}",
        limit=f"its SHA-256 alone {_hashes_alone(MANY):.2f} s",
        ratio="—",
        how=f"one process; written in {many.written_seconds:.0f} s",
    )


def _hashes_alone(count: int) -> float:
    """Return the seconds that the hashes of as many entries take: proof, leaf, fields."""
    hashes = count * (count.bit_length() + 3)
    return timeit.timeit(lambda: hashlib.sha256(_NODE).digest(), number=hashes)


def _measure(count: int) -> _Figures:
    with tempfile.TemporaryDirectory() as folder:
        bundle, policy = Path(folder, "bundle.zip"), Path(folder, "policy")
        policy.write_text(POLICY_TEXT)
        log = filled(count)
        started = time.perf_counter()
        write(log, bundle)
        written = time.perf_counter() - started
        seconds, memory = _verify(bundle, policy)
        return _Figures(count, bundle.stat().st_size, written, seconds, memory)


def filled(count: int) -> SimulatedLog:
    """Return a log of as many entries."""
    made = random.Random(1)
    log = SimulatedLog()
    for number in range(count):
        text = " ".join(made.choices(WORDS, k=WORDS_EACH))
        actor = {"by": f"Person {number % 7}", "via": "page"}
        log.append(fields={"text": text, "actor": actor})
        log.now += 1
        if number % SEALED_AT_ONCE == 0:
            log.cosign()
    log.cosign()
    log.write_heads()
    return log


class _Entries:
    """The entries of a log with their proofs, made and told while they are written."""

    def __init__(self, log: SimulatedLog, told: Telling) -> None:
        self._log = log
        self._told = told

    def __iter__(self) -> Iterator[ProvedLine]:
        size, _ = self._log.cosigned[-1]
        proved = self._log.proved(self._log.lines(), size)
        for seq, one in enumerate(proved, start=1):
            self._told.see(one.line, seq)
            yield one

    def telling(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        yield REPORT, self._told.page(copy=(), counted=(0, 0), files=())


def write(log: SimulatedLog, path: Path) -> None:
    """Write the bundle of a log, with the page for people in it."""
    every = max(1, len(log.cosigned) // EARLIER_HEADS)
    log.cosigned = [*log.cosigned[:-1:every], log.cosigned[-1]]
    bare = log.bundle(lines=())
    told = Telling(bare.head, POLICY)
    told.see_head(*(note for one in bare.earlier for note in (one.first, one.last)))
    entries = _Entries(log, told)
    bundle = replace(bare, entries=entries, telling=entries.telling())
    with path.open("w+b") as file:
        write_bundle(file, bundle)


def _verify(bundle: Path, policy: Path) -> tuple[float, float]:
    """Return the seconds and the mebibytes that a process of its own took."""
    command = [sys.executable, "-c", _PROGRAM, str(bundle), str(policy)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    # Three: no witness bounds the first entries of a log from below.
    if done.returncode != 3:
        raise Failed(f"the bundle was not verified: {done.stdout[-500:]!r}")
    return seconds, int(done.stderr) / 1024
