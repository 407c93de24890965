"""Tell the people who work on an incident that a clock is near its end, or over it.

Told are, in this order: who has the incident (the agency's officer for it, whom a step assigned,
or those who acknowledged for the organisation); else those whom the run told last; else the desk,
else the administrators.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from escalation.clocks.models import Clock
from escalation.clocks.trail import name_of
from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod, Notification
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from escalation.policies.clock_targets import Notice, describe_minutes
from incidents.models import Acknowledgement, TriageRow

_Place = tuple[int, int]  # incident id, organisation id


@dataclass(frozen=True, slots=True)
class Alarm:
    """A clock of which people must hear; without a notice it is overdue."""

    clock: Clock
    notice: Notice | None

    @property
    def place(self) -> _Place:
        """Return whose clock it is."""
        return self.clock.incident_id, self.clock.organisation_id


def tell(alarms: Sequence[Alarm], *, now: datetime) -> None:
    """Queue a message for each method of the people of each alarm."""
    if not alarms:
        return
    people = _people(alarms)
    book = AddressBook.load(
        {alarm.clock.organisation_id for alarm in alarms},
        user_ids={user_id for found in people for user_id in found},
    )
    rows = [
        _row(alarm, method, now)
        for alarm, found in zip(alarms, people, strict=True)
        for method in book.methods_of(alarm.clock.organisation_id, found)
    ]
    queue_notifications(rows, now=now)


def _people(alarms: Sequence[Alarm]) -> list[list[int]]:
    """Return the people to be told of each alarm, without regard to how they are reached."""
    workers, told = _workers(alarms), _told_last(alarms)
    return [
        workers.get(alarm.place) or told.get(alarm.clock.run_id or 0, [])
        for alarm in alarms
    ]


def _workers(alarms: Sequence[Alarm]) -> dict[_Place, list[int]]:
    incidents = {alarm.clock.incident_id for alarm in alarms}
    rows = TriageRow.objects.filter(incident__in=incidents, owner__isnull=False)
    found = {
        (incident_id, organisation_id): [owner_id]
        for incident_id, organisation_id, owner_id in rows.values_list(
            "incident_id", "organisation_id", "owner_id"
        )
    }
    runs = Clock.objects.filter(pk__in={alarm.clock.pk for alarm in alarms})
    for incident_id, organisation_id, user_id in runs.filter(
        run__assigned_to__isnull=False
    ).values_list("incident_id", "organisation_id", "run__assigned_to"):
        found.setdefault((incident_id, organisation_id), [user_id or 0])
    has_owner = set(found)
    acknowledged = Acknowledgement.objects.filter(
        incident__in=incidents, ended_at=None, user__isnull=False
    )
    for incident_id, organisation_id, user_id in acknowledged.order_by(
        "pk"
    ).values_list("incident_id", "organisation_id", "user_id"):
        if (incident_id, organisation_id) not in has_owner:
            found.setdefault((incident_id, organisation_id), []).append(user_id or 0)
    return found


def _told_last(alarms: Sequence[Alarm]) -> dict[int, list[int]]:
    """Return the people of the step that each run took last."""
    runs = {alarm.clock.run_id for alarm in alarms if alarm.clock.run_id}
    rows = Notification.objects.filter(
        run__in=runs, recipient_user__isnull=False, step_index__isnull=False
    )
    last: dict[int, tuple[datetime, list[int]]] = {}
    for run_id, user_id, at in rows.order_by("queued_at", "pk").values_list(
        "run_id", "recipient_user_id", "queued_at"
    ):
        before = last.get(run_id or 0)
        people = before[1] if before and before[0] == at else []
        last[run_id or 0] = at, [*people, user_id or 0]
    return {run: list(dict.fromkeys(people)) for run, (_, people) in last.items()}


def _row(alarm: Alarm, method: ContactMethod, now: datetime) -> NewNotification:
    clock = alarm.clock
    purpose = retry.CLOCK if alarm.notice else retry.OVERDUE
    facts = facts_of(
        clock.incident,
        purpose=purpose,
        channel=method.channel,
        organisation_name=clock.organisation.name,
        base_url=settings.BASE_URL,
        why=said(clock, now),
    )
    which = alarm.notice.name if alarm.notice else "breach"
    return message_by(
        method,
        dedup_key=f"clock:{clock.pk}:{clock.moves}:{which}:{method.pk}",
        purpose=purpose,
        message=render_message(facts),
        desk=f"{clock.organisation.name} desk",
        incident=clock.incident,
    )


def said(clock: Clock, now: datetime) -> str:
    """Return what is due when, such as "Triage is due in 1 hour, at 14:05 UTC"."""
    if clock.due_at is None:
        return f"{name_of(clock)}: the clock is paused."
    at = f"{clock.due_at:%H:%M UTC on %a %d %b}"
    minutes = abs(clock.due_at - now).total_seconds() / 60
    length = describe_minutes(round(minutes)) if minutes >= 1 else "less than a minute"
    if clock.due_at < now:
        return f"{name_of(clock)}: overdue by {length}, since {at}."
    return f"{name_of(clock)}: due in {length}, at {at}."
