"""Lay a filing out as the template prints it: every string ready, nothing to decide.

Text of people goes to the typesetter as data, line by line, never as its markup. Long
words are given places to break; the direction of each line is that of its first letter.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from escalation.duties.anchor_words import words_of
from escalation.filings.documents.document import (
    NOT_ADVICE,
    FilingDocument,
    Section,
)
from escalation.filings.documents.glyphs import is_right_to_left, show
from escalation.filings.documents.words import (
    BASIS_WORDS,
    STATE_WORDS,
    category_words,
    facet_words,
    severity_words,
    state_words,
    utc_text,
    zoned_text,
)
from incidents.incident.tlp import parse_tlp

NO_DATE: Final = "No date: see the notes."
# A header is one line on every page; the whole text stands on the first.
MAX_HEADER: Final = 110
# A character shown by its number is kept whole.
_NUMBER: Final = r"\[U\+[0-9A-F]{4,6}\]"
# The pieces fit into the columns also where all letters are wide.
_WIDE: Final = 24
_NARROW: Final = 10
_PRECISION: Final = {"day": "only the day is known", "minute": "to the minute"}

Line = dict[str, Any]


@dataclass
class _Paper:
    """Collects which characters had to be shown by number."""

    missing: frozenset[str] = frozenset()
    replaced: set[str] = field(default_factory=set)

    def line(self, text: str) -> str:
        """Return one line of text as it can be printed."""
        shown = show(text, missing=self.missing)
        self.replaced |= shown.replaced
        return " ".join(shown.text.split("\n"))

    def lines(self, text: str, *, piece: int = _WIDE) -> list[Line]:
        """Return text as lines, each with its direction and its places to break."""
        shown = show(text, missing=self.missing)
        self.replaced |= shown.replaced
        if not shown.text.strip():
            return []
        return [
            {"rtl": is_right_to_left(line), "parts": _parts(line, piece)}
            for line in shown.text.strip("\n").split("\n")
        ]

    def terms(self, pairs: Iterable[tuple[str, str]]) -> list[Line]:
        """Return pairs of a term and what it is, without those that say nothing."""
        return [
            {"term": self.line(term), "lines": self.lines(text)}
            for term, text in pairs
            if text
        ]


def layout(
    document: FilingDocument, *, missing: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return what the template prints.

    `missing` are characters that the fonts turned out not to have after all.
    """
    paper = _Paper(missing)
    tlp = parse_tlp(document.tlp)
    found: dict[str, Any] = {
        "language": document.language,
        "name": paper.line(f"{document.stage_name}: {document.reference}"),
        "title": paper.lines(document.stage_name),
        "subtitle": paper.lines(document.law.name),
        "author": paper.line(document.organisation),
        "running": paper.line(f"{document.reference}, version {document.version}"),
        "tlp": tlp.label,
        "tlp_meaning": tlp.meaning,
        "confidentiality": paper.lines(document.confidentiality_line),
        "header": paper.line(_shortened(document.confidentiality_line)),
        "advice": NOT_ADVICE,
        "about": paper.terms(_about(document)),
        "sections": [_section(section, paper) for section in document.sections],
        "anchors": [_anchor(document, row, paper) for row in document.anchors],
        "due": paper.terms(_due(document)),
        "incident": paper.terms(_incident(document)),
        "uncertain": [paper.lines(text) for text in document.law.uncertain],
    }
    # Last, so that it knows of all the characters above.
    found["glyphs"] = _about_glyphs(paper.replaced)
    return found


def _about(document: FilingDocument) -> Iterator[tuple[str, str]]:
    law = document.law
    yield "Reference", document.reference
    yield "Version", str(document.version)
    yield "Corrects", document.amends
    yield "State", f"{state_words(document)}, as of {utc_text(document.made_at)}"
    yield "From", document.organisation
    yield "To", document.recipient
    yield "Submitted", utc_text(document.submitted_at) if document.submitted_at else ""
    yield "Receipt number", document.receipt_number
    yield "Portal's reference", document.portal_reference
    yield "Act", law.act
    yield "Article", law.article
    yield "Duty", law.citation
    yield "Source", law.source_url
    verified = f"{law.verified_on.isoformat()}, against "
    yield "Law verified on", verified + BASIS_WORDS.get(law.basis, law.basis)


def _section(section: Section, paper: _Paper) -> dict[str, Any]:
    return {
        "field": paper.lines(section.field, piece=_NARROW),
        "state": section.state.value,
        "words": STATE_WORDS[section.state],
        "lines": paper.lines(section.said),
    }


def _anchor(document: FilingDocument, row: Any, paper: _Paper) -> dict[str, Any]:
    precision = _PRECISION.get(row.precision, "")
    written = f"{row.written} ({precision})" if precision else row.written
    return {
        "name": paper.lines(words_of(row.name), piece=_NARROW),
        "at": utc_text(row.at),
        "written": paper.lines(written, piece=_NARROW),
        "source": paper.lines(row.source, piece=_NARROW),
    }


def _due(document: FilingDocument) -> Iterator[tuple[str, str]]:
    due, zone = document.due, document.law.zone
    yield "Due", zoned_text(due.operational, zone) if due.operational else NO_DATE
    if due.statutory_latest:
        yield "Latest by the law's own rule", zoned_text(due.statutory_latest, zone)
    yield "Rule", due.rule
    yield "Citation", document.law.citation
    yield "Notes", "\n".join(due.flags)


def _incident(document: FilingDocument) -> Iterator[tuple[str, str]]:
    incident = document.incident
    yield "Incident", incident.ref
    yield "Title", incident.title
    yield "Kind", category_words(incident.category)
    if incident.severity is not None:
        yield "Severity", f"{severity_words(incident.severity)} (sets no date)"
    yield from facet_words(incident)
    for name, at in (
        ("Occurred", incident.occurred_at),
        ("Detected", incident.detected_at),
        ("Aware", incident.aware_at),
        ("Opened here", incident.opened_at),
        ("Resolved", incident.resolved_at),
    ):
        yield name, utc_text(at) if at else ""


def _about_glyphs(replaced: set[str]) -> str:
    if not replaced:
        return ""
    count = len(replaced)
    noun = "character is" if count == 1 else "characters are"
    return (
        f"{count} {noun} not in the fonts of this file, or cannot be seen in print, and "
        "stand here as Unicode numbers, such as "
        f"[U+{min(map(ord, replaced)):04X}]. The exact text is in the attached file "
        "filing.json."
    )


def _parts(line: str, piece: int) -> list[str]:
    """Return a line in pieces between which it may break although nothing shows it."""
    long_word = re.compile(rf"\S{{{2 * piece},}}")
    one_piece = re.compile(rf"(?:{_NUMBER}|\S){{1,{piece}}}")
    parts, at = [], 0
    for word in long_word.finditer(line):
        pieces = one_piece.findall(word.group())
        head = line[at : word.start()]
        parts += [head + pieces[0], *pieces[1:]]
        at = word.end()
    return [*parts, line[at:]] if at < len(line) or not parts else parts


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_HEADER else f"{line[: MAX_HEADER - 1].rstrip()}…"
