"""Put filings into the order in which an agency must deal with them, and a lab's in its own.

An agency's own clocks come first, what is due soonest on top, then what came first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from escalation.duties.models import StatutoryClock
from escalation.duties.overdue import is_overdue
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.listing import filings_for, rows_of
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    RecipientState,
    Way,
)
from escalation.filings.showing import ShownRecipient, shown_recipient
from escalation.filings.statistics import punctuality_for
from incidents.models import Organisation, OrganisationKind, User

MAX_ROWS: Final = 200
OPEN: Final = "open"
_AT_AGENCY: Final = (
    RecipientState.SUBMITTED,
    RecipientState.RECEIVED,
    RecipientState.RETURNED,
)
_DONE: Final = (RecipientState.ACCEPTED, RecipientState.TRANSFERRED)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A filing that an agency got."""

    filing: Filing
    recipient: ShownRecipient
    due_at: datetime | None
    is_overdue: bool
    is_cross_border: bool
    open_requests: int


def filing_page(
    person: User, query: Mapping[str, str], *, now: datetime
) -> dict[str, Any]:
    """Return the variables of the list's page."""
    kinds = set(Organisation.objects.of(person).values_list("kind", flat=True))
    which = query.get("show", OPEN)
    own = filings_for(person).filter(organisation__in=Organisation.objects.of(person))
    if which == OPEN:
        own = _under_way(own)
    own_rows = rows_of(person, list(own.distinct().order_by("-pk")[:MAX_ROWS]))
    return {
        "own": own_rows,
        "inbox": inbox_rows(person, now=now, is_whole=which != OPEN),
        "punctuality": punctuality_for(person),
        "is_agency": OrganisationKind.AGENCY in kinds,
        "is_lab": OrganisationKind.LAB in kinds,
        "is_whole": which != OPEN,
        "now": now,
        "max_rows": MAX_ROWS,
    }


def _under_way(own: QuerySet[Filing]) -> QuerySet[Filing]:
    """Keep what the lab still has to do with, also a request about what was accepted."""
    asked = FilingRequest.objects.filter(
        recipient__filing=OuterRef("pk"), answered_at=None
    )
    parts = FilingRecipient.objects.filter(filing=OuterRef("pk"))
    # What was filed by hand is answered elsewhere.
    waiting = parts.filter(state__in=_AT_AGENCY, way=Way.HERE)
    unsent = parts.filter(state=RecipientState.PREPARED)
    written = Q(state__in=[FilingState.DRAFT, FilingState.IN_REVIEW])
    to_send = Q(state=FilingState.APPROVED) & Exists(unsent)
    return own.filter(written | to_send | Exists(asked) | Exists(waiting))


def inbox_rows(person: User, *, now: datetime, is_whole: bool) -> list[InboxRow]:
    """Return what the person's agencies got, what they owe soonest on top."""
    rows = inbox_of(person, is_whole=is_whole)[:MAX_ROWS]
    return [_row(row, now) for row in rows]


def inbox_of(person: User, *, is_whole: bool) -> QuerySet[FilingRecipient]:
    """Return what the person's agencies got; unless whole, what is not settled."""
    clocks = StatutoryClock.objects.filter(
        incident=OuterRef("filing__incident"),
        organisation=OuterRef("agency"),
        regime_id=OuterRef("regime_id"),
        ended_at=None,
        is_current=True,
        due_operational__isnull=False,
    )
    rows = FilingRecipient.objects.filter(
        agency__in=Organisation.objects.of(person), submitted_at__isnull=False
    )
    if not is_whole:
        rows = rows.exclude(state__in=_DONE)
    return (
        rows.select_related(
            "filing__incident", "organisation", "agency", "version", "receipt"
        )
        .prefetch_related("requests")
        .annotate(
            own_due=Subquery(
                clocks.order_by("due_operational").values("due_operational")[:1]
            ),
            arrived_at=Coalesce("resubmitted_at", "submitted_at"),
        )
        .order_by(F("own_due").asc(nulls_last=True), "arrived_at", "pk")
    )


def _row(row: Any, now: datetime) -> InboxRow:
    requests = row.requests.all()
    return InboxRow(
        filing=row.filing,
        recipient=shown_recipient(row),
        due_at=row.own_due,
        is_overdue=is_overdue(row.own_due, at=now),
        is_cross_border=is_cross_border(row),
        open_requests=sum(one.answered_at is None for one in requests),
    )


def is_cross_border(recipient: FilingRecipient) -> bool:
    """Whether the part that the agency got answers a field on other states with a yes."""
    version = recipient.version
    if version is None:
        return False
    return any(
        "cross-border" in row["field"].lower()
        and row["answer"].strip().lower().startswith("yes")
        for row in version.sections
        if recipient.audience_key in row["audience"]
    )
