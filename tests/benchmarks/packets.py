"""What the files of one filing cost: a PDF alone, the whole packet, and memory."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

import typst

from escalation.filings.documents.document import FilingDocument, Instant, Section
from escalation.filings.documents.packet import as_packet
from escalation.filings.documents.pdf import render_pdf
from tests.benchmarks.figures import Row, verdict
from tests.benchmarks.running import CHECKOUT
from tests.escalation.filings.documents.making import NOW, document

REACH_SECONDS = 2.0
ROUNDS = 9
# The typesetter remembers the last few filings: its memory levels off after these.
SETTLING, RENDERS = 50, 200
MIB = 1024 * 1024
SENTENCE = "The model reached a network that was never approved for it. "
# What the pages of a filing allow at most.
MOST_SECTIONS, MOST_CHARACTERS = 60, 20_000
_COLD = """
import sys, time
start = time.perf_counter()
from tests.benchmarks.packets import full_filing
from escalation.filings.documents.pdf import render_pdf
render_pdf(full_filing())
print(time.perf_counter() - start)
"""
_GROWTH = """
from tests.benchmarks.packets import RENDERS, SETTLING, full_filing, resident_bytes
from escalation.filings.documents.pdf import render_pdf
for version in range(SETTLING):
    render_pdf(full_filing(version=version))
first = resident_bytes()
for version in range(SETTLING, SETTLING + RENDERS):
    render_pdf(full_filing(version=version))
print(first, resident_bytes())
"""


def rows() -> Iterator[Row]:
    """Measure one full filing: nine fields of 2,000 characters, twelve instants."""
    bare = _seconds(_bare_pdf)
    cold = median(float(_in_a_process(_COLD)) for _ in range(3))
    yield _row("PDF of a full filing, cold", cold, bare, "median of 3 new processes")
    warm = _seconds(render_pdf)
    yield _row("PDF of a full filing, warm", warm, bare, f"median of {ROUNDS}")
    packet = _seconds(as_packet)
    yield _row("packet of a full filing", packet, bare, f"median of {ROUNDS}")
    yield _largest()
    yield _memory()


def full_filing(
    *, sections: int = 9, characters: int = 2_000, version: int = 1
) -> FilingDocument:
    """Return a filing of this size."""
    text = (SENTENCE * (characters // len(SENTENCE) + 1))[:characters]
    hours = [NOW - timedelta(hours=number) for number in range(12)]
    return document(
        version=version,
        sections=tuple(
            Section(f"Required field {number}", f"{number}.{version}. {text}")
            for number in range(sections)
        ),
        anchors=tuple(
            Instant("aware", at, at.isoformat(), "Log of the incident lead")
            for at in hours
        ),
    )


def resident_bytes() -> int:
    """Return the memory that this process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def _row(what: str, seconds: float, bare: float, how: str) -> Row:
    return Row(
        what=what,
        reach="≤ 2 s",
        measured=f"{seconds:.2f} s, {verdict(seconds <= REACH_SECONDS)}",
        limit=f"the same text set plainly {bare:.2f} s",
        ratio=f"{seconds / bare:.1f} times",
        how=how,
    )


def _largest() -> Row:
    size = {"sections": MOST_SECTIONS, "characters": MOST_CHARACTERS}
    bare = _seconds(_bare_pdf, rounds=1, **size)
    seconds = _seconds(render_pdf, rounds=1, **size)
    return Row(
        what="PDF of the largest filing",
        reach="-",
        measured=f"{seconds:.1f} s",
        limit=f"the same text set plainly {bare:.1f} s",
        ratio=f"{seconds / bare:.1f} times",
        how=f"{MOST_SECTIONS} fields of {MOST_CHARACTERS:,} characters, once",
    )


def _memory() -> Row:
    first, last = (int(size) for size in _in_a_process(_GROWTH).split())
    return Row(
        what="memory after many PDFs",
        reach="≤ 1.1 times",
        measured=f"{last / MIB:.0f} MiB, {verdict(last <= 1.1 * first)}",
        limit=f"after the first {SETTLING}: {first / MIB:.0f} MiB",
        ratio=f"{last / first:.1f} times",
        how=f"resident size of one process after {RENDERS} filings that differ",
    )


def _bare_pdf(filing: FilingDocument) -> bytes:
    """Set the same answers without table, tags, heads or standards."""
    source = b"#for text in json(bytes(sys.inputs.texts)) { text; parbreak() }"
    texts = json.dumps([section.answer for section in filing.sections])
    return typst.compile(source, format="pdf", sys_inputs={"texts": texts})


def _in_a_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


def _seconds(
    make: Callable[[FilingDocument], bytes], *, rounds: int = ROUNDS, **size: int
) -> float:
    """Time one filing after another: the typesetter remembers what it has set."""
    times = []
    for version in range(rounds):
        filing = full_filing(version=version, **size)
        start = time.perf_counter()
        make(filing)
        times.append(time.perf_counter() - start)
    return median(times)
