"""Celery is the doorbell: each task looks for work by itself and needs no arguments."""

from celery import shared_task

from escalation import loop
from escalation.notifications.channels.guarded_get import get
from escalation.oncall.importing import refresh_due
from escalation.stamps import stamping
from escalation.witnesses import asking
from incidents.timers.clock import read_now
from incidents.timers.ticks import note_tick
from incidents.witnessing.watching import watch_if_due


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def dispatch_routes() -> None:
    """Route what waits for the router."""
    loop.route_new_events()


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def tick() -> None:
    """Fire the timers that are due."""
    loop.fire_due_timers()


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def deliver() -> None:
    """Send what is due from the outbox."""
    loop.deliver_messages()


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def refresh_calendars() -> None:
    """Read the imported calendars that are due."""
    refresh_due(read_now, fetch=get)
    note_tick("calendars", read_now())


@shared_task(ignore_result=True, soft_time_limit=90, time_limit=120)
def ask_witnesses() -> None:
    """Have the newest head cosigned and stamped, and see that a quorum vouches."""
    try:
        asking.ask_witnesses(read_now())
    finally:
        # Also when asking fails: that is when it matters.
        watch_if_due(read_now())
    stamping.stamp_due(read_now())
    note_tick("witnesses", read_now())
