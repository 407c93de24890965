"""Hold what a file says, read and checked, before it meets the database.

Each has the `path` at which it stands in the file, for messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from escalation.lawbook.profile_editing import ProfileDraft
from escalation.oncall.reading import ScheduleDraft
from escalation.stamps.editing import AuthorityDraft
from escalation.worldfile.positions import Path
from incidents.intake.heartbeats.monitors import HeartbeatDraft
from incidents.intake.maintenance import MaintenanceDraft
from incidents.mail.mailboxes import MailboxDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSpec:
    """A lab, an agency or the platform's operator."""

    path: Path
    slug: str
    name: str
    kind: str
    second_person: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSpec:
    """A person and, for each organisation named, exactly these roles."""

    path: Path
    email: str
    name: str
    password: str
    roles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSpec:
    """A team and exactly these members."""

    path: Path
    organisation: str
    slug: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSpec:
    """A way to reach a person, or the organisation's desk when there is no person."""

    path: Path
    organisation: str
    person: str
    slug: str
    channel: str
    address: str
    address_secret: str = field(repr=False)
    is_verified: bool
    is_enabled: bool
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSpec:
    """How a person is paged; `body` is what `rule_reading.rules_to_body` returns."""

    path: Path
    organisation: str
    person: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec:
    """A working calendar; its parts are what `calendars.reading` writes."""

    path: Path
    organisation: str
    slug: str
    name: str
    zone: str
    hours: Mapping[str, Any]
    holidays_of: str
    closures: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSpec:
    """A calendar outside that is a layer of a schedule."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """An on-call schedule; `draft` is what `oncall.reading.read_schedule` returns."""

    path: Path
    organisation: str
    slug: str
    draft: ScheduleDraft
    calendars: tuple[ImportSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSpec:
    """Other people on call for a while."""

    path: Path
    organisation: str
    schedule: str
    start_at: datetime
    end_at: datetime
    people: tuple[str, ...]
    mode: str
    replaces: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """An escalation policy; `body` is what `policies.steps.to_body` returns."""

    path: Path
    organisation: str
    slug: str
    name: str
    body: Mapping[str, Any]
    second_person: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """A route, at its place in the file's order."""

    path: Path
    organisation: str
    name: str
    matchers: tuple[Mapping[str, Any], ...]
    is_default: bool
    policy: str
    share_with: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """A monitoring tool that may post."""

    path: Path
    organisation: str
    slug: str
    tool: str
    name: str
    key: str
    is_enabled: bool
    resolves_incidents: bool
    default_severity: int
    default_category: str
    default_tlp: str
    mapping: Mapping[str, str]
    severity_map: Mapping[str, int]
    group_by: tuple[str, ...]
    group_window_minutes: int
    expires_after_minutes: int
    flap_changes: int
    flap_minutes: int
    quiet_after_hours: int
    verification: str
    verification_options: Mapping[str, str]
    address_ranges: tuple[str, ...]
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeSpec:
    """A lab's own framework; the text is empty when it could not be read."""

    path: Path
    organisation: str
    id: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSpec:
    """Exactly these laws, and who answers for them."""

    path: Path
    organisation: str
    draft: ProfileDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDeskSpec:
    """Who takes anonymous reports, and exactly these people who read them."""

    path: Path
    organisation: str
    handlers: tuple[str, ...]
    is_open: bool
    takes_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSpec:
    """Where an organisation takes mail."""

    path: Path
    organisation: str
    draft: MailboxDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSpec:
    """Something that must give a sign of life."""

    path: Path
    organisation: str
    slug: str
    draft: HeartbeatDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSpec:
    """A time during which alerts open no incident; `draft` lacks its source."""

    path: Path
    organisation: str
    slug: str
    source: str
    draft: MaintenanceDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSpec:
    """Who cosigns the log; `organisation` is a slug, empty for no party."""

    path: Path
    slug: str
    vkey: str
    address: str
    organisation: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessGroupSpec:
    """Witnesses and groups, of which so many have to cosign: all, any or a number."""

    path: Path
    name: str
    needs: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumSpec:
    """Which group or witness makes heads complete, or `computed`."""

    path: Path
    name: str
    alarm_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoritySpec:
    """Who stamps the log's heads with the time; no password keeps the present one."""

    path: Path
    draft: AuthorityDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedLogSpec:
    """A log that is cosigned here, from a head on; the root is base64."""

    path: Path
    origin: str
    vkeys: tuple[str, ...]
    size: int
    root: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class RetentionSpec:
    """How long one class of values is kept; None for ever."""

    path: Path
    organisation: str
    of: str
    keep_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that one file says."""

    organisations: tuple[OrganisationSpec, ...]
    people: tuple[PersonSpec, ...]
    teams: tuple[TeamSpec, ...]
    contact_methods: tuple[ContactSpec, ...]
    notification_rules: tuple[RulesSpec, ...]
    calendars: tuple[CalendarSpec, ...]
    schedules: tuple[ScheduleSpec, ...]
    overrides: tuple[OverrideSpec, ...]
    policies: tuple[PolicySpec, ...]
    routes: tuple[RouteSpec, ...]
    regimes: tuple[RegimeSpec, ...]
    legal_profiles: tuple[ProfileSpec, ...]
    sources: tuple[SourceSpec, ...]
    report_desks: tuple[ReportDeskSpec, ...]
    heartbeats: tuple[HeartbeatSpec, ...]
    maintenance_windows: tuple[MaintenanceSpec, ...]
    mailboxes: tuple[MailboxSpec, ...]
    witnesses: tuple[WitnessSpec, ...]
    watched_logs: tuple[WatchedLogSpec, ...]
    retention_schedules: tuple[RetentionSpec, ...]
    quorum: QuorumSpec | None = None
    witness_groups: tuple[WitnessGroupSpec, ...] = ()
    time_stamp_authorities: tuple[AuthoritySpec, ...] = ()
