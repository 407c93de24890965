"""List filings for a person, in a number of statements that does not grow with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from escalation.filings.knowing import amended_known
from escalation.filings.models import Filing, FilingRecipient
from escalation.filings.request_showing import Waiting, waiting_for
from escalation.filings.showing import ShownRecipient, shown_recipient
from incidents.models import Organisation, User


@dataclass(frozen=True, slots=True)
class Row:
    """A filing in a list, with what its reader's side may know of its recipients."""

    filing: Filing
    is_own: bool
    recipients: tuple[ShownRecipient, ...]
    waiting: Waiting
    amends: Filing | None


def filings_for(
    person: User,
    *,
    state: str = "",
    regime: str = "",
    incident: str = "",
    organisation: str = "",
) -> QuerySet[Filing]:
    """Return what the person may see; to an agency only its own part counts."""
    own = list(Organisation.objects.of(person).values_list("pk", flat=True))
    rows = Filing.objects.visible_to(person)
    for_lab, for_agency = Q(organisation__in=own), Q()
    for_agency = Q(agency__in=own, submitted_at__isnull=False)
    if state:
        for_lab &= Q(state=state)
        for_agency &= Q(state=state)
    if regime:
        named = FilingRecipient.objects.filter(regime_id=regime)
        for_lab &= Q(pk__in=named.values("filing_id"))
        for_agency &= Q(regime_id=regime)
    got = FilingRecipient.objects.filter(for_agency).values("filing_id")
    rows = rows.filter(for_lab | Q(pk__in=got))
    if incident:
        rows = rows.filter(incident__ref=incident.upper())
    if organisation:
        rows = rows.filter(organisation__slug=organisation)
    return rows.select_related("incident", "organisation", "amends").prefetch_related(
        Prefetch(
            "recipients",
            FilingRecipient.objects.select_related(
                "agency", "version", "receipt", "organisation"
            )
            .prefetch_related("requests")
            .order_by("pk"),
        )
    )


def rows_of(person: User, filings: Sequence[Filing]) -> list[Row]:
    """Return the filings as the person's side sees them."""
    own = set(Organisation.objects.of(person).values_list("pk", flat=True))
    known = amended_known(filings, own)
    return [_row(filing, own, known) for filing in filings]


def _row(filing: Filing, own: set[int], known: set[int]) -> Row:
    is_own = filing.organisation_id in own
    shown = [
        shown_recipient(recipient)
        for recipient in filing.recipients.all()
        if is_own or (recipient.agency_id in own and recipient.submitted_at)
    ]
    asked = [request for one in shown for request in one.row.requests.all()]
    amends = filing.amends if is_own or filing.amends_id in known else None
    return Row(filing, is_own, tuple(shown), waiting_for(asked), amends)
