"""Keep a circuit for each provider, tell the runs that wait behind an open one.

A provider that everybody shares (mail, SMS, calls, Slack) has one circuit; a host that
a customer chose has one for each organisation, so that nobody can close another's way.
`lanes.py` asks whether a circuit is open before it lets anything be claimed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

import structlog
from django.db import models

from escalation.notifications.channels.base import Outcome
from escalation.notifications.circuit_rules import Health, after
from escalation.notifications.consequences import tell_runs
from escalation.notifications.models import (
    Circuit,
    Notification,
    NotificationStatus,
)

_WAITING: Final = (NotificationStatus.QUEUED, NotificationStatus.UNKNOWN)
_STATE: Final = ("failures", "failed_since", "opened_at", "open_until", "openings")

_LOCK: Final = """
    SELECT c.*
      FROM tocsin_circuit c
      JOIN unnest(%s::bigint[], %s::text[]) AS v(organisation_id, destination)
        ON c.destination = v.destination
       AND c.organisation_id IS NOT DISTINCT FROM v.organisation_id
     ORDER BY coalesce(c.organisation_id, 0), c.destination
       FOR NO KEY UPDATE OF c
"""

log = structlog.get_logger(__name__)

Key = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one send ended: whose it was, to where, and whether the provider worked."""

    organisation_id: int
    destination: str
    ended_at: datetime
    is_provider_well: bool

    @property
    def key(self) -> Key:
        """Return which circuit it concerns."""
        is_shared = ":" not in self.destination
        return (None if is_shared else self.organisation_id), self.destination


def is_provider_well(outcome: Outcome, *, is_address_at_fault: bool) -> bool:
    """Tell whether a send that ended so says that the provider works."""
    return outcome in {Outcome.SENT, Outcome.PERMANENT} or is_address_at_fault


def note_answers(answers: Iterable[Answer], *, now: datetime) -> None:
    """Open, keep open or close the circuits of these sends; tell the runs behind them.

    A batch in which all works costs one statement. Requires an open `recording`.
    """
    by_key = _grouped(answers)
    if not by_key:
        return
    rows = _locked(by_key)
    changed: list[Circuit] = []
    opened: list[tuple[Circuit, datetime | None]] = []
    for key, sends in by_key.items():
        row = rows.get(key) or Circuit(organisation_id=key[0], destination=key[1])
        before = Health(**{name: getattr(row, name) for name in _STATE})
        failures, has_success = _tally(sends)
        now_known = after(before, failures=failures, has_success=has_success, now=now)
        if now_known != before:
            for name in _STATE:
                setattr(row, name, getattr(now_known, name))
            row.probe_until = None
            changed.append(row)
            if now_known.open_until not in (None, before.open_until):
                opened.append((row, before.open_until))
            _log_change(key, before, now_known)
    _write(changed)
    if opened:
        _tell_runs_behind(opened, now=now)


def tell_runs_of_held_back(queued: Collection[Notification], *, now: datetime) -> None:
    """Tell the runs of new messages whose provider's circuit is open: they go on."""
    is_open = models.Q(pk__in=[row.pk for row in queued if row.run_id is not None])
    tell_runs(_once_a_step(held_back(now).filter(is_open)), now=now)


def held_back(now: datetime) -> models.QuerySet[Notification]:
    """Return the messages that wait behind an open circuit.

    When its time is up they wait for its probe only, as for any answer.
    """
    circuits = Circuit.objects.filter(
        models.Q(organisation=None)
        | models.Q(organisation=models.OuterRef("organisation")),
        destination=models.OuterRef("destination"),
        open_until__gt=now,
    )
    rows = Notification.objects.filter(status__in=_WAITING)
    return rows.filter(models.Exists(circuits))


def open_circuits() -> dict[str, int]:
    """Return how many circuits of each channel are open; no host of anybody's."""
    found: dict[str, int] = {}
    rows = Circuit.objects.filter(opened_at__isnull=False)
    for destination in rows.values_list("destination", flat=True):
        channel = destination.partition(":")[0]
        found[channel] = found.get(channel, 0) + 1
    return found


def _grouped(answers: Iterable[Answer]) -> dict[Key, list[Answer]]:
    """Return the answers by circuit, in the order in which circuits are locked."""

    def place(answer: Answer) -> tuple[int, str]:
        organisation_id, destination = answer.key
        return organisation_id or 0, destination

    ordered = sorted(answers, key=lambda one: (*place(one), one.ended_at))
    groups = [list(group) for _, group in groupby(ordered, key=place)]
    return {group[0].key: group for group in groups}


def _tally(sends: list[Answer]) -> tuple[int, bool]:
    """Return the failures since the last success, and whether there was one."""
    well = [index for index, send in enumerate(sends) if send.is_provider_well]
    failures = len(sends) - 1 - well[-1] if well else len(sends)
    return failures, bool(well)


def _locked(keys: Collection[Key]) -> dict[Key, Circuit]:
    """Lock the circuits that have failures; there is no row for a provider that works."""
    columns = [[key[0] for key in keys], [key[1] for key in keys]]
    rows = Circuit.objects.raw(_LOCK, columns)
    return {(row.organisation_id, row.destination): row for row in rows}


def _write(changed: Collection[Circuit]) -> None:
    """Write what changed. New rows come last and in order: nobody waits in a circle."""
    fields = [*_STATE, "probe_until"]
    well = [row.pk for row in changed if row.pk and not row.failures]
    ill = [row for row in changed if row.failures]
    if well:
        Circuit.objects.filter(pk__in=well).delete()
    if old := [row for row in ill if row.pk]:
        Circuit.objects.bulk_update(old, fields)
    if new := [row for row in ill if not row.pk]:
        Circuit.objects.bulk_create(
            new,
            update_conflicts=True,
            unique_fields=["organisation", "destination"],
            update_fields=fields,
        )


def _tell_runs_behind(
    opened: Collection[tuple[Circuit, datetime | None]], *, now: datetime
) -> None:
    """Tell the runs; of a circuit whose probe failed, those since its time was up.

    The others were told when it opened, or when their message was made.
    """
    behind = models.Q()
    for circuit, was_open_until in opened:
        fresh = models.Q(destination=circuit.destination)
        if was_open_until is not None:
            fresh &= models.Q(queued_at__gte=was_open_until)
        behind |= fresh
    rows = held_back(now).filter(behind, run__isnull=False)
    tell_runs(_once_a_step(rows), now=now)


def _once_a_step(rows: models.QuerySet[Notification]) -> models.QuerySet[Notification]:
    """Return one message of each step: a run is told once however many it sent."""
    place = ("run", "step_index", "round")
    return rows.order_by(*place, "pk").distinct(*place)


def _log_change(key: Key, before: Health, now_known: Health) -> None:
    if before.is_open == now_known.is_open:
        return
    words = {"organisation": key[0], "destination": key[1]}
    if now_known.is_open:
        log.warning("circuit_opened", **words, failures=now_known.failures)
    else:
        log.info("circuit_closed", **words)
