"""What is kept how long by which rule, and the runs that a person may know of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404

from incidents.evidence.building import KEPT as BUNDLES_KEPT
from incidents.incident.drafts import KEPT as DRAFTS_KEPT
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.retention.announcing import NOTICE, Preview, sum_up
from incidents.retention.classes import MEANING, ValueClass
from incidents.retention.due import Asked, DueStream, count_due
from incidents.retention.keeping import without_kept
from incidents.retention.models import RetentionItem, RetentionRun, RetentionSchedule
from incidents.retention.schedules import schedules_of, spoken_days

_PAST_RUNS: Final = 10
_INCIDENTS: Final = 100


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One line of what is kept how long."""

    what: str
    meaning: str
    kept: str
    rule: str
    hold: str
    schedule: RetentionSchedule | None = None
    due: Preview | None = None
    kept_by_law: int = 0


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run with its counts, and the incidents of which something goes."""

    run: RetentionRun
    values: int
    incidents: int
    erased: int
    named: tuple[tuple[str, int], ...] = ()

    @property
    def kept(self) -> int:
        """How many of those announced were kept, once it has ended."""
        return self.values - self.erased


def sides_of(user: User) -> list[Organisation]:
    """Return the labs and agencies in whose name the person may decide."""
    rows = Organisation.objects.filter(
        pk__in=organisations_allowing(user, Action.APPROVE)
    )
    return list(rows.exclude(kind=OrganisationKind.PLATFORM).order_by("name", "pk"))


def schedules_for(user: User) -> QuerySet[RetentionSchedule, RetentionSchedule]:
    """Return the schedules of the organisations in whose name the person may decide."""
    rows = RetentionSchedule.objects.filter(
        organisation__in=organisations_allowing(user, Action.APPROVE)
    )
    return rows.select_related("organisation", "asked_by")


def find_schedule(user: User, uid: UUID | str) -> RetentionSchedule:
    """Return a schedule. Raises Http404 when it is not theirs to see."""
    row = schedules_for(user).filter(uid=uid).first()
    if row is None:
        raise Http404
    return row


def runs_for(user: User) -> QuerySet[RetentionRun, RetentionRun]:
    """Return the runs of the person's organisations, newest first, with counts."""
    rows = RetentionRun.objects.filter(
        organisation__in=organisations_allowing(user, Action.APPROVE)
    )
    counted = rows.select_related("organisation").annotate(
        values_announced=Sum("items__values_announced"),
        values_erased=Sum("items__values_erased"),
        incidents=Count("items__audience__incident", distinct=True),
    )
    return counted.order_by("-announced_at", "-pk")


def schedule_rows(organisation: Organisation, now: datetime) -> list[KeptRow]:
    """Return a line for each class of values, with what of it is due by the next run."""
    rows = {row.of: row for row in schedules_of([organisation.pk])}
    terms = {of: row.keep_days for of, row in rows.items() if row.keep_days}
    found, as_of = [], now + NOTICE
    if terms:
        found = count_due(Asked(organisation.pk, terms, as_of))
    due = without_kept(found, as_of)
    return [
        KeptRow(
            what=of.label,
            meaning=MEANING[of],
            kept=spoken_days(rows[of].keep_days if of in rows else None),
            rule="Schedule of your organisation" if of in terms else "No schedule",
            hold="Stops it",
            schedule=rows.get(of),
            due=sum_up(row for row in due if row.of == of) if of in terms else None,
            kept_by_law=_incidents(found, of) - _incidents(due, of),
        )
        for of in ValueClass
    ]


def _incidents(found: Iterable[DueStream], of: str) -> int:
    return sum_up(row for row in found if row.of == of).incidents


def fixed_rows() -> list[KeptRow]:
    """Return a line for all that no schedule reaches, with the rule that it follows."""
    raw = f"{settings.DELIVERY_RETENTION_DAYS} days after they came"
    return [
        *_KEPT_FOR_EVER,
        KeptRow(
            "Raw deliveries of tools",
            "Size and hash stay.",
            raw,
            _SETTING,
            "Keeps those of the sources of a held incident",
        ),
        KeptRow(
            "E-mails as they came",
            "Size and hash stay. Nothing goes that waits for a decision.",
            raw,
            _SETTING,
            "Keeps those of a held incident",
        ),
        KeptRow(
            "Anonymous reports",
            "With words, files and key; none of which something is unread.",
            f"{settings.REPORT_RETENTION_DAYS} days after closing",
            _SETTING,
            "Does not reach them; what became an incident is kept there",
        ),
        *_KEPT_FOR_DAYS,
    ]


_SETTING: Final = "Setting of the installation"
_KEPT_FOR_EVER: Final = (
    KeptRow(
        "Legal duties and filings",
        "Clocks, instants, answers, decisions, reports to authorities.",
        spoken_days(None),
        "Laws demand it; what was filed must stay what it was",
        "Not needed",
    ),
    KeptRow(
        "Bookkeeping of entries",
        "Kinds, instants, numbers, codes; holds and erasures; who got evidence.",
        spoken_days(None),
        "Proofs stand on it",
        "Not needed",
    ),
    KeptRow(
        "Files",
        "Attachments of incidents.",
        spoken_days(None),
        "No rule erases them",
        "Not needed",
    ),
)
_KEPT_FOR_DAYS: Final = (
    KeptRow(
        "Files of evidence bundles",
        "The list of what was handed out stays.",
        f"{BUNDLES_KEPT.days} days after they were built",
        "Fixed",
        "Not needed: they can be built again",
    ),
    KeptRow(
        "Drafts of reports",
        "What was typed and not filed.",
        f"{DRAFTS_KEPT.days} days after the last change",
        "Fixed",
        "Does not reach them",
    ),
)


def announced_runs(sides: Iterable[Organisation]) -> list[ShownRun]:
    """Return the runs to come: the sides' own, and others' as far as they share it."""
    ids = [side.pk for side in sides]
    runs = RetentionRun.objects.filter(ended_at=None).select_related("organisation")
    rows = RetentionItem.objects.filter(run__ended_at=None)
    mine = rows.filter(Q(run__organisation__in=ids) | Q(audience__agency__in=ids))
    counts = mine.order_by().values_list("run", "audience__incident__ref")
    found: dict[int, dict[str, list[int]]] = {}
    for pk, ref, values, erased in counts.annotate(
        values=Sum("values_announced"), erased=Sum("values_erased")
    ):
        found.setdefault(pk, {})[ref or ""] = [values, erased]
    shown = runs.filter(pk__in=found).order_by("erases_at", "pk")
    return [_shown(run, found[run.pk]) for run in shown]


def past_runs(user: User) -> list[ShownRun]:
    """Return the newest runs that have ended."""
    rows: Any = runs_for(user).filter(ended_at__isnull=False)[:_PAST_RUNS]
    return [
        ShownRun(run, run.values_announced, run.incidents, run.values_erased)
        for run in rows
    ]


def _shown(run: RetentionRun, counts: dict[str, list[int]]) -> ShownRun:
    named = sorted((ref, values) for ref, (values, _) in counts.items() if ref)
    return ShownRun(
        run=run,
        values=sum(values for values, _ in counts.values()),
        incidents=len(named),
        erased=sum(erased for _, erased in counts.values()),
        named=tuple(named[:_INCIDENTS]),
    )
