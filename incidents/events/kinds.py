"""Every kind of event: its fields, who may read which of them, and its sentence.

`shared` lists the fields that the other side of a pair stream gets; None keeps the
kind in the private stream of the organisation that acted. Adding a kind: one line here.
"""

from typing import Final

from incidents.events.custody_kinds import CUSTODY_KINDS
from incidents.events.delay_kinds import DELAY_KINDS
from incidents.events.duty_kinds import DUTY_KINDS
from incidents.events.filing_kinds import FILING_KINDS
from incidents.events.kind import Kind
from incidents.events.kind import make_kind as _kind
from incidents.events.models import Purpose
from incidents.events.signature_kinds import SIGNATURE_KINDS

_INCIDENT = (
    "ref title description category severity tlp facts occurred_at detected_at aware_at"
)
_STEP = "step round reason due_at ran_at late_ms wait_from recipients run agency"
# Of a statutory clock also the law and its stage, of which an SLA clock has none.
_CLOCK = "clock what due_at regime stage"
_REPORT = "report digest"
_NOTICE = "channel recipient purpose notification attempt detail reason message_sha256"

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        _kind(
            "incident.reported",
            "Reported {via}: {title}",
            f"{_INCIDENT} is_danger via",
            apart="via",
        ),
        _kind(
            "incident.opened",
            "Opened with severity {severity}: {title}",
            f"{_INCIDENT} source",
        ),
        # What another tool knew, by whoever brought it in; the router does not look.
        _kind(
            "incident.imported",
            "Imported from {import}, {external_id}: {title}",
            f"{_INCIDENT} is_danger import external_id status labels opened_at"
            " acknowledged_at resolved_at",
        ),
        # `how` may name whom a link was sent to; the other side gets only the way.
        _kind("incident.acknowledged", "Acknowledged {how}", "how", shared="via"),
        _kind(
            "incident.severity_changed",
            "Severity changed from {old} to {new}: {reason}",
            shared="old new reason",
            apart="reason",
        ),
        _kind(
            "incident.shared",
            "Shared with {agency}: {reason}",
            "reason",
            shared=f"agency attachments {_INCIDENT}",
            apart="reason",
        ),
        _kind(
            "incident.unshared",
            "No longer shared with {agency}: {reason}",
            shared="agency reason",
            apart="reason",
        ),
        _kind(
            "incident.resolved", "Resolved: {reason}", shared="reason", apart="reason"
        ),
        _kind(
            "incident.reopened", "Reopened: {reason}", shared="reason", apart="reason"
        ),
        _kind(
            "incident.commented",
            "{text}",
            "is_shared via",
            shared="text attachments",
            apart="via",
        ),
        _kind(
            "triage.decided",
            "Triage: {outcome}. {reason}",
            "priority owner next_review_at duplicate_elsewhere",
            shared="outcome reason referred_to duplicate_of",
            personal="owner",
            apart="reason",
        ),
        _kind("triage.assigned", "Assigned to {owner}", "owner", personal="owner"),
        _kind("triage.info_requested", "Asked: {text}", shared="text question"),
        _kind("triage.info_answered", "Answered: {text}", shared="text question"),
        _kind(
            # The other reference may be of an incident that the agency does not see.
            "triage.merged",
            "Merged {other}: {reason}",
            "into other",
            shared="reason",
            apart="reason",
        ),
        _kind(
            "incident.flapping",
            "Flapping: {changes} changes of an alert within {minutes} minutes",
            "changes minutes",
        ),
        _kind(
            "incident.steady",
            "Steady again: no change for {minutes} minutes",
            "changes minutes",
        ),
        _kind(
            "alert.attached",
            "Alert fired: {title}: {reason}",
            "title severity source labels url started_at event_at dedup reason",
        ),
        _kind(
            "alert.resolved",
            "Alert cleared: {title}: {reason}",
            "title source ended_at event_at dedup reason",
        ),
        _kind("alert.acknowledged", "Acknowledged in the tool: {text}", "text dedup"),
        _kind("alert.noted", "Noted in the tool: {text}", "text dedup"),
        _kind(
            "alert.suppressed",
            "Alert held back: {title}: {reason}",
            "title severity source labels url started_at event_at dedup reason",
            purpose=Purpose.CONFIG,
        ),
        _kind(
            "silence.ending",
            "{what}",
            "what silence ends_at held",
            purpose=Purpose.CONFIG,
        ),
        _kind(
            "run.started",
            "Escalation started: {policy}: {reason}",
            "policy version reason run",
        ),
        _kind("run.step_taken", "Step {step}: {what} {recipients}", f"{_STEP} what"),
        _kind("run.step_skipped", "Step {step} skipped: {reason}", f"{_STEP} what"),
        _kind("run.acknowledged", "Escalation paused: {reason}", "reason run"),
        _kind(
            "run.acknowledgement_ended",
            "An acknowledgement has ended: {reason}",
            "reason run",
        ),
        _kind(
            "run.exhausted",
            "Every step of {policy} is taken: {reason}",
            "policy reason run",
        ),
        _kind(
            "run.snoozed",
            "Snoozed until {until}: {reason}",
            "until reason run",
            apart="reason",
        ),
        _kind(
            "run.not_sent_on",
            "Not sent on to step {step} of {policy}: {reason}",
            "step policy version reason run",
        ),
        _kind(
            "run.passed_on",
            "Step {step} passed on: {reason}",
            "step reason run",
            apart="reason",
        ),
        _kind(
            "run.reassigned",
            "Given to {to}: {reason}",
            "to reason run",
            personal="to",
            apart="reason",
        ),
        _kind(
            "decision.asked",
            "A decision under {regime} is asked for: {reason}",
            "regime reason run",
        ),
        _kind("run.stopped", "Escalation stopped: {reason}", "reason run"),
        _kind(
            "notification.queued",
            "{channel} to {recipient} queued",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.sent",
            "{channel} to {recipient} delivered",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.failed",
            "{channel} to {recipient} failed: {detail}",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.unknown",
            "{channel} to {recipient}: outcome unknown: {detail}",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.held",
            "{channel} to {recipient} gathered for a digest: {detail}",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.merged",
            "{channel} to {recipient} delivered: {detail}",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "notification.cancelled",
            "{channel} to {recipient} cancelled: {reason}",
            _NOTICE,
            personal="recipient",
        ),
        _kind(
            "clock.started",
            "{what} within {minutes} minutes",
            f"{_CLOCK} minutes calendar severity policy version started_at",
        ),
        _kind(
            "clock.duty_started",
            "{what}: {terms}",
            f"{_CLOCK} terms citation digest is_provisional latest_at",
        ),
        _kind("clock.warned", "{what}: due {due_at}", f"{_CLOCK} warning left_minutes"),
        _kind("clock.met", "{what}: done", f"{_CLOCK} met_at late_ms met_by"),
        _kind("clock.breached", "{what}: overdue since {due_at}", f"{_CLOCK} late_ms"),
        _kind(
            "clock.paused",
            "{what}: paused: {reason}",
            f"{_CLOCK} reason",
            apart="reason",
        ),
        _kind(
            "clock.resumed",
            "{what}: goes on: {reason}",
            f"{_CLOCK} reason",
            apart="reason",
        ),
        _kind(
            "clock.cancelled", "{what}: no longer watched: {reason}", f"{_CLOCK} reason"
        ),
        _kind(
            "clock.moved",
            "{what}: due {due_at} now: {reason}",
            f"{_CLOCK} old_due_at minutes severity reason digest latest_at",
        ),
        # Of anonymous reports the record holds that and when, never what: see trail.py.
        _kind(
            "report.received",
            "Anonymous report {report} received",
            "report digest files",
        ),
        _kind(
            "report.message_received",
            "Its reporter wrote to {report}",
            "report digest files",
        ),
        _kind("report.answered", "The reporter of {report} was written to", _REPORT),
        _kind("report.closed", "Report {report} closed", _REPORT),
        _kind("report.reopened", "Report {report} open again", "report"),
        _kind(
            "report.made_incident",
            "Report {report} became {incident}",
            "report incident",
        ),
        _kind(
            "report.status_asked",
            "The reporter of {report} must hear by {due_at}",
            "report due_at",
        ),
        _kind(
            "report.status_overdue",
            "The reporter of {report} should have heard by {due_at}",
            "report due_at",
        ),
        _kind(
            "mail.settled",
            "E-mail {mail}, {outcome}: {reason}",
            "mail sha256 outcome reason incident",
            apart="reason",
        ),
        _kind("report.forgotten", "Report {report} deleted", "report"),
        _kind(
            "record.read", "Read {targets}", "targets reader", purpose=Purpose.ACCESS
        ),
        _kind(
            "evidence.exported",
            "Evidence of {entries} entries handed out to {recipient}",
            "bundle recipient stream entries head_size manifest_sha256 sha256 redactions",
            apart="recipient",
        ),
        _kind(
            "access.granted",
            "{who} is now {role}",
            "who role team",
            purpose=Purpose.CONFIG,
            personal="who",
        ),
        _kind(
            "access.revoked",
            "{who} is no longer {role}",
            "who role team",
            purpose=Purpose.CONFIG,
            personal="who",
        ),
        _kind(
            "access.changed",
            "{who} {what}",
            "who what",
            purpose=Purpose.CONFIG,
            personal="who",
        ),
        _kind(
            "config.changed",
            "{what}",
            "what changes author",
            purpose=Purpose.CONFIG,
            personal="author",
        ),
        *DUTY_KINDS,
        *FILING_KINDS,
        *DELAY_KINDS,
        *CUSTODY_KINDS,
        *SIGNATURE_KINDS,
    )
}
