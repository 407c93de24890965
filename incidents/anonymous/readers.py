"""Show one report to one more colleague, and end that; each change is recorded and told."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from incidents.anonymous.desks import handlers_of, members_of
from incidents.anonymous.models import AnonymousReport, ReportReader
from incidents.anonymous.readers_news import (
    ReadersChanged,
    record_access,
    tell_readers,
)
from incidents.errors import BadInput, NotAllowed
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.organisations.models import User


def readers_of(report_ids: Collection[int]) -> QuerySet[ReportReader]:
    """Return to whom these reports are shown now, beside their handlers."""
    rows = ReportReader.objects.active().filter(report__in=report_ids)
    return rows.select_related("user").order_by("pk")


def candidates(report: AnonymousReport) -> list[User]:
    """Return the colleagues who cannot read the report yet."""
    reading = {row.user_id for row in handlers_of([report.organisation_id])}
    reading |= {row.user_id for row in readers_of([report.pk])}
    rows = report.organisation.memberships.filter(ended_at=None, user__is_active=True)
    people = {row.user for row in rows.select_related("user")}
    found = [person for person in people if person.pk not in reading]
    return sorted(found, key=lambda person: (str(person), person.email))


def may_share(user: User, report: AnonymousReport) -> bool:
    """Whether the person says who reads the report: handlers do, readers do not."""
    return AnonymousReport.objects.handled_by(user).filter(pk=report.pk).exists()


def show_to(
    report: AnonymousReport, *, person: str, user: User, actor: Actor, now: datetime
) -> None:
    """Let one more colleague read and answer this report. Locks the report.

    Raises NotAllowed for who is no handler, BadInput for who has no role there or reads
    it already.
    """
    _require_handler(user, report)
    [colleague] = members_of(report.organisation, [person], field="person")
    with recording(now):
        report = _locked(report)
        if colleague not in candidates(report):
            raise BadInput("person", person, f"{colleague} can read it already.")
        ReportReader.objects.create(
            report=report,
            organisation=report.organisation,
            user=colleague,
            granted_at=now,
        )
        _note("access.granted", report, colleague, actor)
        changed = ReadersChanged(
            report.organisation_id, report.pk, added=[colleague.pk]
        )
        tell_readers(changed, actor=actor, now=now)


def hide_from(
    report: AnonymousReport, *, person: str, user: User, actor: Actor, now: datetime
) -> None:
    """End that a colleague reads this report. Locks the report.

    Raises NotAllowed for who is no handler, BadInput for who it is not shown to.
    """
    _require_handler(user, report)
    with recording(now):
        report = _locked(report)
        rows = ReportReader.objects.filter(report=report, ended_at=None)
        found = rows.filter(user__email=person.strip().lower())
        row = found.select_related("user").first()
        if row is None:
            remedy = "Name somebody to whom this report is shown."
            raise BadInput("person", person, remedy)
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        _note("access.revoked", report, row.user, actor)
        changed = ReadersChanged(report.organisation_id, report.pk, ended=[row.user_id])
        tell_readers(changed, actor=actor, now=now)


def _require_handler(user: User, report: AnonymousReport) -> None:
    if not may_share(user, report):
        raise NotAllowed("Only a handler says who else reads a report.")


def _locked(report: AnonymousReport) -> AnonymousReport:
    rows = AnonymousReport.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("organisation").get(pk=report.pk)


def _note(kind: str, report: AnonymousReport, person: User, actor: Actor) -> None:
    role = f"reader of anonymous report {report.ref}"
    record_access(kind, report.organisation, person, role=role, actor=actor)
