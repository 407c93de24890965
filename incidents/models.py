"""Index of the models of `incidents`; each lives in its slice."""

from incidents.anonymous.models import (
    AnonymousReport,
    ReportDesk,
    ReportFile,
    ReportHandler,
    ReportMessage,
    ReportReader,
    ReportState,
    TokenBucket,
)
from incidents.audit.models import Audit
from incidents.custody.models import (
    Approval,
    Erasure,
    ErasureState,
    Hold,
    RecipientNotice,
    StandingCheck,
)
from incidents.events.models import AudienceStream, Pending, Purpose, ReadMark
from incidents.evidence.models import BundleState, EvidenceBundle
from incidents.incident.models import (
    AcknowledgedVia,
    Acknowledgement,
    Attachment,
    IdempotencyKey,
    Incident,
    ReportDraft,
    Share,
    Status,
)
from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.imports.models import ImportedIncident
from incidents.intake.models import (
    Alert,
    Delivery,
    DeliveryCount,
    DeliveryState,
    Refusal,
    Source,
)
from incidents.intake.silence_models import (
    Maintenance,
    NoticeStage,
    Silence,
    SilenceNotice,
    Suppression,
)
from incidents.ledger.models import DataKey, Disclosure, Entry, Erased, Stream
from incidents.mail.models import Mail, Mailbox, MailState
from incidents.organisations.models import (
    ApiToken,
    Membership,
    Organisation,
    OrganisationKind,
    SignInFailure,
    Team,
    User,
)
from incidents.retention.models import RetentionItem, RetentionRun, RetentionSchedule
from incidents.sealing.models import (
    Checkpoint,
    Cosigned,
    EndedLog,
    SealedLeaf,
    SealerState,
    Tile,
    Which,
)
from incidents.signatures.models import PartyKey
from incidents.stamping.models import TimeStamp, TimeStampAuthority
from incidents.timers.models import Lateness, TestClock, Tick, Timer
from incidents.triage.models import Outcome, Question, TriageRow, TriageState
from incidents.witnessing.models import (
    QuorumMiss,
    WatchedLog,
    Witness,
    WitnessQuorum,
)

__all__ = [
    "AcknowledgedVia",
    "Acknowledgement",
    "Alert",
    "AnonymousReport",
    "ApiToken",
    "Approval",
    "Attachment",
    "AudienceStream",
    "Audit",
    "BundleState",
    "Checkpoint",
    "Cosigned",
    "DataKey",
    "Delivery",
    "DeliveryCount",
    "DeliveryState",
    "Disclosure",
    "EndedLog",
    "Entry",
    "Erased",
    "Erasure",
    "ErasureState",
    "EvidenceBundle",
    "Heartbeat",
    "HeartbeatState",
    "Hold",
    "IdempotencyKey",
    "ImportedIncident",
    "Incident",
    "Lateness",
    "Mail",
    "MailState",
    "Mailbox",
    "Maintenance",
    "Membership",
    "NoticeStage",
    "Organisation",
    "OrganisationKind",
    "Outcome",
    "PartyKey",
    "Pending",
    "Purpose",
    "Question",
    "QuorumMiss",
    "ReadMark",
    "RecipientNotice",
    "Refusal",
    "ReportDesk",
    "ReportDraft",
    "ReportFile",
    "ReportHandler",
    "ReportMessage",
    "ReportReader",
    "ReportState",
    "RetentionItem",
    "RetentionRun",
    "RetentionSchedule",
    "SealedLeaf",
    "SealerState",
    "Share",
    "SignInFailure",
    "Silence",
    "SilenceNotice",
    "Source",
    "StandingCheck",
    "Status",
    "Stream",
    "Suppression",
    "Team",
    "TestClock",
    "Tick",
    "Tile",
    "TimeStamp",
    "TimeStampAuthority",
    "Timer",
    "TokenBucket",
    "TriageRow",
    "TriageState",
    "User",
    "WatchedLog",
    "Which",
    "Witness",
    "WitnessQuorum",
]
