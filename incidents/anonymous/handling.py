"""What handlers do with anonymous reports: read, answer, close, make an incident of one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.http import Http404

from incidents.anonymous.duty import owe_nothing, owe_status
from incidents.anonymous.models import (
    AnonymousReport,
    ReportFile,
    ReportMessage,
    ReportState,
)
from incidents.anonymous.months import to_the_hour
from incidents.anonymous.sealing import Seal
from incidents.anonymous.storing import read_bytes
from incidents.anonymous.trail import record_report, sealed_digest
from incidents.errors import BadInput, NotPossible, Unavailable
from incidents.events.actor import Actor
from incidents.events.reads import record_read
from incidents.events.record import recording
from incidents.incident.access import actor_for
from incidents.incident.attachments import store_upload
from incidents.incident.models import Incident
from incidents.incident.opening import NewIncident, open_incident
from incidents.organisations.models import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """What a handler lets others know of a report; nothing is taken over by itself."""

    title: str = field(repr=False)
    category: str
    severity: int
    tlp: str
    description: str = field(default="", repr=False)
    is_danger: bool | None = None
    files: Collection[UUID] = ()


def find_report(user: User, ref: str) -> AnonymousReport:
    """Return a report that the person handles. Raises Http404."""
    visible = AnonymousReport.objects.visible_to(user)
    report = visible.select_related("organisation", "incident").filter(ref=ref).first()
    if report is None:
        raise Http404
    return report


def note_report_read(
    report: AnonymousReport,
    *,
    user: User,
    reader: str,
    targets: list[str],
    now: datetime,
) -> None:
    """Record that a handler opens this, before a byte is sent. Raises Unavailable."""
    try:
        record_read(
            reader=reader,
            actor=actor_for(user, report.organisation),
            incident=None,
            targets=targets,
            now=now,
        )
    except Exception as error:
        log.exception("read not recorded, refused", reader=reader)
        message = "The reading could not be recorded, so it is refused."
        raise Unavailable(message) from error


def note_list_read(
    reports: Sequence[AnonymousReport], *, user: User, reader: str, now: datetime
) -> None:
    """Record that a handler lists these, one entry for each organisation."""
    sides: dict[int, list[AnonymousReport]] = {}
    for report in reports:
        sides.setdefault(report.organisation_id, []).append(report)
    for rows in sides.values():
        targets = [f"list:{row.ref}" for row in rows]
        note_report_read(rows[0], user=user, reader=reader, targets=targets, now=now)


def mark_read(report: AnonymousReport, *, now: datetime) -> None:
    """Mark what the reporter wrote as opened by a handler."""
    report.messages.filter(by_reporter=True, read_at=None).update(read_at=now)
    rows = AnonymousReport.objects.filter(pk=report.pk, state=ReportState.NEW)
    if rows.update(state=ReportState.IN_WORK):
        report.state = ReportState.IN_WORK


def answer(
    report: AnonymousReport, *, text: str, user: User, actor: Actor, now: datetime
) -> AnonymousReport:
    """Write to the reporter; the next word is due in a month. Raises BadInput.

    Locks the report.
    """
    with recording(now):
        report = _locked(report)
        message = _write(report, text, user, now)
        if not report.is_closed:
            owe_status(report, since=to_the_hour(now))
        record_report(
            "report.answered", report, actor=actor, digest=sealed_digest(message)
        )
    return report


def close(
    report: AnonymousReport, *, text: str, user: User, actor: Actor, now: datetime
) -> AnonymousReport:
    """Close the report with a last word to its reporter. Raises BadInput, NotPossible."""
    with recording(now):
        report = _locked(report)
        if report.is_closed:
            message = "This report is closed already."
            raise NotPossible(message, state={"state": report.state})
        last = _write(report, text, user, now)
        report.state, report.closed_at = ReportState.CLOSED, now
        report.save(update_fields=["state", "closed_at"])
        owe_nothing(report)
        record_report("report.closed", report, actor=actor, digest=sealed_digest(last))
    return report


def make_incident(
    report: AnonymousReport,
    draft: IncidentDraft,
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> Incident:
    """Open an incident with what the handler wrote, and with the files they chose.

    Neither the report nor its reporter is named in it. Raises NotPossible when there is
    one already, BadInput for a file that is not the report's. Locks the report.
    """
    files = _chosen(report, draft.files)
    with recording(now):
        report = _locked(report)
        if report.incident_id is not None:
            state = {"state": report.state, "incident": report.incident_id}
            raise NotPossible(
                "There is an incident of this report already.", state=state
            )
        incident = open_incident(
            _new_incident(report, draft, user), actor=actor, now=now
        )
        report.incident, report.state = incident, _after(report)
        report.save(update_fields=["incident", "state"])
        record_report(
            "report.made_incident", report, actor=actor, incident=incident.ref
        )
    # The incident stands; each file is an entry of its own in it.
    seal = Seal.of(report)
    for file in files:
        store_upload(
            incident,
            _Content(read_bytes(file, seal=seal)),
            filename=file.filename,
            organisation=report.organisation,
            user=user,
            is_shared=False,
            actor=actor,
            now=now,
        )
    return incident


@dataclass(frozen=True, slots=True)
class _Content:
    """The bytes of a file, as an upload."""

    data: bytes = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        yield self.data


def _locked(report: AnonymousReport) -> AnonymousReport:
    rows = AnonymousReport.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("organisation").get(pk=report.pk)


def _write(
    report: AnonymousReport, text: str, user: User, now: datetime
) -> ReportMessage:
    if not text.strip():
        raise BadInput("text", text, "Write what the reporter is to read.")
    message = ReportMessage(report=report, by_reporter=False, author=user, at=now)
    message.text_sealed = Seal.of(report).seal(
        text.encode(), place=message.uid, what="text"
    )
    message.save()
    return message


def _chosen(report: AnonymousReport, uids: Collection[UUID]) -> list[ReportFile]:
    rows = ReportFile.objects.filter(message__report=report, uid__in=uids)
    found = list(rows.order_by("pk"))
    for uid in uids:
        if uid not in {file.uid for file in found}:
            raise BadInput("files", str(uid), "Name files of this report.")
    return found


def _new_incident(
    report: AnonymousReport, draft: IncidentDraft, user: User
) -> NewIncident:
    return NewIncident(
        organisation_id=report.organisation_id,
        title=draft.title,
        description=draft.description,
        category=draft.category,
        severity=draft.severity,
        tlp=draft.tlp,
        is_danger=draft.is_danger,
        reported_by=user,
    )


def _after(report: AnonymousReport) -> ReportState:
    return ReportState.CLOSED if report.is_closed else ReportState.INCIDENT
