"""Say how requests for information stand: by when they are to be answered, and if late."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.duties.overdue import is_overdue
from escalation.filings.exchange_models import FilingRequest, FilingRequestStep
from escalation.filings.models import FilingRecipient
from incidents.models import Organisation


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request as both sides see it at an instant."""

    row: FilingRequest
    steps: Sequence[FilingRequestStep]
    is_late: bool | None

    @property
    def organisation(self) -> Organisation:
        """Return the agency that asked."""
        return self.row.organisation


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an agency waits for on one part: how many answers, and by when the first."""

    count: int = 0
    due_at: datetime | None = None


def requests_on(recipients: Collection[FilingRecipient]) -> tuple[FilingRequest, ...]:
    """Return the requests on these parts in the order in which they were asked."""
    rows = FilingRequest.objects.filter(recipient__in=recipients).select_related(
        "organisation", "recipient__filing", "asked_by", "answered_by"
    )
    return tuple(rows.prefetch_related("steps"))


def shown_requests(
    requests: Iterable[FilingRequest], *, now: datetime
) -> list[ShownRequest]:
    """Return how requests stand now."""
    return [
        ShownRequest(row, list(row.steps.all()), is_late(row, now=now))
        for row in requests
    ]


def is_late(request: FilingRequest, *, now: datetime) -> bool | None:
    """Whether it was answered late, or is late; None without a date or withdrawn."""
    if request.due_at is None or request.withdrawn_at is not None:
        return None
    return is_overdue(request.due_at, at=request.answered_at or now)


def waiting_for(requests: Iterable[FilingRequest]) -> Waiting:
    """Return what is still to be answered of these."""
    open_ones = [one for one in requests if one.is_open]
    dates = [one.due_at for one in open_ones if one.due_at]
    return Waiting(len(open_ones), min(dates, default=None))
