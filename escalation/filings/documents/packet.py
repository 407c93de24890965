"""Put the files of a filing together for somebody who files it by hand.

The same document gives the same archive, byte for byte. `SHA256SUMS` is read by
`sha256sum -c`; the sums also stand in the README, to be compared with what a portal shows.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Final

from escalation.filings.documents.csv_form import as_csv
from escalation.filings.documents.document import (
    NOT_ADVICE,
    FilingDocument,
    Section,
    SectionState,
    sections_in,
)
from escalation.filings.documents.json_form import as_json
from escalation.filings.documents.pdf import render_pdf
from escalation.filings.documents.words import state_words, utc_text, zoned_text
from incidents.incident.tlp import parse_tlp

README: Final = "README.txt"
SUMS: Final = "SHA256SUMS"
_RULE: Final = "-" * 72
_NOT_YET: Final = "Not yet known"
_NOT_TO_FILE: Final = frozenset({"draft", "in_review", "withdrawn"})


def as_packet(document: FilingDocument) -> bytes:
    """Return a ZIP of PDF, JSON, CSV, instructions and checksums."""
    stem = document.file_stem
    files = {
        f"{stem}.pdf": render_pdf(document),
        f"{stem}.json": as_json(document),
        f"{stem}.csv": as_csv(document),
    }
    files[README] = _readme(document, files).encode()
    files[SUMS] = "".join(f"{sum_}  {name}\n" for name, sum_ in _sums(files)).encode()
    return _zipped(document, files)


def _zipped(document: FilingDocument, files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    moment = document.made_at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, data)
    return out.getvalue()


def _sums(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    return [(name, hashlib.sha256(data).hexdigest()) for name, data in files.items()]


def _readme(document: FilingDocument, files: Mapping[str, bytes]) -> str:
    return "\n".join(
        [
            *_heading(document),
            *_steps(document),
            *_fields(document),
            *_attachments(files),
            NOT_ADVICE,
            "",
        ]
    )


def _heading(document: FilingDocument) -> Iterator[str]:
    yield f"{parse_tlp(document.tlp).label}"
    yield f"Confidentiality: {document.confidentiality_line}"
    yield ""
    yield document.stage_name
    yield f"{document.law.name}, {document.law.citation}"
    yield f"{document.reference}, version {document.version}"
    yield f"From {document.organisation} to {document.recipient}"
    if document.state in _NOT_TO_FILE:
        yield ""
        yield f"DO NOT FILE THIS: version {document.version} is not approved."
        yield f"State: {state_words(document)}."
    yield ""
    due, zone = document.due, document.law.zone
    if due.operational:
        yield f"Due: {zoned_text(due.operational, zone)}"
    else:
        yield "Due: no date. " + "; ".join(due.flags)
    if due.statutory_latest:
        yield f"Latest by the law's own rule: {zoned_text(due.statutory_latest, zone)}"
    yield f"State of this packet: {utc_text(document.made_at)}"
    yield ""


def _steps(document: FilingDocument) -> Iterator[str]:
    yield "HOW TO FILE IT"
    yield _RULE
    yield f"1. Open the portal or form of {document.recipient}."
    yield "2. Copy each answer below into the field of that name. A field that the form"
    yield "   has and this list has not is not required by the law as we read it."
    yield "3. Where an answer says that something is not yet known, write that into the"
    yield "   form. Do not leave the field empty."
    yield f"4. Attach the PDF. Name {document.reference} as your own reference."
    yield "5. Before you send: compare the TLP label and the basis of confidentiality."
    yield "6. Keep what the portal gives back: its reference, the time, and the receipt as"
    yield "   a file or a picture of the screen."
    yield f"7. Enter them at filing {document.reference} in Tocsin, and attach the receipt."
    yield "   The clock stops only then, at the time that the portal names."
    yield ""


def _fields(document: FilingDocument) -> Iterator[str]:
    yield "WHAT TO TYPE WHERE"
    yield _RULE
    for number, section in enumerate(document.sections, 1):
        yield f"[{number}] {section.field}"
        yield ""
        yield _typed(section)
        yield ""
    missing = sections_in(document, SectionState.MISSING)
    if missing:
        yield "STILL MISSING: answer these before you file."
        yield from (f"  - {section.field}" for section in missing)
        yield ""


def _typed(section: Section) -> str:
    if section.state == SectionState.ANSWERED:
        return section.answer
    if section.state == SectionState.NOT_YET_KNOWN:
        return f"{_NOT_YET}: {section.said}" if section.said else _NOT_YET
    return "(no answer)"


def _attachments(files: Mapping[str, bytes]) -> Iterator[str]:
    yield "FILES AND THEIR SHA-256"
    yield _RULE
    for name, checksum in _sums(files):
        yield name
        yield f"  {checksum}"
    yield ""
    yield f"{SUMS} has these sums and the one of this file."
    yield ""
