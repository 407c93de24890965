"""Give an incident to others of the organisation: they are paged, the path waits."""

from datetime import datetime

from escalation.notifications import retry
from escalation.notifications.outbox import queue_notifications
from escalation.policies.targets import Target
from escalation.runs import messages
from escalation.runs.decide import LAST_GRACE
from escalation.runs.directory import Directory
from escalation.runs.facts import names_of
from escalation.runs.locking import end_own_acknowledgements, locked_live_run
from escalation.runs.models import Run, RunState
from escalation.runs.situation import Recipient
from escalation.runs.timers import SNOOZE_ENDS, STEP, next_step_timer
from escalation.runs.trail import record_reassignment
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import Incident, Organisation, User
from incidents.timers.schedule import add_timers, cancel_timers
from incidents.triage.assigning import assign_locked


def reassign(
    incident: Incident,
    *,
    organisation: Organisation,
    to: Target,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Run:
    """Page these people now; without an acknowledgement the path goes on in 15 minutes.

    `to` is a user or a team of the organisation. Its acknowledgements end, and a snooze.
    Raises BadInput, and NotPossible without a live run. Locks the incident.
    """
    with recording(now):
        run = locked_live_run(incident, organisation)
        people = _people(organisation, to, now)
        end_own_acknowledgements([run], now=now)
        cancel_timers(STEP, [run.pk])
        cancel_timers(SNOOZE_ENDS, [run.pk])
        names = ", ".join(names_of(people))
        run.state, run.state_reason = RunState.ACTIVE, f"given to {names}"[:300]
        run.snoozed_until, run.next_due_at = None, now + LAST_GRACE
        run.assigned_to = _one(people, to)
        run.save()
        record_reassignment(run, to=names, reason=reason, actor=actor)
        if run.assigned_to is not None:
            assign_locked([(run.incident, organisation, run.assigned_to, actor)])
        _page(run, people, f"{actor.name} gave it to you: {reason}", now)
        add_timers([next_step_timer(run)])
    return run


def _people(organisation: Organisation, to: Target, now: datetime) -> list[Recipient]:
    directory = Directory.load([(organisation.pk, to)], now=now)
    people = directory.recipients(
        to, organisation.pk, frozenset(), is_urgent=True, now=now
    )
    if not people:
        why = str(directory.why_nobody(to, organisation.pk))
        raise BadInput("to", to.value, f"Choose others: {why}.")
    return people


def _one(people: list[Recipient], to: Target) -> User | None:
    user_id = people[0].user_id
    if to.kind != "user" or user_id is None:
        return None
    return User.objects.get(pk=user_id)


def _page(run: Run, people: list[Recipient], why: str, now: datetime) -> None:
    key = f"run:{run.pk}:reassigned:{now.timestamp():.6f}"
    rows = messages.to_all(run, people, purpose=retry.PAGE, key=key, why=why)
    queue_notifications(rows, now=now)
