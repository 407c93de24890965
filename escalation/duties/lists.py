"""Find the reports that are due over all incidents of a person's organisations."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from escalation.duties.models import DutyState, StatutoryClock
from incidents.errors import BadInput
from incidents.models import Incident, Organisation, User

LIMIT: Final = 200
OPEN: Final = "open"
STATES: Final[dict[str, str]] = {
    OPEN: "Due",
    "overdue": "Overdue",
    "undecided": "Undecided",
    "waiting": "Waits for an instant",
    "reported": "Reported",
    "all": "All",
}
_DUE: Final = (DutyState.RUNNING, DutyState.NO_DATE)


@dataclass(frozen=True, slots=True)
class DutyFilters:
    """What is listed; what is empty filters nothing."""

    state: str = OPEN
    regime: str = ""
    due_before: datetime | None = None

    @classmethod
    def read(cls, sent: Any) -> "DutyFilters":
        """Return the filters of a query. Raises BadInput naming field and remedy."""
        known = [one.name for one in fields(cls)]
        for name in sent:
            if name not in known:
                raise BadInput(name, sent[name], f"Filter by {', '.join(known)}.")
        state = sent.get("state", OPEN)
        if state not in STATES:
            raise BadInput("state", state, f"Use one of {', '.join(STATES)}.")
        due_before = _instant(sent.get("due_before", ""))
        return cls(state, sent.get("regime", ""), due_before)


def duties_for(
    person: User, filters: DutyFilters, *, now: datetime
) -> QuerySet[StatutoryClock]:
    """Return clocks of the person's organisations, what is due first on top."""
    own = Organisation.objects.of(person).values("pk")
    seen = Incident.objects.visible_to(person).values("pk")
    rows = StatutoryClock.objects.filter(organisation__in=own, incident__in=seen)
    rows = rows.filter(_state(filters.state, now))
    if filters.regime:
        rows = rows.filter(regime_id=filters.regime)
    if filters.due_before is not None:
        rows = rows.filter(due_operational__lt=filters.due_before)
    # What is due without a date is due now.
    ordered = rows.order_by(F("due_operational").asc(nulls_first=True), "pk")
    return ordered.select_related("organisation", "incident__organisation")


def overdue_reports(person: User, *, now: datetime) -> int | None:
    """Return how many reports of the person's are overdue; None where none are listed."""
    if not duties_for(person, DutyFilters("all"), now=now).exists():
        return None
    # Those that are over are in no index of what is due.
    late = duties_for(person, DutyFilters("overdue"), now=now).filter(ended_at=None)
    return late.count()


def _state(state: str, now: datetime) -> Q:
    due = Q(state__in=_DUE)
    match state:
        case "open":
            return due
        case "overdue":
            # As `overdue.is_overdue` says it, for queries.
            return due & Q(due_operational__lt=now)
        case "undecided":
            return due & Q(is_provisional=True)
        case "waiting":
            return Q(state=DutyState.WAITING)
        case "reported":
            return Q(state=DutyState.MET)
        case _:
            return Q()


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadInput("due_before", text, "Write it as 2026-12-25T03:10:00Z.")
    return instant
