"""What due timers do to runs. `loop.py` hands each a batch, the incidents locked."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from escalation.clocks.timers import EFFECT, RETARGET
from escalation.notifications.circuits import held_back
from escalation.notifications.consequences import METHOD_FAILED, NEXT_PLEASE
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.standing import ask_for_enough
from escalation.runs.acknowledged import enough_acknowledged
from escalation.runs.clock_effects import carry_out
from escalation.runs.clocks import follow_severity
from escalation.runs.engine import (
    NewRun,
    advance,
    end_runs,
    loaded,
    resume,
    start_runs,
)
from escalation.runs.models import LIVE, Run, RunState
from escalation.runs.passing_on import pass_on_by_link
from escalation.runs.pausing import pause_if_enough, wake
from escalation.runs.situation import AT_LATEST_REACHED, Reason
from escalation.runs.timers import (
    ACKNOWLEDGEMENT_ENDS,
    ACKNOWLEDGEMENT_GONE,
    CHECK_REACHED,
    SNOOZE_ENDS,
    STEP,
    due_instants,
)
from escalation.runs.trail import (
    label_of,
    record_acknowledgement_ended,
    record_unreached,
)
from escalation.runs.watch import (
    end_acknowledgements,
    newest_runs,
    watch_acknowledgements,
)
from incidents.incident.lifecycle import CHANGED, on_acknowledged
from incidents.models import Acknowledgement, Share, Timer
from incidents.timers.schedule import (
    NewTimer,
    add_timers,
    cancel_timers,
    register_handler,
)

UNREACHED = "no message of this step was delivered"
TIMED_OUT = "the acknowledgement timed out"
COUNTED_ON = "an acknowledgement that it counted on has ended"
FAILED = "every message of this step failed"
Place = tuple[int, int, int]  # run id, step index, round

_ARRIVED = (NotificationStatus.SENT, NotificationStatus.MERGED)
_ON_ITS_WAY = (
    NotificationStatus.QUEUED,
    NotificationStatus.SENDING,
    NotificationStatus.UNKNOWN,
)


def register_handlers() -> None:
    """Register the timers of runs; called when the app is ready."""
    register_handler(STEP, take_steps)
    register_handler(CHANGED, look_at_changes)
    register_handler(CHECK_REACHED, go_on_if_unreached)
    register_handler(METHOD_FAILED, go_on_if_failed)
    register_handler(ACKNOWLEDGEMENT_ENDS, time_out_acknowledgements)
    register_handler(ACKNOWLEDGEMENT_GONE, go_on_without)
    register_handler(RETARGET, follow_severity)
    register_handler(EFFECT, carry_out)
    register_handler(SNOOZE_ENDS, wake)
    register_handler(NEXT_PLEASE, pass_on_by_link)
    on_acknowledged(pause_if_enough)
    ask_for_enough(lambda ids: enough_acknowledged(loaded(ids)))


def take_steps(timers: Sequence[Timer], now: datetime) -> None:
    """Take the next steps of runs that still stand where the timer was set."""
    due = due_instants(timers)
    places = {(t.subject_id, t.payload["step"], t.payload["round"]) for t in timers}
    runs = [
        run for run in _active(due) if (run.pk, run.step_index, run.round) in places
    ]
    advance(runs, now=now, due=due)


def look_at_changes(timers: Sequence[Timer], now: datetime) -> None:
    """Pause or stop the runs of incidents that were acknowledged, closed or unshared."""
    incident_ids = {t.incident_id for t in timers if t.incident_id}
    live = Run.objects.filter(incident__in=incident_ids, state__in=LIVE)
    runs = loaded(live.values_list("pk", flat=True))
    acknowledged = enough_acknowledged(runs)
    shared = _shared(incident_ids)
    closed = [run for run in runs if run.incident.is_closed]
    unshared = [r for r in runs if r not in closed and not _is_visible(r, shared)]
    gone = {run.pk for run in (*closed, *unshared)}
    paused = [
        run
        for run in runs
        if run.pk not in gone
        and run.state in (RunState.ACTIVE, RunState.SNOOZED)
        and run.pk in acknowledged
    ]
    drop_steps([*closed, *unshared, *paused])
    end_runs(closed, state=RunState.STOPPED, reason=Reason.CLOSED, now=now)
    end_runs(unshared, state=RunState.STOPPED, reason=Reason.UNSHARED, now=now)
    end_runs(paused, state=RunState.ACKNOWLEDGED, reason=Reason.ACKNOWLEDGED, now=now)
    watch_acknowledgements(incident_ids)


def go_on_if_unreached(timers: Sequence[Timer], now: datetime) -> None:
    """Go on at once with runs whose step delivered nothing 60 s after its first attempt.

    A step that was not attempted yet is looked at again: after an outage of the senders
    nobody's ladder empties at once. So is one of which a message is still to come,
    because its person's rules delay it.
    """
    tried = _first_attempts(timers)
    to_come = _messages_to_come(timers, now)
    ripe: list[Timer] = []
    early: list[Timer] = []
    for timer in timers:
        place = _place(timer)
        first = None if place in to_come else tried.get(place)
        is_ripe = first is not None and first + AT_LATEST_REACHED <= now
        (ripe if is_ripe else early).append(timer)
    _look_again(early, tried | to_come, now)
    places = {_place(timer) for timer in ripe}
    _go_on(places, now, reason=UNREACHED, counts_as_hope=_ARRIVED)


def go_on_if_failed(timers: Sequence[Timer], now: datetime) -> None:
    """Go on at once with runs whose step has no message left that could arrive."""
    uids = [timer.payload["notification"] for timer in timers]
    # Where each is now: a hand-over may have moved it since it was claimed.
    rows = Notification.objects.filter(uid__in=uids)
    columns = rows.values_list("run_id", "step_index", "round")
    places = {
        (run_id, step, number)
        for run_id, step, number in columns
        if run_id and step is not None and number is not None
    }
    hope = (*_ARRIVED, *_ON_ITS_WAY)
    _go_on(places, now, reason=FAILED, counts_as_hope=hope)


def time_out_acknowledgements(timers: Sequence[Timer], now: datetime) -> None:
    """End acknowledgements that timed out and take their paths up again."""
    rows = Acknowledgement.objects.filter(
        pk__in=[t.subject_id for t in timers], ended_at=None
    ).select_related("incident")
    forgotten = [row for row in rows if not row.incident.is_closed]
    end_acknowledgements(forgotten, now=now)
    ends_at = due_instants(timers)
    sides = {(r.incident_id, r.organisation_id): ends_at[r.pk] for r in forgotten}
    runs = loaded(newest_runs(forgotten).values_list("pk", flat=True))
    due = {run.pk: sides[run.incident_id, run.organisation_id] for run in runs}
    paused = [run for run in runs if run.state == RunState.ACKNOWLEDGED]
    anew = [run for run in runs if run.state == RunState.EXHAUSTED]
    for run in runs:
        if run not in (*paused, *anew):
            record_acknowledgement_ended(run, reason=TIMED_OUT)
    resume(paused, reason=TIMED_OUT, now=now, due=due)
    start_runs([_again(run, due[run.pk]) for run in anew], now=now)


def go_on_without(timers: Sequence[Timer], now: datetime) -> None:
    """Take up paths whose rule is not met any more since an acknowledgement ended."""
    due = due_instants(timers)
    paused = Run.objects.filter(pk__in=due, state=RunState.ACKNOWLEDGED)
    runs = loaded(paused.values_list("pk", flat=True))
    enough = enough_acknowledged(runs)
    left = [r for r in runs if r.pk not in enough and not r.incident.is_closed]
    resume(left, reason=COUNTED_ON, now=now, due=due)


def _again(run: Run, due_at: datetime) -> NewRun:
    return NewRun(
        run.incident,
        run.organisation,
        run.version,
        TIMED_OUT,
        came_from=tuple(run.came_from),
        routed_policy_id=run.routed_policy_id,
        due_at=due_at,
    )


def _place(timer: Timer) -> Place:
    return timer.subject_id, timer.payload["step"], timer.payload["round"]


def _first_attempts(timers: Sequence[Timer]) -> dict[Place, datetime]:
    """Return when each timer's step was first attempted; a step not yet tried is absent."""
    rows = Notification.objects.filter(
        run__in={t.subject_id for t in timers}, first_attempt_at__isnull=False
    ).order_by("-first_attempt_at")
    columns = ("run_id", "step_index", "round", "first_attempt_at")
    return {
        (run_id or 0, step or 0, round_number or 0): first_attempt_at
        for run_id, step, round_number, first_attempt_at in rows.values_list(*columns)
        if first_attempt_at
    }


