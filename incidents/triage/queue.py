"""List an agency's queue, the most urgent row first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.validators import slug_re
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from incidents.errors import BadInput
from incidents.incident.deadlines import (
    DUE_CHOICES,
    NEVER,
    due_within,
    with_next_due,
)
from incidents.incident.models import CLOSED, Acknowledgement, Incident, Share
from incidents.incident.search import matching
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.triage.models import Question, TriageRow, TriageState

QUEUE_STATES: Final[list[tuple[str, str]]] = [
    ("open", "To do"),
    ("waiting", "Waiting for triage"),
    ("answered", "The lab has answered"),
    ("review", "Review is due"),
    ("asked", "Waiting for the lab"),
    ("decided", "Decided"),
    ("all", "All"),
]
USUAL_STATE: Final = "open"
# The lab has answered, or nobody of the agency has acknowledged.
_URGENT: Final = 1
BY_DUE: Final = "due"
OWNERS: Final[list[tuple[str, str]]] = [("me", "Mine"), ("none", "Nobody's")]


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What of the queue is asked for, and in which order.

    `severity` is the least, `lab` a slug; without `sort` the most urgent comes first.
    """

    state: str = USUAL_STATE
    severity: int | None = None
    category: str = ""
    lab: str = ""
    owner: str = ""
    due: str = ""
    q: str = ""
    sort: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "QueueFilters":
        """Read the filters of an address. Raises BadInput; an empty value is none."""
        levels = {str(severity.level) for severity in SEVERITIES}
        severity = _one_of(query, "severity", levels)
        return cls(
            state=_one_of(query, "state", dict(QUEUE_STATES)) or USUAL_STATE,
            severity=int(severity) if severity else None,
            category=_one_of(query, "category", dict(CATEGORY_CHOICES)),
            lab=_slug(query, "lab"),
            owner=_one_of(query, "owner", dict(OWNERS)),
            due=_one_of(query, "due", dict(DUE_CHOICES)),
            q=query.get("q", ""),
            sort=_one_of(query, "sort", {BY_DUE}),
        )


def rows_for(
    user: User, *, filters: QueueFilters, now: datetime
) -> QuerySet[TriageRow]:
    """Return the rows of the user's agencies, each with what makes it urgent.

    Each has `urgency` (0 first), `waiting_since`, `is_acknowledged`, `is_review_due`.
    Order: answered, waiting, review due, already acknowledged, asked, the rest; within
    that the highest severity, the agency's priority, the longest waiting. By due: before
    all that what is due soonest, the agency's deadline or without one its review.
    """
    rows = _annotated(_visible(user), now=now)
    rows = _filtered(rows, user=user, filters=filters, now=now)
    first = [_next_due(user)] if filters.sort == BY_DUE else []
    return rows.select_related(
        "incident__organisation", "organisation", "owner"
    ).order_by(
        *first,
        "urgency",
        "-incident__severity",
        F("priority").asc(nulls_last=True),
        "waiting_since",
        "pk",
    )


def _next_due(user: User) -> Coalesce:
    """Return what is due next on a row, as its page shows it; NEVER for nothing."""
    incident = Incident.objects.filter(pk=OuterRef("incident"))
    due = with_next_due(incident, user).order_by()
    deadline = Subquery(due.values("due_at"))  # type: ignore[misc]  # an annotation
    return Coalesce(NullIf(deadline, Value(NEVER)), "next_review_at", Value(NEVER))


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many rows each state of the queue has, and how many wait for a first move."""

    by_state: Mapping[str, int]
    urgent: int


def count_rows(user: User, *, now: datetime) -> QueueCounts:
    """Count the queue of the user's agencies, every state in one statement."""
    states = [state for state, _ in QUEUE_STATES]
    found = _annotated(_visible(user), now=now).aggregate(
        urgent=Count("pk", filter=_state(USUAL_STATE) & Q(urgency__lte=_URGENT)),
        **{f"in_{state}": Count("pk", filter=_state(state)) for state in states},
    )
    return QueueCounts(
        by_state={state: found[f"in_{state}"] for state in states},
        urgent=found["urgent"],
    )


def _one_of(
    query: Mapping[str, str], field: str, choices: Mapping[str, str] | set[str]
) -> str:
    value = query.get(field, "")
    if value and value not in choices:
        raise BadInput(field, value, f"Choose one of {', '.join(sorted(choices))}.")
    return value


def _slug(query: Mapping[str, str], field: str) -> str:
    value = query.get(field, "")
    if value and not slug_re.fullmatch(value):
        raise BadInput(field, value, "Give an organisation's slug.")
    return value


def _visible(user: User) -> QuerySet[TriageRow]:
    """Keep rows of the user's agencies whose incident is shared with that agency now."""
    shared = Share.objects.filter(
        incident=OuterRef("incident"), agency=OuterRef("organisation"), unshared_at=None
    )
    return TriageRow.objects.filter(
        Exists(shared), organisation__in=organisations_allowing(user, Action.READ)
    )


def _annotated(rows: QuerySet[TriageRow], *, now: datetime) -> QuerySet[TriageRow]:
    acknowledged = Acknowledgement.objects.filter(
        incident=OuterRef("incident"),
        organisation=OuterRef("organisation"),
        ended_at=None,
    )
    return rows.annotate(
        is_acknowledged=Exists(acknowledged),
        is_review_due=Case(
            When(next_review_at__lte=now, then=Value(True)), default=Value(False)
        ),
        waiting_since=_waiting_since(),
    ).annotate(urgency=_urgency())


def _waiting_since() -> Case:
    """Count an answered row from its answer, any other from its share."""
    answers = (
        Question.objects.filter(
            incident=OuterRef("incident"), organisation=OuterRef("organisation")
        )
        .values("incident")
        .annotate(last=Max("answered_at"))
        .values("last")
    )
    answered_at = Coalesce(Subquery(answers), F("received_at"))
    return Case(
        When(state=TriageState.ANSWERED, then=answered_at), default=F("received_at")
    )


def _urgency() -> Case:
    return Case(
        When(state=TriageState.ANSWERED, then=0),
        When(
            Q(state=TriageState.WAITING, is_acknowledged=False)
            & ~Q(incident__status__in=CLOSED),
            then=1,
        ),
        When(is_review_due=True, then=2),
        When(state=TriageState.WAITING, then=3),
        When(state=TriageState.ASKED, then=4),
        default=5,
        output_field=IntegerField(),
    )


def _filtered(
    rows: QuerySet[TriageRow], *, user: User, filters: QueueFilters, now: datetime
) -> QuerySet[TriageRow]:
    wanted = _state(filters.state) & _owner(filters.owner, user)
    if filters.severity is not None:
        wanted &= Q(incident__severity__gte=filters.severity)
    if filters.category:
        wanted &= Q(incident__category=filters.category)
    if filters.lab:
        wanted &= Q(incident__organisation__slug=filters.lab)
    if filters.due:
        due = due_within(Incident.objects.all(), user, filters.due, now)
        wanted &= Q(incident__in=due.order_by().values("pk"))
    if filters.q.strip():
        found = matching(Incident.objects.visible_to(user), filters.q)
        wanted &= Q(incident__in=found.order_by().values("pk"))
    return rows.filter(wanted)


def _state(state: str) -> Q:
    if state == "all":
        return Q()
    if state == "open":
        return ~Q(state=TriageState.DECIDED) | Q(is_review_due=True)
    if state == "review":
        return Q(is_review_due=True)
    return Q(state=state)


def _owner(owner: str, user: User) -> Q:
    if owner == "me":
        return Q(owner=user)
    return Q(owner=None) if owner == "none" else Q()
