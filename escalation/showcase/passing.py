"""Time that passes while the case is played: the loop of production, as of each instant.

What waits is routed and every timer fires at the instant at which it was due, so that the
record reads as if the product had run then. What it would have sent is closed unsent.
"""

from datetime import datetime
from typing import Final

from escalation.clocks.handlers import follow
from escalation.duties.following import follow as follow_duties
from escalation.loop import fire_due
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.standing import close_unsent
from escalation.routing.dispatch import dispatch
from incidents.events.record import recording
from incidents.models import Timer

UNSENT: Final = "the demo's past: it was played, nobody was told"


class Hours:
    """The instant that the case has come to; it only goes on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def pass_until(self, instant: datetime) -> datetime:
        """Let all happen by itself until then, what is due then too; return the instant."""
        settle(self.now)
        while (due_at := _next_due(instant)) is not None:
            self.now = max(self.now, due_at)
            settle(self.now)
        self.now = max(self.now, instant)
        return self.now


def settle(now: datetime) -> None:
    """Do what `escalation.loop` does at this instant, until nothing is left to do."""
    while dispatch(now) + follow(now) + follow_duties(now) + fire_due(now):
        pass
    with recording(now):
        # There is no incident but the case.
        waiting = Notification.objects.filter(
            status=NotificationStatus.QUEUED, incident__isnull=False
        ).select_related("organisation", "incident", "recipient_user")
        close_unsent(list(waiting), why=UNSENT)


def _next_due(until: datetime) -> datetime | None:
    timers = Timer.objects.filter(due_at__lte=until).order_by("due_at")
    return timers.values_list("due_at", flat=True).first()
