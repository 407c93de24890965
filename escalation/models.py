"""Index of the models of `escalation`; each lives in its slice."""

from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import (
    Attempt,
    ContactMethod,
    Notification,
    NotificationStatus,
    Pace,
)
from escalation.policies.models import (
    Policy,
    PolicyVersion,
    SecondPersonRule,
    VersionState,
)
from escalation.routing.models import Route
from escalation.runs.models import Run, RunState, StepTaken

__all__ = [
    "Attempt",
    "ContactMethod",
    "Notification",
    "NotificationStatus",
    "Pace",
    "Policy",
    "PolicyVersion",
    "Route",
    "Run",
    "RunState",
    "SecondPersonRule",
    "StepTaken",
    "VersionState",
    "WorkingCalendar",
]