def _messages_to_come(timers: Sequence[Timer], now: datetime) -> dict[Place, datetime]:
    """Return when the last message of each step is due that was never due so far."""
    rows = Notification.objects.filter(
        run__in={t.subject_id for t in timers},
        status=NotificationStatus.QUEUED,
        attempts=0,
        next_attempt_at__gt=now,
    )
    columns = ("run_id", "step_index", "round", "next_attempt_at")
    return {
        (run, step or 0, round_number or 0): due_at
        for run, step, round_number, due_at in rows.order_by(
            "next_attempt_at"
        ).values_list(*columns)
        if run is not None
    }


def _look_again(
    timers: Sequence[Timer], tried: dict[Place, datetime], now: datetime
) -> None:
    active = set(
        Run.objects.filter(
            pk__in={t.subject_id for t in timers}, state=RunState.ACTIVE
        ).values_list("pk", flat=True)
    )
    add_timers(
        NewTimer(
            kind=CHECK_REACHED,
            subject_id=timer.subject_id,
            organisation_id=timer.organisation_id,
            incident_id=timer.incident_id,
            due_at=tried.get(_place(timer), now) + AT_LATEST_REACHED,
            payload=timer.payload,
        )
        for timer in timers
        if timer.subject_id in active
    )


def _go_on(
    places: AbstractSet[Place],
    now: datetime,
    *,
    reason: str,
    counts_as_hope: Iterable[NotificationStatus],
) -> None:
    """Advance active runs that wait for the people of these places, and for no others."""
    ids = {run_id for run_id, _, _ in places}
    hopeful = set(
        Notification.objects.filter(run__in=ids, status__in=list(counts_as_hope))
        # Whose provider is down is not waited for, though it is tried on.
        .exclude(pk__in=held_back(now).filter(run__in=ids).values("pk"))
        .values_list("run_id", "step_index", "round")
    )
    # Nearly all steps reached somebody: their runs need not even be read.
    left = places - hopeful
    stuck: list[Run] = []
    for run in _active({run_id for run_id, _, _ in left}):
        awaited = {(run.pk, step, number) for step, number in run.waits_for}
        if awaited & left and not awaited & hopeful:
            stuck.append(run)
            _, step, number = max(awaited & left)
            label = label_of(run, step)
            record_unreached(run, label=label, round_number=number, reason=reason)
            run.waits_for = []
    if stuck:
        drop_steps(stuck)
        advance(stuck, now=now, due={run.pk: now for run in stuck})


def _active(ids: Iterable[int]) -> list[Run]:
    return [run for run in loaded(ids) if run.state == RunState.ACTIVE]


def drop_steps(runs: Sequence[Run]) -> None:
    """Cancel the timers of the runs' next steps."""
    ids = [run.pk for run in runs]
    if ids:
        cancel_timers(STEP, ids)


def _shared(incident_ids: Iterable[int]) -> set[tuple[int, int]]:
    rows = Share.objects.filter(incident__in=incident_ids, unshared_at=None)
    return set(rows.values_list("incident_id", "agency_id"))


def _is_visible(run: Run, shared: set[tuple[int, int]]) -> bool:
    is_owner = run.organisation_id == run.incident.organisation_id
    return is_owner or (run.incident_id, run.organisation_id) in shared
