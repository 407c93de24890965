"""Writes report.html: a record as people read it, in one file that is no evidence.

No script, nothing loaded, no clock read: the same values give the same bytes. Who makes a
bundle writes one into it, of what it put there; the verifier writes one of what it
verified. Each says at its head which of the two it is, and what is evidence instead.
"""

import hashlib
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from incidents.ledger.report.markup import (
    facts,
    paragraph,
    section,
    table,
    table_of,
    text,
)
from incidents.ledger.report.rows import TITLES
from incidents.ledger.report.story import MAX_LISTED, Story
from incidents.ledger.report.style import STYLE
from incidents.ledger.verify.deadlines import Clock
from incidents.ledger.verify.instants import written

REPORT: Final = "report.html"

_EVIDENCE: Final = (
    "Evidence is what stands in the bundle: checkpoint.txt, checkpoints.jsonl,"
    " entries.jsonl, erasures.jsonl, continues.jsonl, proofs.txt, completeness.json and"
    " attachments/,"
    " checked by a policy that you got from a person and not with the bundle."
)
_CHECK: Final = "python tocsin-verify.pyz BUNDLE.zip POLICY --report verified.html"
_OF_THE_MAKER: Final = (
    "It was written, for reading, by whoever made the bundle. Nothing proves that it says"
    " the same as the record."
)
_BY_THE_VERIFIER: Final = (
    "It was written by the verifier, from entries that it verified, on the computer of"
    " whoever ran it. To anybody else it is a piece of writing like any other: who wants to"
    " rely on it verifies the bundle again and compares."
)
_ASK: Final = (
    "This command writes the page anew, from what it verified, without a network:"
)
_LABELS: Final = {
    "ref": "Reference",
    "title": "Title",
    "state": "State",
    "category": "Category",
    "severity": "Severity, 0 to 5",
    "tlp": "TLP",
    "occurred_at": "Occurred",
    "detected_at": "Detected",
    "aware_at": "Aware since",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page says beside what the entries tell.

    `verdict` is the verifier's, empty on the page of who made the bundle. `copy` says
    for whom it was made, `proof` what proves it; `unread` counts entries that may be of
    deadlines and are withheld; `files` are the SHA-256 of the files that are there;
    `signed` says by entries' numbers who signed an acknowledgement.
    """

    verdict: str
    copy: Sequence[tuple[str, str]]
    proof: Sequence[tuple[str, str]]
    findings: Sequence[str]
    clocks: Sequence[Clock]
    unread: int
    files: Collection[str]
    signed: Mapping[int, str] = field(default_factory=dict)


def write_page(frame: Frame, story: Story) -> Iterator[bytes]:
    """Yield the page, piece by piece."""
    title = story.head["title"].value if "title" in story.head else "A record"
    yield _top(title).encode()
    yield _warning(frame).encode()
    yield f"<h1>{text(title)}</h1>\n".encode()
    for part in _parts(frame, story):
        yield part.encode()
    yield b"</main>\n</body>\n</html>\n"


def _top(title: str) -> str:
    digest = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}';"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>Not evidence: {text(title[:120])}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )


def _warning(frame: Frame) -> str:
    by = _BY_THE_VERIFIER if frame.verdict else _OF_THE_MAKER
    return (
        '<aside><p class="loud">This page is not evidence.</p>'
        f"{paragraph(by)}{paragraph(_EVIDENCE)}{paragraph(_ASK)}"
        f"<pre>{text(_CHECK)}</pre></aside>\n"
    )


def _parts(frame: Frame, story: Story) -> Iterator[str]:
    yield _verdict(frame)
    yield section("Incident", *_incident(story))
    yield section("This copy", facts(frame.copy))
    yield section("What proves it", facts(frame.proof))
    yield section("Deadlines", *_deadlines(frame))
    yield section("Acknowledgements", *_acknowledgements(frame, story))
    yield section("Notifications", *_notices(story))
    yield section("Withheld", *_withheld(story))
    yield section("Files", *_files(frame, story))
    yield section("Timeline", *_timeline(story))


def _verdict(frame: Frame) -> str:
    if not frame.verdict and not frame.findings:
        return ""
    title = f"Verifier: {frame.verdict}" if frame.verdict else "To be looked at"
    lines = "".join(f"<li>{text(one)}</li>" for one in frame.findings)
    return section(title, f"<ul>{lines}</ul>" if lines else paragraph("No findings."))


def _incident(story: Story) -> Iterator[str]:
    rows = [
        (label, f"{told.value} (entry {told.seq})")
        for name, label in _LABELS.items()
        if (told := story.head.get(name)) is not None
    ]
    if rows:
        yield facts(rows)
    else:
        yield paragraph("No entry of this copy says what the incident is.")


def _deadlines(frame: Frame) -> Iterator[str]:
    if frame.unread:
        words = f"Withheld entries that may be of deadlines: {frame.unread}."
        yield paragraph(words, kind="soft")
    if not frame.clocks:
        yield paragraph("No deadline stands in this copy.")
        return
    yield paragraph(
        "As the entries and the times of witnesses give them. Due instants are taken as"
        " recorded: whether a law or a calendar was applied rightly is not checked here."
    )
    titles = ("Entry", "Deadline", "Due", "State")
    yield table(titles, (_clock(one) for one in frame.clocks[:MAX_LISTED]))
    if len(frame.clocks) > MAX_LISTED:
        yield _more(MAX_LISTED, len(frame.clocks))


def _clock(clock: Clock) -> tuple[str, ...]:
    due = "without a date" if clock.due is None else written(clock.due)
    return f"{clock.seq}", clock.name, due, clock.outcome


def _acknowledgements(frame: Frame, story: Story) -> Iterator[str]:
    titles = ("Entry", "Of", "By", "How", "Says", "Proved between", "Signature")
    rows = [
        (*row, frame.signed.get(int(row[0]), "none")) for row in story.acknowledgements
    ]
    yield from _listed(story, "acknowledgements", titles, rows)


def _notices(story: Story) -> Iterator[str]:
    titles = ("From entry", "Channel", "To", "Why", "What became of it")
    rows = [
        (f"{one.seq}", one.channel, one.recipient, one.purpose, "\n".join(one.states))
        for one in story.notices.values()
    ]
    yield paragraph("“Sent” means: taken by the provider, not read by a person.")
    yield from _listed(story, "notices", titles, rows)


def _withheld(story: Story) -> Iterator[str]:
    titles = ("Entry", "Field", "Ground")
    yield from _listed(story, "withheld", titles, story.withheld)


def _files(frame: Frame, story: Story) -> Iterator[str]:
    titles = ("Entry", "Name", "Bytes", "SHA-256", "Here")
    rows = [
        (f"{one.seq}", one.name, one.size, one.sha256, _is_here(one.sha256, frame))
        for one in story.files.values()
    ]
    yield from _listed(story, "files", titles, rows)


def _is_here(sha256: str, frame: Frame) -> str:
    return "in attachments/" if sha256 in frame.files else "left out"


def _listed(
    story: Story, name: str, titles: Sequence[str], rows: Sequence[Iterable[str]]
) -> Iterator[str]:
    if not rows:
        yield paragraph("None in this copy.")
        return
    yield table(titles, rows)
    if name in story.cut:
        yield paragraph(f"The first {len(rows)}; the timeline has more.", kind="soft")


def _timeline(story: Story) -> Iterator[str]:
    yield paragraph(
        "“Says” is the operator's clock, a claim. “Proved between” is what witnesses'"
        " clocks give: not there at the first instant, there at the second."
    )
    yield table_of(TITLES, "\n".join(story.timeline), kind="timeline")
    if len(story.timeline) < story.count:
        yield _more(len(story.timeline), story.count)


def _more(shown: int, count: int) -> str:
    words = (
        f"The first {shown} of {count}. The verifier lists all: --timeline --contents."
    )
    return paragraph(words, kind="soft")
