"""Find alerts as the list of Opsgenie's Alert API is asked for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Q, QuerySet

from incidents.intake.adapters.base import SEVERITY_WORDS
from incidents.intake.adapters.opsgenie_api import dedup_key_of
from incidents.intake.models import Alert, Source
from incidents.intake.news import FIRING, hashed
from incidents.intake.surfaces.opsgenie_query import parse_query

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
MAX_OFFSET: Final = 20_000
SORTS: Final[Mapping[str, str]] = {
    "createdAt": "first_seen_at",
    "updatedAt": "last_seen_at",
    "lastOccurredAt": "last_seen_at",
    "tinyId": "pk",
    "message": "title",
    "status": "status",
}
ORDERS: Final = ("asc", "desc")


class NotSearchable(ValueError):
    """A search cannot be done. `problems` are {parameter: what is wrong and what to do}."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(str(self.problems))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its alerts, and where it and its neighbours begin."""

    alerts: list[Alert]
    offset: int
    limit: int
    has_next: bool


def found_alerts(source: Source, query: str) -> QuerySet[Alert]:
    """Return the alerts of a source that a query asks for. Raises NotSearchable."""
    rows = Alert.objects.filter(source=source)
    try:
        for term in parse_query(query):
            condition = _CONDITIONS[term.field](term.value)
            if term.is_not:
                # A plain NOT would leave out alerts that lack the label.
                those = Alert.objects.filter(condition, source=source).values("pk")
                rows = rows.exclude(pk__in=those)
            else:
                rows = rows.filter(condition)
    except ValueError as error:
        raise NotSearchable({"query": str(error)}) from None
    return rows


def page_of(source: Source, asked: Mapping[str, str]) -> Page:
    """Return the page that a list was asked for. Raises NotSearchable."""
    rows = found_alerts(source, asked.get("query", ""))
    problems: dict[str, str] = {}
    limit = _number(asked, "limit", DEFAULT_LIMIT, (1, MAX_LIMIT), problems)
    offset = _number(asked, "offset", 0, (0, MAX_OFFSET), problems)
    sort, order = asked.get("sort", "createdAt"), asked.get("order", "desc")
    if sort not in SORTS:
        problems["sort"] = f"Sort by one of {', '.join(SORTS)}."
    if order not in ORDERS:
        problems["order"] = "Order must be asc or desc."
    if problems:
        raise NotSearchable(problems)
    column = F(SORTS[sort])
    is_down = order == "desc"
    by = column.desc(nulls_last=True) if is_down else column.asc(nulls_first=True)
    ordered = rows.select_related("incident", "source").order_by(
        by, "-pk" if is_down else "pk"
    )
    found = list(ordered[offset : offset + limit + 1])
    return Page(found[:limit], offset, limit, len(found) > limit)


def _number(
    asked: Mapping[str, str],
    name: str,
    usual: int,
    bounds: tuple[int, int],
    problems: dict[str, str],
) -> int:
    text = asked.get(name, "")
    if not text:
        return usual
    least, most = bounds
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if is_number and least <= int(text) <= most:
        return int(text)
    problems[name] = f"Give a whole number from {least} to {most}."
    return usual


def _status(value: str) -> Q:
    if value not in ("open", "closed"):
        raise ValueError(f"status {value!r} is not known; use open or closed.")
    return Q(status=FIRING) if value == "open" else ~Q(status=FIRING)


def _acknowledged(value: str) -> Q:
    if value not in ("true", "false"):
        raise ValueError(f"acknowledged {value!r} is not known; use true or false.")
    return Q(incident__acknowledged_at__isnull=value == "false")


def _priority(value: str) -> Q:
    if value not in ("p1", "p2", "p3", "p4", "p5"):
        raise ValueError(f"priority {value!r} is not known; use P1 to P5.")
    return Q(severity=SEVERITY_WORDS[value])


def _tag(value: str) -> Q:
    """Match one of the tags, which are kept as one label, joined by commas."""
    name = "labels__tags__i"
    return (
        Q(**{f"{name}exact": value})
        | Q(**{f"{name}startswith": f"{value}, "})
        | Q(**{f"{name}endswith": f", {value}"})
        | Q(**{f"{name}contains": f", {value}, "})
    )


def _tiny(value: str) -> Q:
    if not (value.isascii() and value.isdigit() and len(value) < len(str(2**63))):
        raise ValueError(f"tinyId {value!r} is not a number.")
    return Q(pk=int(value))


_CONDITIONS: Final[Mapping[str, Callable[[str], Q]]] = {
    "status": _status,
    "acknowledged": _acknowledged,
    "priority": _priority,
    "tag": _tag,
    "alias": lambda value: Q(dedup_key=hashed(dedup_key_of(value))),
    "message": lambda value: Q(title__icontains=value.strip("*")),
    "entity": lambda value: Q(labels__entity__iexact=value),
    "source": lambda value: Q(labels__source__iexact=value),
    "tinyId": _tiny,
}
