"""Index of the models of `escalation`; each lives in its slice."""

from escalation.calendars.models import WorkingCalendar
from escalation.clocks.models import Clock, ClockPause, ClockState
from escalation.duties.models import (
    AnchorChoice,
    AnchorValue,
    AssessmentAnswer,
    Decision,
    DueDate,
    DutyState,
    Precision,
    Said,
    StatutoryClock,
    Verdict,
)
from escalation.lawbook.models import LegalProfile, RegimeText
from escalation.notifications.models import (
    Attempt,
    Circuit,
    ContactMethod,
    Notification,
    NotificationRules,
    NotificationStatus,
    Pace,
    Purse,
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
from escalation.policies.models import (
    Policy,
    PolicyVersion,
    SecondPersonRule,
    VersionState,
)
from escalation.replies.models import CallbackRefusals, CallbackSeen, ReplyTry
from escalation.routing.models import Route
from escalation.runs.models import Run, RunState, StepTaken, Turn

__all__ = [
    "AnchorChoice",
    "AnchorValue",
    "AssessmentAnswer",
    "Attempt",
    "CallbackRefusals",
    "CallbackSeen",
    "Circuit",
    "Clock",
    "ClockPause",
    "ClockState",
    "ContactMethod",
    "Decision",
    "DueDate",
    "DutyState",
    "FeedToken",
    "ImportedCalendar",
    "ImportedShift",
    "LegalProfile",
    "Notification",
    "NotificationRules",
    "NotificationStatus",
    "Override",
    "OverrideMode",
    "Pace",
    "Participant",
    "Policy",
    "PolicyVersion",
    "Precision",
    "Purse",
    "RegimeText",
    "ReplyTry",
    "Rotation",
    "Route",
    "Run",
    "RunState",
    "Said",
    "Schedule",
    "SecondPersonRule",
    "StatutoryClock",
    "StepTaken",
    "SwapRequest",
    "SwapState",
    "Turn",
    "TurnUnit",
    "Verdict",
    "VersionState",
    "WorkingCalendar",
]
