"""Hand out the files of a filing: which there are, and the bytes of each.

Packet forms hold what was approved. The exports for other tools, STIX and the OECD's
framework, tell of the incident as it stands to whoever may see the incident.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from escalation.filings.access import FilingSeen
from escalation.filings.composing import compose, named_only, told_whole
from escalation.filings.documents.csv_form import as_csv
from escalation.filings.documents.document import FilingDocument, IncidentFacts
from escalation.filings.documents.json_form import as_json
from escalation.filings.documents.oecd import as_oecd
from escalation.filings.documents.packet import as_packet
from escalation.filings.documents.pdf import render_pdf
from escalation.filings.documents.stix import as_stix
from escalation.filings.models import FilingRecipient, FilingVersion
from escalation.filings.reading import newest_version
from escalation.filings.turns import TURNS
from incidents.incident.downloads import DOWNLOAD_POLICY
from incidents.models import Incident

MAX_KEY: Final = 50


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of file. `tells_all` forms speak of the incident as it stands."""

    name: str
    meaning: str
    ending: str
    media_type: str
    render: Callable[[FilingDocument], bytes]
    tells_all: bool = False


FORMS: Final = {
    "pdf": Form("PDF", "to read and to keep", "pdf", "application/pdf", render_pdf),
    "json": Form("JSON", "for programs", "json", "application/json", as_json),
    "csv": Form("CSV", "for spreadsheets", "csv", "text/csv; charset=utf-8", as_csv),
    "packet": Form(
        "Packet", "all of these, to file by hand", "zip", "application/zip", as_packet
    ),
    "stix": Form(
        "STIX 2.1",
        "for threat intelligence",
        "stix.json",
        "application/stix+json;version=2.1",
        as_stix,
        tells_all=True,
    ),
    "oecd": Form(
        "OECD",
        "the common reporting framework",
        "oecd.json",
        "application/json",
        as_oecd,
        tells_all=True,
    ),
}


@dataclass(frozen=True, slots=True)
class FilingFile:
    """The bytes of one file, and under which name they go out."""

    filename: str
    media_type: str
    data: bytes


def make_file(
    seen: FilingSeen, key: str, form_name: str, *, number: int | None, now: datetime
) -> FilingFile:
    """Return a file of the part for the recipient `key`.

    An agency gets what was sent to it; the lab any version, without a number the newest.
    Raises Http404 for what there is not, or is not the reader's, and Unavailable while
    too many are being made.
    """
    form = FORMS.get(form_name)
    if form is None:
        raise Http404
    recipient = _recipient(seen, key)
    version = _version(seen, recipient, number)
    facts = _facts(seen, form, now)
    document = compose(recipient, version, incident=facts)
    filename = f"{document.file_stem}-{recipient.key}.{form.ending}"
    with TURNS.one():
        return FilingFile(filename, form.media_type, form.render(document))


def file_response(file: FilingFile) -> HttpResponse:
    """Return the file as a download that no browser opens in this site's name."""
    response = HttpResponse(file.data, content_type=file.media_type)
    disposition = content_disposition_header(as_attachment=True, filename=file.filename)
    response["Content-Disposition"] = disposition or "attachment"
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def targets_of(seen: FilingSeen, key: str, form_name: str) -> Sequence[str]:
    """Return under which name the access record keeps the reading of a file."""
    if len(key) > MAX_KEY:
        # As long as the name of a target may be, and still another for another key.
        sign = hashlib.sha256(key.encode()).hexdigest()[:8]
        key = f"{key[: MAX_KEY - 9]}~{sign}"
    return [f"filing:{seen.filing.ref}:{key}:{form_name}"]


def _recipient(seen: FilingSeen, key: str) -> FilingRecipient:
    found = next((one for one in seen.recipients if one.key == key), None)
    if found is None:
        raise Http404
    # Whatever is asked of it next needs the filing with its lab and its incident.
    found.filing = seen.filing
    return found


def _version(
    seen: FilingSeen, recipient: FilingRecipient, number: int | None
) -> FilingVersion:
    if not seen.is_own:
        # To others there is only what they were sent.
        if recipient.version is None or number not in (None, recipient.version.number):
            raise Http404
        return recipient.version
    if number is None:
        return newest_version(seen.filing)
    version = seen.filing.versions.filter(number=number).first()
    if version is None:
        raise Http404
    return version


def _facts(seen: FilingSeen, form: Form, now: datetime) -> IncidentFacts:
    incident = seen.filing.incident
    if form.tells_all:
        visible = Incident.objects.visible_to(seen.person)
        if visible.filter(pk=incident.pk).exists():
            return told_whole(incident, now=now)
    return named_only(incident)
