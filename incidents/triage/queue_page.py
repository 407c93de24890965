"""Put the queue's rows into the words of its page, one page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from incidents.errors import NotAllowed
from incidents.incident.deadlines import Deadline, deadlines_of
from incidents.incident.models import Incident
from incidents.incident.strip import Strip
from incidents.organisations.models import OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest
from incidents.triage.forms import QueueFilterForm
from incidents.triage.models import TriageRow, TriageState
from incidents.triage.queue import (
    BY_DUE,
    QUEUE_STATES,
    USUAL_STATE,
    QueueCounts,
    QueueFilters,
    count_rows,
    rows_for,
)

PAGE_ROWS: Final = 50
MAX_PAGE: Final = 1_000
_ORDERS: Final = {
    "": "Most urgent first: answered by the lab, not yet acknowledged, review due; "
    "then severity, your priority, and who waits longest.",
    BY_DUE: "Soonest due first: your agency's next deadline, or the review; "
    "then the most urgent.",
}
_REASONS: Final = {
    0: "The lab has answered.",
    1: "Nobody of your agency has acknowledged it.",
    2: "Its review is due.",
    3: "Acknowledged, waiting for triage.",
    4: "Waiting for the lab.",
}


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One row as the page shows it."""

    incident: Incident
    triage_url: str
    state: str
    get_state_display: str
    get_outcome_display: str
    priority: int | None
    owner: User | None
    reason: str
    shared_at: datetime
    is_acknowledged: bool
    due_at: datetime | None = None
    due_label: str = ""
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class FoundRows:
    """One page of the queue."""

    filters: QueueFilters
    rows: Sequence[TriageRow]
    number: int
    has_more: bool


def queue_page(request: PageRequest, *, now: datetime) -> FoundRows:
    """Return the rows that the address asks for. Raises BadInput, NotAllowed."""
    agencies = request.user.memberships.filter(
        ended_at=None, organisation__kind=OrganisationKind.AGENCY
    )
    if not agencies.exists():
        raise NotAllowed("Only people of an agency have a triage queue.")
    filters = QueueFilters.read(request.GET.dict())
    number = _number(request.GET.get("page", ""))
    start = (number - 1) * PAGE_ROWS
    rows = list(
        rows_for(request.user, filters=filters, now=now)[start : start + PAGE_ROWS + 1]
    )
    return FoundRows(filters, rows[:PAGE_ROWS], number, len(rows) > PAGE_ROWS)


def queue_context(
    request: PageRequest, found: FoundRows, *, now: datetime
) -> dict[str, Any]:
    """Return the variables of the queue's template."""
    filters = found.filters
    given = (
        *(filters.q, filters.severity, filters.category),
        *(filters.lab, filters.owner, filters.due),
    )
    counts = count_rows(request.user, now=now)
    ids = [row.incident_id for row in found.rows]
    deadlines = deadlines_of(ids, request.user, now)
    return {
        "now": now,
        "strip": _strip(counts.by_state[USUAL_STATE], counts.urgent),
        "order": _ORDERS[filters.sort],
        "sort": _sort(request, filters),
        "tabs": _tabs(request, filters, counts),
        "filter_form": QueueFilterForm(request.GET or None, person=request.user),
        "rows": [_line(row, deadlines.get(row.incident_id), now) for row in found.rows],
        "page": {
            "previous_url": _url(request, page=found.number - 1)
            if found.number > 1
            else "",
            "next_url": _url(request, page=found.number + 1) if found.has_more else "",
        },
        "is_filtered": any(value not in ("", None) for value in given),
        "can_acknowledge": bool(organisations_allowing(request.user, Action.TRIAGE)),
    }


def _tabs(
    request: PageRequest, filters: QueueFilters, counts: QueueCounts
) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": _url(request, state=state, page=None),
            "is_current": state == filters.state,
            "count": counts.by_state[state],
        }
        for state, label in QUEUE_STATES
    ]


def _sort(request: PageRequest, filters: QueueFilters) -> dict[str, str]:
    """Return the way to the other order; it begins with the first page."""
    other = None if filters.sort else BY_DUE
    return {
        "url": _url(request, page=None, sort=other),
        "label": "Sort by due" if other else "Sort by urgency",
        "by": filters.sort,
    }


def _line(row: Any, deadline: Deadline | None, now: datetime) -> QueueLine:
    due = deadline or _review(row, now)
    return QueueLine(
        incident=row.incident,
        triage_url=reverse("triage", args=[row.incident.ref]),
        state=row.state,
        get_state_display=row.get_state_display(),
        get_outcome_display=row.get_outcome_display()
        if row.state == TriageState.DECIDED
        else "",
        priority=row.priority,
        owner=row.owner,
        reason=_REASONS.get(row.urgency, ""),
        shared_at=row.received_at,
        is_acknowledged=row.is_acknowledged or row.incident.is_closed,
        due_at=due.at if due else None,
        due_label=due.name if due else "",
        is_overdue=bool(due and due.is_overdue),
    )


def _review(row: Any, now: datetime) -> Deadline | None:
    at = row.next_review_at
    return Deadline("Review", at, is_overdue=at <= now) if at else None


def _strip(to_do: int, urgent: int) -> Strip:
    if not to_do:
        return Strip("Nothing waits for triage.", "Nothing.", "Nobody's.", is_calm=True)
    incidents = "incident" if to_do == 1 else "incidents"
    due = f"{urgent} at once." if urgent else "Nothing at once."
    return Strip(f"{to_do} {incidents} to do.", due, "Yours.", is_mine=bool(urgent))


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < len(str(MAX_PAGE))
    return max(int(text), 1) if is_number else 1


def _url(request: PageRequest, **changes: object) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"
