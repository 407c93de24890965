"""The page's downloads of a filing."""

from typing import Final

from django.http import Http404, HttpResponse

from escalation.filings.access import find_filing
from escalation.filings.downloads import file_response, make_file, targets_of
from incidents.incident.access import note_reading
from incidents.models import Incident
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

MAX_DIGITS: Final = 4


@page("GET")
def filing_file(request: PageRequest, ref: str, key: str, form: str) -> HttpResponse:
    """Download one file of a filing: the version named, the newest, or what was sent."""
    seen, now = find_filing(request.user, ref), read_now()
    file = make_file(seen, key, form, number=_number(request), now=now)
    visible = Incident.objects.visible_to(request.user)
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=visible.filter(pk=seen.filing.incident_id),
        targets=targets_of(seen, key, form),
        now=now,
    )
    return file_response(file)


def _number(request: PageRequest) -> int | None:
    """Return the version of the query, None for the newest. Raises Http404."""
    text = request.GET.get("version", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise Http404
    return int(text)
