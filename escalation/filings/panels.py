"""What filings add to the page of an incident's duties."""

from django.urls import reverse

from escalation.duties.page import Duties, Section
from escalation.filings.listing import filings_for, rows_of
from incidents.organisations.roles import Action


def filings_section(duties: Duties) -> Section | None:
    """Return what the reader's side has filed or got on the incident."""
    rows = filings_for(duties.person, incident=duties.incident.ref)
    is_own = duties.incident.organisation_id == duties.side.pk
    if is_own:
        rows = rows.filter(organisation=duties.side)
    shown = rows_of(duties.person, list(rows.order_by("-pk")))
    may_begin = is_own and duties.may(Action.MANAGE)
    if not shown and not may_begin:
        return None
    url = reverse("filing-new", args=[duties.incident.ref])
    return Section(
        "filings",
        "Filings",
        "escalation/filings/_on_duties.html",
        {"rows": shown, "new_url": url if may_begin else ""},
    )
