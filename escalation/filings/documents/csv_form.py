"""Write a filing as CSV for those who copy it into a portal's form, row by row.

RFC 4180: quoted, CRLF, doubled quotes. A cell that a spreadsheet would run as a formula
is given an apostrophe, so the exact text is in the JSON.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from escalation.filings.documents.document import FilingDocument
from escalation.filings.documents.words import rfc3339

HEADINGS: Final = ("part", "field", "state", "value", "note")
# Source: OWASP, CSV Injection: these begin a formula, the last four in full width.
_MARK: Final = "'"
_FORMULA: Final = (
    *("=", "+", "-", "@", "\t", "\r", "\n"),
    *("\uff1d", "\uff0b", "\uff0d", "\uff20"),
)
# Where another mark than the comma parts cells, or quotes are not heeded, these begin one.
_NEXT_CELL: Final = re.compile(
    "([;|\t\r\n] *)(?=[=@\uff1d\uff20]|[+\\-\uff0b\uff0d][^ \\-])"
)

Cells = tuple[str, str, str, str, str]


def as_csv(document: FilingDocument) -> bytes:
    """Return the filing as CSV in UTF-8, without a byte order mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows([_guarded(cell) for cell in row] for row in _rows(document))
    return out.getvalue().encode()


def _rows(document: FilingDocument) -> Iterator[Cells]:
    for name, value in _heads(document):
        if value:
            yield "filing", name, "", value, ""
    for section in document.sections:
        yield (
            "answer",
            section.field,
            section.state.value,
            section.answer,
            section.reason,
        )
    for row in document.anchors:
        note = "; ".join(part for part in (row.written, row.source) if part)
        yield "time", row.name, row.precision, rfc3339(row.at), note
    for flag in document.due.flags:
        yield "note", "due", "", flag, ""
    for text in document.law.uncertain:
        yield "note", "law", "", text, ""


def _heads(document: FilingDocument) -> Iterator[tuple[str, str]]:
    law, due = document.law, document.due
    yield "reference", document.reference
    yield "version", str(document.version)
    yield "state", document.state
    yield "amends", document.amends
    yield "from", document.organisation
    yield "to", document.recipient
    yield "tlp", f"TLP:{document.tlp.removeprefix('TLP:')}"
    yield "confidentiality", document.confidentiality
    yield "law", law.name
    yield "act", law.act
    yield "article", law.article
    yield "stage", document.stage_name
    yield "citation", law.citation
    yield "source", law.source_url
    yield "law verified on", law.verified_on.isoformat()
    yield "law verified against", law.basis
    yield "due", rfc3339(due.operational) if due.operational else ""
    yield (
        "latest by the law's own rule",
        rfc3339(due.statutory_latest) if due.statutory_latest else "",
    )
    yield "rule", due.rule
    yield "submitted", rfc3339(document.submitted_at) if document.submitted_at else ""
    yield "receipt number", document.receipt_number
    yield "portal's reference", document.portal_reference
    yield "incident", document.incident.ref


def _guarded(cell: str) -> str:
    begin = len(cell) - len(cell.lstrip(" \t\r\n"))
    rest = _NEXT_CELL.sub(r"\1'", cell[begin:])
    is_formula = cell.lstrip(" ").startswith(_FORMULA)
    return f"{_MARK if is_formula else ''}{cell[:begin]}{rest}"
