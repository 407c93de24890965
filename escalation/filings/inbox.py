"""Put filings into the order in which an agency must deal with them, and a lab's in its own.

An agency's own clocks come first, what is due soonest on top; then by when a lab is to
answer what was asked; then what came first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from escalation.duties.models import StatutoryClock
from escalation.duties.overdue import is_overdue
from escalation.filings.delays import inbox_delays
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.knowing import amended_known
from escalation.filings.listing import filings_for, rows_of
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    RecipientState,
    Way,
)
from escalation.filings.request_showing import Waiting
from escalation.filings.showing import ShownRecipient, shown_recipient
from escalation.filings.statistics import punctuality_for
from incidents.models import Organisation, OrganisationKind, User

MAX_ROWS: Final = 200
OPEN: Final = "open"
ANSWERS: Final = "answers"
SHOWN: Final[dict[str, str]] = {
    OPEN: "Under way",
    ANSWERS: "Waiting for an answer",
    "all": "All",
}
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
    waiting: Waiting
    is_answer_late: bool
    is_amended: bool


def filing_page(
    person: User, query: Mapping[str, str], *, now: datetime
) -> dict[str, Any]:
    """Return the variables of the list's page."""
    kinds = set(Organisation.objects.of(person).values_list("kind", flat=True))
    show = query.get("show", OPEN)
    own = filings_for(person).filter(organisation__in=Organisation.objects.of(person))
    if show == OPEN:
        own = _under_way(own)
    elif show == ANSWERS:
        own = own.filter(Exists(_open_requests(recipient__filing=OuterRef("pk"))))
    own_rows = rows_of(person, list(own.distinct().order_by("-pk")[:MAX_ROWS]))
    return {
        "own": own_rows,
        "inbox": inbox_rows(person, now=now, show=show),
        "delays": inbox_delays(person, is_whole=show not in (OPEN, ANSWERS)),
        "punctuality": punctuality_for(person, now=now),
        "is_agency": OrganisationKind.AGENCY in kinds,
        "is_lab": OrganisationKind.LAB in kinds,
        "tabs": [
            {"label": label, "url": f"?show={name}", "is_current": name == show}
            for name, label in SHOWN.items()
        ],
        "is_answers": show == ANSWERS,
        "now": now,
        "max_rows": MAX_ROWS,
    }


def _under_way(own: QuerySet[Filing]) -> QuerySet[Filing]:
    """Keep what the lab still has to do with, also a request about what was accepted."""
    asked = _open_requests(recipient__filing=OuterRef("pk"))
    parts = FilingRecipient.objects.filter(filing=OuterRef("pk"))
    # What was filed by hand is answered elsewhere.
    waiting = parts.filter(state__in=_AT_AGENCY, way=Way.HERE)
    unsent = parts.filter(state=RecipientState.PREPARED)
    written = Q(state__in=[FilingState.DRAFT, FilingState.IN_REVIEW])
    to_send = Q(state=FilingState.APPROVED) & Exists(unsent)
    return own.filter(written | to_send | Exists(asked) | Exists(waiting))


def _open_requests(**on: Any) -> QuerySet[FilingRequest]:
    return FilingRequest.objects.filter(**on, answered_at=None, withdrawn_at=None)


def inbox_rows(person: User, *, now: datetime, show: str = OPEN) -> list[InboxRow]:
    """Return what the person's agencies got, what they owe soonest on top."""
    rows = list(inbox_of(person, show=show)[:MAX_ROWS])
    own = set(Organisation.objects.of(person).values_list("pk", flat=True))
    known = amended_known([row.filing for row in rows], own)
    return [_row(row, known, now) for row in rows]


def inbox_of(person: User, *, show: str = OPEN) -> QuerySet[FilingRecipient]:
    """Return what the person's agencies got: one of `SHOWN`.

    Under way is what is not settled, and what a lab is to answer. Of what waits for an
    answer that stands on top which is due first.
    """
    asked = _open_requests(recipient=OuterRef("pk"))
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
    if show == OPEN:
        rows = rows.filter(~Q(state__in=_DONE) | Exists(asked))
    elif show == ANSWERS:
        rows = rows.filter(Exists(asked))
    by_answer = F("answer_due").asc(nulls_last=True)
    by_own = [] if show == ANSWERS else [F("own_due").asc(nulls_last=True)]
    return (
        rows.select_related(
            "filing__incident", "organisation", "agency", "version", "receipt"
        )
        .prefetch_related("requests")
        .annotate(
            own_due=Subquery(
                clocks.order_by("due_operational").values("due_operational")[:1]
            ),
            answer_due=Subquery(asked.order_by("due_at").values("due_at")[:1]),
            arrived_at=Coalesce("resubmitted_at", "submitted_at"),
        )
        .order_by(*by_own, by_answer, "arrived_at", "pk")
    )


def _row(row: Any, known: Collection[int], now: datetime) -> InboxRow:
    shown = shown_recipient(row)
    return InboxRow(
        filing=row.filing,
        recipient=shown,
        due_at=row.own_due,
        is_overdue=is_overdue(row.own_due, at=now),
        is_cross_border=is_cross_border(row),
        waiting=shown.waiting,
        is_answer_late=is_overdue(shown.waiting.due_at, at=now),
        # Of a first filing that another authority got it learns nothing.
        is_amended=row.filing.amends_id in known,
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
