"""Index of the models of `escalation`; each lives in its slice."""

from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import (
    Attempt,
    ContactMethod,
    Notification,
    NotificationStatus,
)
from escalation.oncall.models import (
    FeedToken,
    ImportedCalendar,
    ImportedShift,
    Override,
    OverrideMode,
    Participant,
    Rotation,
    Schedule,
    SwapRequest,
    SwapState,
    TurnUnit,
)
from escalation.policies.models import Policy, PolicyVersion
from escalation.routing.models import Route
from escalation.runs.models import Run, RunState, StepTaken

__all__ = [
    "Attempt",
    "ContactMethod",
    "FeedToken",
    "ImportedCalendar",
    "ImportedShift",
    "Notification",
    "NotificationStatus",
    "Override",
    "OverrideMode",
    "Participant",
    "Policy",
    "PolicyVersion",
    "Rotation",
    "Route",
    "Run",
    "RunState",
    "Schedule",
    "StepTaken",
    "SwapRequest",
    "SwapState",
    "TurnUnit",
    "WorkingCalendar",
]
