"""Says which incidents are kept because a report on them was submitted."""

from collections.abc import Collection, Iterator

from escalation.duties.keeping import KEPT_DAYS, kept_by_law
from escalation.filings.models import FilingRecipient
from incidents.retention.keeping import Kept, register_keeper


def register_keepers() -> None:
    """Have retention ask the duties, and here; for ready()."""
    register_keeper(kept_by_law)
    register_keeper(kept_as_reported)


def kept_as_reported(incident_ids: Collection[int]) -> Iterator[Kept]:
    """Yield the incidents of submitted reports: for the author, and for who got them."""
    rows = FilingRecipient.objects.filter(
        filing__incident__in=incident_ids, submitted_at__isnull=False
    )
    for incident_id, author, agency in rows.values_list(
        "filing__incident_id", "organisation_id", "agency_id"
    ):
        yield Kept(incident_id, author, KEPT_DAYS)
        if agency:
            yield Kept(incident_id, agency, KEPT_DAYS)
