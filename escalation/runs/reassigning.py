"""Give an incident to others of the organisation: they are paged, the path waits."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from escalation.notifications.circuits import tell_runs_of_held_back
from escalation.notifications.models import Notification
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.policies.targets import Target
from escalation.runs import messages
from escalation.runs.decide import LAST_GRACE
from escalation.runs.directory import Directory
from escalation.runs.locking import end_own_acknowledgements, locked_live_run
from escalation.runs.models import GIVEN, Run, RunState
from escalation.runs.situation import Recipient
from escalation.runs.timers import (
    SNOOZE_ENDS,
    STEP,
    check_reached_timer,
    next_step_timer,
)
from escalation.runs.trail import record_reassignment
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import Incident, Organisation, Team, User
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
        owner = _owner(organisation, to, people)
        run.state, run.state_reason = RunState.ACTIVE, f"given to {owner}"[:300]
        run.snoozed_until, run.next_due_at = None, now + LAST_GRACE
        run.assigned_to = owner if isinstance(owner, User) else None
        run.waits_for = [(GIVEN, _round(run))]
        run.save()
        record_reassignment(run, to=owner, reason=reason, actor=actor)
        if run.assigned_to is not None:
            assign_locked([(run.incident, organisation, run.assigned_to, actor)])
        _page(run, messages.given(run, people, by=actor.name, reason=reason), now)
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


def _owner(
    organisation: Organisation, to: Target, people: Sequence[Recipient]
) -> User | Team:
    if to.kind == "team":
        return organisation.teams.get(slug=to.value)
    return User.objects.get(pk=people[0].user_id or 0)


def _round(run: Run) -> int:
    """Return which reassignment of the run this is, so that each has its own place."""
    pages = Notification.objects.filter(run=run, step_index=GIVEN)
    return (pages.aggregate(last=Max("round"))["last"] or 0) + 1


def _page(run: Run, pages: Sequence[NewNotification], now: datetime) -> None:
    """Page them; the run goes on at once if that reaches nobody, as behind a step."""
    queued = queue_notifications(pages, now=now)
    tell_runs_of_held_back(queued, now=now)
    step, number = run.waits_for[-1]
    check = check_reached_timer(run, step_index=step, round_number=number, now=now)
    add_timers([next_step_timer(run), check])
