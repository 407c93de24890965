"""Carries out announced runs, a few hundred values in a transaction.

A batch takes a fixed number of statements. What is erased is no longer found, so
whoever comes after a crash goes on with the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import ProgrammingError
from django.db.models import Q, QuerySet, Sum
from psycopg.errors import InsufficientPrivilege

from incidents.custody.erasing import erase, read_rows
from incidents.custody.places import NEVER_FIELDS, Place
from incidents.custody.repeats import clear_incidents, texts_in
from incidents.events.actor import Actor
from incidents.events.models import AudienceStream, Purpose
from incidents.events.record import record, recording
from incidents.incident.lifecycle import lock_incidents
from incidents.ledger.canonical import JsonValue
from incidents.ledger.models import Disclosure
from incidents.retention.classes import ValueClass
from incidents.retention.due import Asked, DueStream, find_due
from incidents.retention.keeping import without_kept
from incidents.retention.models import RetentionItem, RetentionRun
from incidents.retention.schedules import spoken_days, terms_of

# Mostly an incident each. Their tables are walked once for all of them.
STREAMS: Final = 100
VALUES: Final = 500


def erase_due(now: datetime, *, at_once: int = VALUES) -> bool:
    """Erase one batch of the run that is due longest; False when there is none.

    Also False when a hold came between: the next pass sees it.
    """
    try:
        with recording(now):
            rows = RetentionRun.objects.filter(ended_at=None, erases_at__lte=now)
            due = rows.select_related("organisation").order_by("erases_at", "pk")
            run = due.select_for_update(
                no_key=True, of=("self",), skip_locked=True
            ).first()
            if run is None:
                return False
            _bring_on(run, now, at_once)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        return False
    return True


def _bring_on(run: RetentionRun, now: datetime, at_once: int) -> None:
    items = list(
        run.items.filter(done_at=None)
        .select_related("audience")
        .order_by("pk")[:STREAMS]
    )
    if not items:
        _end(run, now)
        return
    terms = _terms(run)
    of, places = _places(run, items, terms, at_once)
    if not places:
        done = [item.pk for item in items]
        RetentionItem.objects.filter(pk__in=done).update(done_at=now)
        return
    _clear_tables(run, items, places)
    _count(items, places)
    erase(
        places,
        basis=f"Retention schedule “{ValueClass(of).label}”: {spoken_days(terms[of])}",
        erasure=run.uid,
        actor=Actor.system(run.organisation),
        now=now,
    )


def _terms(run: RetentionRun) -> dict[str, int]:
    """Return the milder of the terms at the announcement and now; none once ended."""
    today = terms_of(run.organisation_id)
    return {of: max(days, today[of]) for of, days in run.terms.items() if of in today}


def _places(
    run: RetentionRun,
    items: Sequence[RetentionItem],
    terms: Mapping[str, int],
    at_once: int,
) -> tuple[str, list[Place]]:
    """Return what of these streams is still due by the terms."""
    incidents = lock_incidents(
        item.audience.incident_id for item in items if item.audience.incident_id
    )
    streams = [
        DueStream(
            stream_id=item.audience_id,
            organisation_id=item.audience.organisation_id,
            agency_id=item.audience.agency_id,
            incident_id=item.audience.incident_id,
            closed_at=incidents[item.audience.incident_id].resolved_at
            if item.audience.incident_id
            else None,
            of="",
            count=item.values_announced,
        )
        for item in items
    ]
    left = [row.stream_id for row in without_kept(streams, run.erases_at)]
    asked = Asked(run.organisation_id, terms, run.erases_at, left, run.last_entry_id)
    return find_due(asked, limit=at_once)


def _clear_tables(
    run: RetentionRun, items: Sequence[RetentionItem], places: Sequence[Place]
) -> None:
    """Take the values out of the tables, but for what the other side still reads."""
    incident_of = {item.audience_id: item.audience.incident_id for item in items}
    going = {(place.entry_id, place.name) for place in places}
    rows = Disclosure.objects.filter(entry__in={entry for entry, _ in going})
    words: dict[int, set[str]] = defaultdict(set)
    for row, value in _opened(rows):
        incident = incident_of[row.entry.stream_id]
        if incident and (row.entry_id, row.name) in going:
            words[incident].update(texts_in([value]))
    for incident, text in _still_shared(run, words, going):
        words[incident].discard(text)
    clear_incidents(words, run.organisation)


def _still_shared(
    run: RetentionRun, incidents: Collection[int], going: Collection[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    """Yield the texts of these incidents that both sides go on reading."""
    side = Q(organisation=run.organisation) | Q(agency=run.organisation)
    pairs = AudienceStream.objects.filter(
        side, purpose=Purpose.PAIR, incident__in=list(incidents)
    )
    incident_of = dict(pairs.values_list("stream_id", "incident_id"))
    rows = Disclosure.objects.filter(entry__stream__in=list(incident_of))
    for row, value in _opened(rows.exclude(name__in=NEVER_FIELDS)):
        if (row.entry_id, row.name) not in going:
            incident = incident_of[row.entry.stream_id] or 0
            yield from ((incident, text) for text in texts_in([value]))


def _opened(
    found: QuerySet[Disclosure, Disclosure],
) -> Iterator[tuple[Disclosure, JsonValue]]:
    rows = list(found.select_related("entry", "key"))
    yield from zip(rows, read_rows(rows), strict=True)


def _count(items: Sequence[RetentionItem], places: Sequence[Place]) -> None:
    gone = Counter(place.stream_id for place in places)
    for item in items:
        item.values_erased += gone[item.audience_id]
    RetentionItem.objects.bulk_update(items, ["values_erased"])


def _end(run: RetentionRun, now: datetime) -> None:
    run.ended_at = now
    run.save(update_fields=["ended_at"])
    sums = run.items.aggregate(
        announced=Sum("values_announced"), erased=Sum("values_erased")
    )
    record(
        "retention.ended",
        organisation_id=run.organisation_id,
        actor=Actor.system(run.organisation),
        body={
            "run": str(run.uid),
            "values": sums["erased"],
            "kept": sums["announced"] - sums["erased"],
        },
    )
