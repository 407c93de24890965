"""What must hold of a seed's rows when everything is quiet."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from django.db.models import QuerySet

from escalation.models import Attempt, Notification, Run, StepTaken
from incidents.ledger.canonical import GENESIS
from incidents.models import (
    Acknowledgement,
    Delivery,
    Entry,
    Incident,
    Pending,
    Stream,
    Timer,
)
from tests.simulation.model import is_prefix, methods_of, reached, unrolled
from tests.simulation.poison import Poison
from tests.simulation.watch import Watch
from tests.simulation.worlds import World

_FINAL = {
    "sent": "notification.sent",
    "failed": "notification.failed",
    "cancelled": "notification.cancelled",
}

# Disclosures are encrypted; which notification an entry is about is looked up by reading.
Told = dict[str, Counter]
Place = tuple[int, int]  # run, contact method


def check(world: World, watch: Watch, poison: Poison, told: Told) -> Iterator[str]:
    """Yield a sentence for everything that does not hold."""
    yield from _nothing_waits(world, poison)
    yield from _deliveries(world)
    yield from _incidents(world)
    yield from _runs(world)
    yield from _messages(world, watch, told)
    yield from _chains(world)


def _nothing_waits(world: World, poison: Poison) -> Iterator[str]:
    ids = world.organisation_ids
    for timer in Timer.objects.filter(organisation__in=ids):
        yield f"timer {timer} was never handled ({timer.attempts} attempts)"
    for entry in Pending.objects.filter(organisation__in=ids, consumer="router"):
        yield f"entry {entry.entry_id} of {entry.kind} was never routed"
    for row in Notification.objects.filter(organisation__in=ids):
        if row.lease_token or row.lease_until:
            yield f"message {row.uid} has a lease that nobody holds"
        if row.status not in _FINAL:
            yield f"message {row.uid} ended as {row.status}"
    if poison.fired() != poison.planned:
        yield f"of {poison.planned} poisoned timers, once healed, {poison.fired()} fired"


def _deliveries(world: World) -> Iterator[str]:
    for row in Delivery.objects.filter(source=world.source):
        is_readable = bytes(row.body or b"").startswith(b"{")
        wanted = "processed" if is_readable else "unreadable"
        if row.state != wanted:
            yield f"delivery {row.pk} is {row.state}, not {wanted}: {row.error}"


def _incidents(world: World) -> Iterator[str]:
    """Every incident was routed: the lab has a run, for each has a default route."""
    incidents = Incident.objects.filter(organisation=world.lab)
    routed = set(
        Run.objects.filter(incident__in=incidents, organisation=world.lab).values_list(
            "incident_id", flat=True
        )
    )
    for incident in incidents:
        # Closed before the router saw it: nobody is paged for it any more.
        if incident.pk not in routed and not incident.is_closed:
            yield f"{incident.ref} was never routed"
    opened = Counter(i.group_key for i in incidents if i.source_id and not i.is_closed)
    for group, count in opened.items():
        if count > 1:
            yield f"{count} incidents are open for the one group {group[:8]}"


def _runs(world: World) -> Iterator[str]:
    standing = set(
        Acknowledgement.objects.filter(
            organisation__in=world.organisation_ids, ended_at=None
        ).values_list("incident_id", "organisation_id")
    )
    taken: dict[int, list[StepTaken]] = defaultdict(list)
    for step in StepTaken.objects.filter(organisation__in=world.organisation_ids):
        taken[step.run_id].append(step)
    pages: dict[tuple[int, int, int], set[int]] = defaultdict(set)
    last_calls: set[Place] = set()
    for row in Notification.objects.filter(
        run__organisation__in=world.organisation_ids
    ):
        if row.purpose in ("fallback", "exhausted"):
            last_calls.add((row.run_id or 0, row.method_id or 0))
        if row.purpose == "page":
            place = (row.run_id or 0, row.step_index or 0, row.round or 0)
            pages[place].add(row.method_id or 0)
    runs = Run.objects.filter(organisation__in=world.organisation_ids)
    for run in runs.select_related("version", "incident"):
        yield from _state(run, standing)
        yield from _steps(world, run, taken[run.pk], pages)
        yield from _last_call(world, run, last_calls)
    for run_id, index, turn in pages:
        if not any(
            (s.step_index, s.round, s.outcome) == (index, turn, "taken")
            for s in taken[run_id]
        ):
            yield f"run {run_id} has pages of step {index + 1}:{turn}, which it never took"


def _state(run: Run, standing: set[tuple[int, int]]) -> Iterator[str]:
    if run.state == "active":
        yield f"run {run.pk} is active and has no timer"
    if run.state != "acknowledged":
        return
    if (run.incident_id, run.organisation_id) not in standing:
        yield f"run {run.pk} is paused by an acknowledgement that has ended"
    elif run.version.body.get("ack_timeout_minutes"):
        yield f"run {run.pk} is still paused; its acknowledgement should have timed out"


def _steps(
    world: World,
    run: Run,
    rows: list[StepTaken],
    pages: dict[tuple[int, int, int], set[int]],
) -> Iterator[str]:
    """Compare the steps of a run with the unrolled path."""
    body = run.version.body
    whole = unrolled(body)
    places = [(row.step_index, row.round) for row in sorted(rows, key=lambda r: r.pk)]
    if not is_prefix(places, whole):
        yield f"run {run.pk} took {places}, its path is {whole}"
    if run.state == "exhausted" and places != whole:
        yield f"run {run.pk} is exhausted after {places}, its path is {whole}"
    for row in rows:
        step = body["steps"][row.step_index]
        if step["kind"] != "notify":
            continue
        wanted = reached(world, run.organisation_id, step)
        found = pages.get((run.pk, row.step_index, row.round), set())
        if (row.outcome == "taken") != bool(wanted):
            yield f"{row} was {row.outcome} and reaches {sorted(wanted)}"
        if found != wanted:
            yield f"{row} paged {sorted(found)}, not {sorted(wanted)}"


def _last_call(world: World, run: Run, told: set[Place]) -> Iterator[str]:
    if run.state != "exhausted":
        return
    target = run.version.body.get("fallback")
    methods = methods_of(world, run.organisation_id, target) if target else []
    if not methods:
        methods = [m for m in world.methods[run.organisation_id] if m.user is None]
    for method in methods:
        if (run.pk, method.pk) not in told:
            yield f"run {run.pk} is exhausted and {method.address} was not told"


def _messages(world: World, watch: Watch, told: Told) -> Iterator[str]:
    rows = Notification.objects.filter(organisation__in=world.organisation_ids)
    known = {str(row.uid) for row in rows}
    for each in watch.tries:
        if str(each.sent.uid) not in known:
            yield f"message {each.sent.uid} was sent and is in no outbox"
    yield from _tries(rows, watch)
    for row in rows:
        if row.incident_id is not None:
            yield from _recorded(row, told[str(row.uid)])


def _tries(rows: QuerySet[Notification], watch: Watch) -> Iterator[str]:
    """Compare what was sent with what the outbox says of it."""
    arrived = {t.sent.uid for t in watch.tries if t.sent.arrived}
    tries = Counter(t.sent.uid for t in watch.tries)
    written = Attempt.objects.filter(notification__in=rows)
    attempts = Counter(written.values_list("notification__uid", flat=True))
    for row in rows:
        if row.status == "sent" and row.uid not in arrived:
            yield f"message {row.uid} counts as sent and never arrived"
        if not attempts[row.uid] <= tries[row.uid] <= row.attempts:
            yield (
                f"message {row.uid} was tried {tries[row.uid]} times, counts "
                f"{row.attempts} and has {attempts[row.uid]} attempts"
            )


def _recorded(row: Notification, entries: Counter) -> Iterator[str]:
    """Each message has one entry when queued and one that says its end."""
    if entries["notification.queued"] != 1:
        yield f"message {row.uid} was queued in {entries['notification.queued']} entries"
    ends = {kind: entries[kind] for kind in _FINAL.values()}
    wanted = {kind: int(kind == _FINAL.get(row.status)) for kind in ends}
    if ends != wanted:
        yield f"message {row.uid} is {row.status} and recorded as {ends}"


def _chains(world: World) -> Iterator[str]:
    streams = Stream.objects.filter(
        audience__incident__organisation=world.lab
    ).distinct()
    for stream in streams:
        seq, previous = 0, GENESIS
        for entry in Entry.objects.filter(stream=stream).order_by("seq"):
            leaf = bytes(entry.leaf)
            fields = json.loads(leaf)
            if entry.seq != seq + 1 or fields["seq"] != entry.seq:
                yield f"stream {stream} goes from {seq} to {entry.seq}"
            if bytes.fromhex(fields["prev"]) != previous:
                yield f"stream {stream} is broken before {entry.seq}"
            seq, previous = entry.seq, hashlib.sha256(b"\0" + leaf).digest()
        if (stream.last_seq, bytes(stream.last_hash)) != (seq, previous):
            yield f"stream {stream} has another head than its last entry"
