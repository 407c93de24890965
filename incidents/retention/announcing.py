"""Announces what an organisation's schedules will erase, days before it goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Max

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.models import Entry
from incidents.organisations.models import Organisation
from incidents.retention.due import Asked, DueStream, count_due
from incidents.retention.keeping import without_kept
from incidents.retention.models import RetentionItem, RetentionRun, RetentionSchedule
from incidents.retention.schedules import terms_of
from incidents.timers.schedule import NewTimer, add_timers

NOTICE: Final = timedelta(days=14)
ANNOUNCED_TIMER: Final = "retention.announced"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many values of how many incidents would go, in all or of one class."""

    values: int
    incidents: int


def preview(
    organisation_id: int, terms: dict[str, int], *, as_of: datetime
) -> list[DueStream]:
    """Return what a run by these terms would erase: exactly what a run takes."""
    found = count_due(Asked(organisation_id, terms, as_of))
    return without_kept(found, as_of)


def sum_up(found: Iterable[DueStream]) -> Preview:
    """Count values, and incidents, each once."""
    rows = list(found)
    incidents = {row.incident_id for row in rows if row.incident_id}
    return Preview(sum(row.count for row in rows), len(incidents))


def announce_runs(now: datetime) -> int:
    """Announce a run for each organisation of which something is due; returns how many."""
    rows = RetentionSchedule.objects.filter(keep_days__isnull=False)
    ids = sorted(set(rows.values_list("organisation_id", flat=True)))
    return sum(announce_run(pk, now) is not None for pk in ids)


def announce_run(organisation_id: int, now: datetime) -> RetentionRun | None:
    """Announce what will be due when the notice ends; None when nothing, or one runs.

    Locks the organisation.
    """
    erases_at = now + NOTICE
    with recording(now):
        rows = Organisation.objects.select_for_update(no_key=True)
        organisation = rows.get(pk=organisation_id)
        terms = terms_of(organisation_id)
        open_runs = RetentionRun.objects.filter(
            organisation=organisation_id, ended_at=None
        )
        if not terms or open_runs.exists():
            return None
        last = Entry.objects.aggregate(last=Max("pk"))["last"]
        found = preview(organisation_id, terms, as_of=erases_at)
        if not found:
            return None
        run = RetentionRun.objects.create(
            organisation=organisation,
            announced_at=now,
            erases_at=erases_at,
            terms=terms,
            last_entry_id=last,
        )
        _add_items(run, found)
        _tell(run, found, now)
    return run


def _add_items(run: RetentionRun, found: Sequence[DueStream]) -> None:
    counts: dict[Any, int] = {}
    for row in found:
        counts[row.stream_id] = counts.get(row.stream_id, 0) + row.count
    RetentionItem.objects.bulk_create(
        [
            RetentionItem(run=run, audience_id=stream, values_announced=count)
            for stream, count in counts.items()
        ],
        batch_size=1_000,
    )


def _tell(run: RetentionRun, found: Sequence[DueStream], now: datetime) -> None:
    """Record it, and have everybody told who loses something readable by it."""
    total = sum_up(found)
    record(
        "retention.announced",
        organisation_id=run.organisation_id,
        actor=Actor.system(run.organisation),
        body={
            "run": str(run.uid),
            "values": total.values,
            "incidents": total.incidents,
            "erases_at": run.erases_at.isoformat(timespec="seconds"),
            "terms": run.terms,
        },
    )
    agencies = {row.agency_id for row in found if row.agency_id}
    add_timers(
        NewTimer(ANNOUNCED_TIMER, run.pk, side, now)
        for side in sorted({run.organisation_id, *agencies})
    )
