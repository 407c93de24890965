"""Say which filings an authority knows of: those that it got, and no other's."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from escalation.duties.models import AnchorValue
from escalation.duties.requests import REQUEST
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.models import Filing, FilingRecipient, Way
from escalation.regimes.regime import SUBMITTED
from incidents.incident.refs import FILING, is_ref

Sources = set[tuple[str, str, datetime | None]]


def sources_known(recipient: FilingRecipient, *, by: datetime | None) -> Sources:
    """Return (filing, anchor name, instant) of what it got and asked until then.

    Without an instant the submission of a stage, of which there is one for a filing.
    """
    got = _parts_of(recipient)
    asked = FilingRequest.objects.filter(recipient__in=got)
    if by:
        got = got.filter(submitted_at__lte=by)
    stages = got.values_list("filing__ref", "stage")
    return {(ref, f"{SUBMITTED}{stage}", None) for ref, stage in stages} | {
        (ref, REQUEST, at)
        for ref, at in asked.values_list("recipient__filing__ref", "asked_at")
    }


def is_known(row: AnchorValue, known: Sources) -> bool:
    """Whether an instant may be told: not if it names a filing of another authority."""
    if not is_ref(row.source, prefix=FILING):
        return True
    is_submission = row.name.startswith(SUBMITTED)
    return (row.source, row.name, None if is_submission else row.at) in known


def amended_for(recipient: FilingRecipient, *, by: datetime | None) -> Filing | None:
    """Return the first filing that a recipient's corrects, if it got that one too."""
    first = recipient.filing.amends
    if first is None:
        return None
    got = _parts_of(recipient).filter(filing=first)
    if by:
        got = got.filter(submitted_at__lte=by)
    return first if got.exists() else None


def amended_known(filings: Iterable[Filing], agencies: set[int]) -> set[int]:
    """Return the ids of the first filings, among what these correct, that these got."""
    firsts = {one.amends_id for one in filings if one.amends_id}
    if not firsts:
        return set()
    got = FilingRecipient.objects.filter(
        filing__in=firsts, agency__in=agencies, submitted_at__isnull=False
    )
    return set(got.values_list("filing_id", flat=True))


def _parts_of(recipient: FilingRecipient) -> QuerySet[FilingRecipient]:
    """Return all of this lab's filings on the incident that the same authority got."""
    same = (
        Q(agency=recipient.agency_id)
        if recipient.agency_id
        else Q(way=Way.BY_HAND, name__iexact=recipient.name)
    )
    return FilingRecipient.objects.filter(
        same,
        filing__incident=recipient.filing.incident_id,
        organisation=recipient.organisation_id,
        submitted_at__isnull=False,
    )
