"""What must hold of a seed's rows when everything is quiet."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet

from escalation.clocks.models import Clock
from escalation.models import Attempt, Notification, Run, StepTaken
from incidents.ledger.canonical import GENESIS
from incidents.models import (
    Acknowledgement,
    AudienceStream,
    Delivery,
    Entry,
    Incident,
    Pending,
    Stream,
    Timer,
)
from tests.recomputing import contradictions
from tests.simulation.aftermath import Aftermath, routed_with_cause
from tests.simulation.faults import has_clock_steps
from tests.simulation.handing import Press
from tests.simulation.judging import JudgedRun
from tests.simulation.poison import Poison
from tests.simulation.sent import Sent
from tests.simulation.told import Told
from tests.simulation.watch import Watch
from tests.simulation.worlds import World

# A target counts to the end of its millisecond.
_GRACE = timedelta(milliseconds=2)
_FINAL = {
    "sent": "notification.sent",
    "failed": "notification.failed",
    "cancelled": "notification.cancelled",
    "merged": "notification.merged",
}


def check(
    world: World,
    watch: Watch,
    poison: Poison,
    told: Told,
    presses: list[Press],
) -> Iterator[str]:
    """Yield a sentence for everything that does not hold."""
    yield from _nothing_waits(world, poison)
    yield from _deliveries(world)
    yield from _incidents(world)
    yield from _runs(world, told, presses)
    yield from _clocks(world, told)
    yield from _recomputed(world)
    yield from _messages(world, watch, told)
    yield from _chains(world)


def _nothing_waits(world: World, poison: Poison) -> Iterator[str]:
    ids = world.organisation_ids
    for timer in Timer.objects.filter(organisation__in=ids):
        yield f"timer {timer} was never handled ({timer.attempts} attempts)"
    waiting = Pending.objects.filter(organisation__in=ids).exclude(consumer="sealer")
    for entry in waiting:
        yield f"entry {entry.entry_id} of {entry.kind} still waits for {entry.consumer}"
    for row in Notification.objects.filter(organisation__in=ids):
        if row.lease_token or row.lease_until:
            yield f"message {row.uid} has a lease that nobody holds"
        if row.status not in _FINAL:
            yield f"message {row.uid} ended as {row.status}"
    if poison.fired() != poison.planned:
        yield f"of {poison.planned} counted timers {poison.fired()} fired"


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


def _runs(world: World, told: Told, presses: list[Press]) -> Iterator[str]:
    ids = world.organisation_ids
    acks: dict[int, list[Acknowledgement]] = defaultdict(list)
    for ack in Acknowledgement.objects.filter(organisation__in=ids):
        acks[ack.incident_id].append(ack)
    taken: dict[int, list[StepTaken]] = defaultdict(list)
    for step in StepTaken.objects.filter(organisation__in=ids).order_by("pk"):
        taken[step.run_id].append(step)
    sent = Sent()
    for row in Notification.objects.filter(run__organisation__in=ids):
        sent.add(row)
    runs = Run.objects.filter(organisation__in=ids).order_by("pk")
    judged: dict[int, JudgedRun] = {}
    for run in runs.select_related("version", "incident"):
        former, own = judged.get(run.continues_id or 0), acks[run.incident_id]
        one = JudgedRun(world, run, taken[run.pk], told, former, own)
        judged[run.pk] = one
        yield from _state(run, own)
        yield from one.follows_its_path()
        yield from one.told(sent)
        yield from one.once(sent)
        yield from one.in_time(sent)
        yield from one.last_call(sent)
        mine = [press for press in presses if press.run == str(run.uid)]
        after = Aftermath(
            run, told, sent.given[run.pk], mine, has_clock_steps(world.seed)
        )
        yield from after.sleeps()
        yield from after.waits_for_others()
        yield from after.hears()
        yield from after.passes_on_once()
    yield from routed_with_cause(world, [one.run for one in judged.values()], told)
    for run_id, index, turn in sent.pages:
        rows = [(s.step_index, s.round, s.outcome) for s in taken[run_id]]
        if (index, turn, "taken") not in rows:
            yield f"run {run_id} has pages of place {index}:{turn}, which it never took"


def _state(run: Run, acks: list[Acknowledgement]) -> Iterator[str]:
    if run.state in ("active", "snoozed"):
        yield f"run {run.pk} is {run.state} and has no timer"
    if run.state != "acknowledged":
        return
    if not any(
        ack.ended_at is None and ack.organisation_id == run.organisation_id
        for ack in acks
    ):
        yield f"run {run.pk} is paused by an acknowledgement that has ended"
    elif run.version.body.get("ack_timeout_minutes"):
        yield f"run {run.pk} is still paused; its acknowledgement should have timed out"


def _clocks(world: World, told: Told) -> Iterator[str]:
    """Each clock came to its end on time or was breached, and said so once."""
    for clock in Clock.objects.filter(organisation__in=world.organisation_ids):
        kinds = told.clocks[str(clock.pk)]
        yield from _verdict(clock)
        counts = Counter(kinds)
        for kind in ("started", "breached", "met", "cancelled"):
            if counts[kind] > 1:
                yield f"clock {clock.pk} ({clock}) says {kind} {counts[kind]} times"
        if (counts["breached"] == 1) != (clock.breached_at is not None):
            yield f"clock {clock.pk} ({clock}) is {clock.state} and says {kinds}"
        if "warned" in kinds[kinds.index("breached") :] if "breached" in kinds else ():
            yield f"clock {clock.pk} ({clock}) warned after its breach: {kinds}"


def _verdict(clock: Clock) -> Iterator[str]:
    if clock.state in ("running", "paused"):
        yield f"clock {clock.pk} ({clock}) is still {clock.state}"
        return
    due = clock.due_at
    if clock.calendar is None:
        due = clock.started_at + timedelta(minutes=clock.minutes)
        if clock.due_at != due:
            yield f"clock {clock.pk} ({clock}) is due {clock.due_at}, not {due}"
    if due is None:
        return
    is_late = clock.met_at is not None and clock.met_at > due + _GRACE
    if is_late and clock.state == "met":
        yield f"clock {clock.pk} ({clock}) was met at {clock.met_at}, due {due}"
    if clock.breached_at and clock.breached_at < due:
        yield f"clock {clock.pk} ({clock}) was breached at {clock.breached_at}, due {due}"


def _recomputed(world: World) -> Iterator[str]:
    """What the record says of deadlines convinces whoever verifies it offline."""
    streams = AudienceStream.objects.filter(organisation__in=world.organisation_ids)
    yield from contradictions(list(streams.values_list("stream", flat=True)))


def _messages(world: World, watch: Watch, told: Told) -> Iterator[str]:
    rows = Notification.objects.filter(organisation__in=world.organisation_ids)
    known = {str(row.uid) for row in rows}
    for each in watch.tries:
        if str(each.sent.uid) not in known:
            yield f"message {each.sent.uid} was sent and is in no outbox"
    yield from _tries(rows, watch)
    for row in rows.select_related("digest"):
        if row.incident_id is not None:
            yield from _recorded(row, told.messages[str(row.uid)])
        if row.status == "merged":
            yield from _merged(row, row.digest)


def _merged(row: Notification, digest: Notification | None) -> Iterator[str]:
    """A page that counts as merged stands in a digest that has arrived."""
    if digest is None or digest.status != "sent":
        yield f"message {row.uid} is merged into {digest}, which was not sent"
    elif str(row.uid) not in digest.message["data"]["notifications"]:
        yield f"message {row.uid} is merged and does not stand in its digest"


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
