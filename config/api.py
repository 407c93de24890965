"""The REST API: every slice's endpoints in one router, its schema and its page."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, re_path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.routers import SimpleRouter

from config.api_reference import describe_operations
from config.log_api import AuditViewSet, LogStandingViewSet
from config.status_api import StatusViewSet
from escalation.authoring.api import PolicyViewSet
from escalation.authoring.hand_over_api import PolicyHandOverViewSet
from escalation.authoring.simulation_api import PolicySimulationViewSet
from escalation.authoring.versions_api import PolicyVersionViewSet
from escalation.calendars.api import CalendarViewSet
from escalation.clocks.api import ClockViewSet
from escalation.duties.anchors_api import AnchorViewSet
from escalation.duties.api import IncidentClocksViewSet, StatutoryClockViewSet
from escalation.duties.assessment_api import AssessmentViewSet
from escalation.duties.decisions_api import DecisionViewSet
from escalation.duties.delays.api import DelayViewSet, DelayWordViewSet
from escalation.duties.delays.lists_api import (
    DelayNoticeListViewSet,
    ExtensionListViewSet,
)
from escalation.filings.agency_api import FilingByHandViewSet, FilingWorkViewSet
from escalation.filings.api import FilingViewSet, IncidentFilingViewSet
from escalation.filings.files_api import FilingFileViewSet
from escalation.lawbook.api import RegimeViewSet
from escalation.lawbook.profile_api import LegalProfileViewSet
from escalation.notifications.api import ContactMethodViewSet, NotificationViewSet
from escalation.notifications.rules_api import NotificationRulesViewSet
from escalation.oncall.api import ScheduleViewSet
from escalation.oncall.calendars_api import FeedViewSet, ImportedCalendarViewSet
from escalation.oncall.cover_api import OverrideViewSet, SwapViewSet
from escalation.routing.api import RouteViewSet
from escalation.runs.api import RunViewSet
from escalation.stamps.api import TimeStampAuthorityViewSet
from incidents.anonymous.api import ReportDeskViewSet, ReportViewSet
from incidents.custody.api import ErasureViewSet, HoldViewSet, ReadersViewSet
from incidents.custody.recipients_api import RecipientViewSet
from incidents.evidence.api import EvidenceViewSet
from incidents.evidence.receipts_api import ReceiptViewSet
from incidents.incident.actions_api import IncidentActionViewSet
from incidents.incident.api import IncidentViewSet
from incidents.incident.attachments_api import AttachmentViewSet
from incidents.incident.people_api import MemberViewSet, TeamViewSet
from incidents.incident.tokens_api import TokenViewSet
from incidents.intake.api import SourceViewSet
from incidents.intake.heartbeats.api import HeartbeatViewSet
from incidents.intake.maintenance_api import MaintenanceViewSet
from incidents.intake.silences_api import SilenceViewSet
from incidents.mail.api import MailboxViewSet, MailViewSet
from incidents.organisations.api import OrganisationViewSet
from incidents.problems import CODES, problem_page
from incidents.retention.api import RetentionRunViewSet, RetentionViewSet
from incidents.signatures.api import PartyKeyViewSet, SignatureViewSet
from incidents.triage.api import TriageQueueViewSet, TriageViewSet
from incidents.witnessing.api import WatchedLogViewSet, WitnessViewSet
from incidents.witnessing.quorum_api import WitnessQuorumViewSet

# Both apps add to an incident's address, so several viewsets share the prefix.
_UNDER_INCIDENTS = (
    ("incident", IncidentViewSet),
    ("incident-action", IncidentActionViewSet),
    ("incident-triage", TriageViewSet),
    ("incident-file", AttachmentViewSet),
    ("incident-run", RunViewSet),
    ("incident-clocks", IncidentClocksViewSet),
    ("incident-clock", ClockViewSet),
    ("incident-anchor", AnchorViewSet),
    ("incident-decision", DecisionViewSet),
    ("incident-assessment", AssessmentViewSet),
    ("incident-delay", DelayViewSet),
    ("incident-delay-word", DelayWordViewSet),
    ("incident-notification", NotificationViewSet),
    ("incident-filing", IncidentFilingViewSet),
    ("incident-readers", ReadersViewSet),
    ("evidence", EvidenceViewSet),
    ("receipt", ReceiptViewSet),
    ("incident-signature", SignatureViewSet),
)
# The same for a policy.
_UNDER_POLICIES = (
    ("policy", PolicyVersionViewSet),
    ("simulation", PolicySimulationViewSet),
    ("policy-run", PolicyHandOverViewSet),
)
# And for a filing.
_UNDER_FILINGS = (
    ("filing-work", FilingWorkViewSet),
    ("filing-by-hand", FilingByHandViewSet),
    ("filing-file", FilingFileViewSet),
)
_ROOTS = (
    ("organisations", OrganisationViewSet),
    ("teams", TeamViewSet),
    ("members", MemberViewSet),
    ("tokens", TokenViewSet),
    ("calendars", CalendarViewSet),
    ("policies", PolicyViewSet),
    ("regimes", RegimeViewSet),
    ("routes", RouteViewSet),
    ("schedules", ScheduleViewSet),
    ("overrides", OverrideViewSet),
    ("swaps", SwapViewSet),
    ("imported-calendars", ImportedCalendarViewSet),
    ("schedule-feeds", FeedViewSet),
    ("sources", SourceViewSet),
    ("heartbeats", HeartbeatViewSet),
    ("silences", SilenceViewSet),
    ("maintenance", MaintenanceViewSet),
    ("contact-methods", ContactMethodViewSet),
    ("notification-rules", NotificationRulesViewSet),
    ("holds", HoldViewSet),
    ("erasures", ErasureViewSet),
    ("recipients", RecipientViewSet),
    ("retention", RetentionViewSet),
    ("retention-runs", RetentionRunViewSet),
    ("delay-notices", DelayNoticeListViewSet),
    ("extensions", ExtensionListViewSet),
    ("filings", FilingViewSet),
    ("mail", MailViewSet),
    ("mailboxes", MailboxViewSet),
    ("reports", ReportViewSet),
    ("report-desks", ReportDeskViewSet),
    ("triage", TriageQueueViewSet),
    ("witnesses", WitnessViewSet),
    ("watched-logs", WatchedLogViewSet),
    ("party-keys", PartyKeyViewSet),
    ("time-stamp-authorities", TimeStampAuthorityViewSet),
    ("statutory-clocks", StatutoryClockViewSet),
    ("status", StatusViewSet),
    ("log", LogStandingViewSet),
)


def show_schema(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    document = build_schema()
    return JsonResponse(document, content_type="application/vnd.oai.openapi+json")


def show_reference(request: HttpRequest) -> HttpResponse:
    """Show the schema as a page to read, made on the server."""
    document = build_schema()
    context = {"groups": describe_operations(document), "problems": CODES}
    return render(request, "config/api_reference.html", context)


@cache
def build_schema() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API; callers leave it as it is.

    Made once: it takes a good part of a second, and anybody may ask for it.
    """
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # library
    document: dict[str, Any] = generator.get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return document


