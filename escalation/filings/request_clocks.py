"""Tell statutory clocks of the requests for information that agencies made on filings."""

from collections.abc import Collection

from django.db.models import QuerySet

from escalation.duties.requests import AuthorityRequest, register_source
from escalation.filings.exchange_models import (
    FilingRequest,
    FilingRequestStep,
    StepKind,
)


def register() -> None:
    """Have clocks read requests here; called when the app is ready."""
    register_source(requests_on)


def requests_on(incident_ids: Collection[int]) -> list[AuthorityRequest]:
    """Return the requests on these incidents, in two statements."""
    rows: QuerySet[FilingRequest] = FilingRequest.objects.filter(
        recipient__filing__incident__in=incident_ids
    )
    found = rows.select_related("recipient__filing", "organisation")
    return [_request(row) for row in found.prefetch_related("steps").order_by("pk")]


def _request(row: FilingRequest) -> AuthorityRequest:
    recipient, steps = row.recipient, list(row.steps.all())
    return AuthorityRequest(
        id=row.pk,
        incident_id=recipient.filing.incident_id,
        organisation_id=recipient.organisation_id,
        regime_id=recipient.regime_id,
        regime_digest=recipient.regime_digest,
        filing_ref=recipient.filing.ref,
        number=row.number,
        authority=row.organisation.name,
        asked_at=row.asked_at,
        due_at=row.due_at,
        because=_last(steps, StepKind.MOVED),
        answered_at=row.answered_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_because=_last(steps, StepKind.WITHDRAWN),
    )


def _last(steps: list[FilingRequestStep], kind: StepKind) -> str:
    """Return what was said at the last step of a kind; empty without one."""
    return next((step.text for step in reversed(steps) if step.kind == kind), "")