def no_such_endpoint(request: HttpRequest, **_: str) -> HttpResponse:
    """Answer an unknown address as a problem, not as a page."""
    detail = f"There is no endpoint {request.path}; /api/docs/ lists them."
    return problem_page(status=404, code="not_found", detail=detail)


def api_urls() -> list[URLPattern | URLResolver]:
    """Return the addresses under /api/v1/."""
    router = SimpleRouter()
    for name, viewset in _UNDER_INCIDENTS:
        router.register("incidents", viewset, basename=name)
    for name, policy_viewset in _UNDER_POLICIES:
        router.register("policies", policy_viewset, basename=name)
    for name, filing_viewset in _UNDER_FILINGS:
        router.register("filings", filing_viewset, basename=name)
    for prefix, root in _ROOTS:
        router.register(prefix, root, basename=prefix)
    router.register("log/audits", AuditViewSet, basename="log-audits")
    # Things of their own, without a list around them.
    router.register("", LegalProfileViewSet, basename="legal")
    router.register("", WitnessQuorumViewSet, basename="witness")
    return [*router.urls, re_path(r"^(?P<rest>.*)$", no_such_endpoint)]


urlpatterns = [
    path("schema/", show_schema, name="api-schema"),
    path("docs/", show_reference, name="api-docs"),
]
