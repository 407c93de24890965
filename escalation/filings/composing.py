"""Make the plain document of a filing for one recipient.

It is a function of recipient and version alone, never of who asks: the lab and the agency
get the same bytes and can compare their SHA-256. It holds what was approved and no more:
answers meant for this recipient, and the instants in force when they were approved.
"""

from datetime import datetime
from itertools import chain
from typing import Any

from escalation.duties.anchor_words import is_repeated, words_of
from escalation.duties.models import (
    AnchorChoice,
    AnchorValue,
    StatutoryClock,
)
from escalation.filings.documents.document import (
    Due,
    FilingDocument,
    IncidentFacts,
    Instant,
    Law,
    Section,
)
from escalation.filings.knowing import amended_for, is_known, sources_known
from escalation.filings.laws import law_of
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
    Way,
)
from escalation.filings.noting import counted_at, due_in_force
from escalation.filings.reading import sections_of, stage_of
from escalation.filings.sections import shown_to
from escalation.regimes.regime import Regime, Stage
from incidents.models import Incident


def compose(
    recipient: FilingRecipient, version: FilingVersion, *, incident: IncidentFacts
) -> FilingDocument:
    """Return what a version says to a recipient, about the incident told so."""
    filing = recipient.filing
    regime = law_of(
        recipient.organisation_id, recipient.regime_id, recipient.regime_digest
    ).regime
    stage = stage_of(recipient)
    is_sent = recipient.version_id == version.pk
    first = amended_for(recipient, by=version.approved_at)
    return FilingDocument(
        reference=filing.ref,
        version=version.number,
        state=_state(filing, recipient, version),
        law=_law(regime, stage),
        stage_id=stage.id,
        stage_name=stage.name,
        organisation=filing.organisation.name,
        recipient=recipient.name,
        tlp=filing.tlp,
        confidentiality=regime.confidentiality,
        incident=incident,
        sections=_sections(recipient, version),
        anchors=_anchors(recipient, stage, version.approved_at),
        due=_due(recipient),
        submitted_at=recipient.submitted_at if is_sent else None,
        receipt_number=recipient.receipt_number if is_sent else "",
        portal_reference=recipient.portal_reference if is_sent else "",
        amends=first.ref if first else "",
        made_at=_made_at(recipient, version),
    )


def named_only(incident: Incident) -> IncidentFacts:
    """Return an incident's name: all that nobody has to approve."""
    return IncidentFacts(
        ref=incident.ref,
        title=incident.title,
        category=incident.category,
        opened_at=incident.opened_at,
    )


def told_whole(incident: Incident, *, now: datetime) -> IncidentFacts:
    """Return what an incident says of itself now, for those who may see it."""
    return IncidentFacts(
        ref=incident.ref,
        title=incident.title,
        description=incident.description,
        category=incident.category,
        severity=incident.severity,
        status=incident.status,
        facets=_facets(incident),
        opened_at=incident.opened_at,
        occurred_at=incident.occurred_at,
        detected_at=incident.detected_at,
        aware_at=incident.aware_at,
        resolved_at=incident.resolved_at,
        as_of=now,
    )


def _facets(incident: Incident) -> dict[str, str | tuple[str, ...]]:
    return {
        name: tuple(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in incident.facts.items()
        if value not in (None, "", [])
    }


def _state(filing: Filing, recipient: FilingRecipient, version: FilingVersion) -> str:
    """Return where this version stands, which may not be the newest."""
    if recipient.version_id == version.pk:
        return recipient.state
    if filing.state == FilingState.WITHDRAWN:
        return FilingState.WITHDRAWN
    if version.approved_at:
        return FilingState.APPROVED
    is_asked = version.review_asked_at and not version.refused_at
    return FilingState.IN_REVIEW if is_asked else FilingState.DRAFT


def _made_at(recipient: FilingRecipient, version: FilingVersion) -> datetime:
    """Return the last instant at which any of it changed."""
    known = [version.written_at, version.review_asked_at, version.approved_at]
    if recipient.version_id == version.pk:
        known += [
            recipient.last_submitted_at,
            recipient.received_at,
            recipient.settled_at,
        ]
    return max(at for at in known if at)


def _law(regime: Regime, stage: Stage) -> Law:
    return Law(
        id=regime.id,
        name=regime.name,
        act=regime.act,
        article=regime.article,
        citation=stage.citation,
        source_url=regime.source_url,
        verified_on=regime.verified_on,
        basis=stage.basis.value,
        zone=regime.zone.key,
        uncertain=(*regime.uncertain, *stage.uncertain),
    )


def _sections(
    recipient: FilingRecipient, version: FilingVersion
) -> tuple[Section, ...]:
    everybody = list(recipient.filing.recipients.all())
    shown = shown_to(sections_of(version, everybody), recipient.audience_key)
    return tuple(
        Section(one.field, one.answer, one.is_not_yet_known, one.reason)
        for one in shown
    )


def _anchors(
    recipient: FilingRecipient, stage: Stage, approved_at: datetime | None
) -> tuple[Instant, ...]:
    """Return the instants that the stage counts from, in force when it was approved.

    Other candidates, what was noted since, and what names a filing of another
    authority are the lab's own.
    """
    rows = AnchorValue.objects.filter(
        incident=recipient.filing.incident_id,
        organisation=recipient.organisation_id,
        name__in=stage.anchors,
        regime_id__in=["", recipient.regime_id],
    )
    if approved_at:
        rows = rows.filter(created_at__lte=approved_at).exclude(
            withdrawn_at__lte=approved_at
        )
    else:
        rows = rows.filter(withdrawn_at=None)
    chosen = _choices(recipient, approved_at)
    by_name: dict[str, list[AnchorValue]] = {}
    for row in rows.order_by("at", "pk"):
        by_name.setdefault(row.name, []).append(row)
    in_force = [_in_force(found, chosen) for found in by_name.values()]
    known = sources_known(recipient, by=approved_at)
    return tuple(
        Instant(row.name, row.at, row.written, row.source, row.precision)
        for row in chain.from_iterable(in_force)
        if is_known(row, known)
    )


def _choices(recipient: FilingRecipient, approved_at: datetime | None) -> set[int]:
    """Return the ids of the candidates that somebody had chosen by then."""
    rows = AnchorChoice.objects.filter(
        incident=recipient.filing.incident_id,
        organisation=recipient.organisation_id,
        regime_id=recipient.regime_id,
    )
    if approved_at:
        rows = rows.filter(chosen_at__lte=approved_at)
    else:
        rows = rows.filter(is_current=True)
    # The last choice of each name stands.
    last = {row.name: row.value_id for row in rows.order_by("pk")}
    return set(last.values())


def _in_force(found: list[AnchorValue], chosen: set[int]) -> list[AnchorValue]:
    if is_repeated(found[0].name):
        return found
    return [row for row in found if row.pk in chosen][:1] or found[:1]


def _due(recipient: FilingRecipient) -> Due:
    """Return by when it was due at its submission; before that, by when it is."""
    if recipient.submitted_at:
        # What moved the clock since is the lab's own.
        return Due(
            recipient.due_operational,
            recipient.due_statutory_latest,
            rule=_rule_of(recipient),
            flags=_no_date(recipient.due_operational),
        )
    clock = StatutoryClock.objects.filter(**_duty(recipient), is_current=True).first()
    if clock is None:
        return Due(flags=("no clock watches it yet",))
    waiting = tuple(f"waits for: {words_of(name)}" for name in clock.waiting_for)
    return Due(
        clock.due_operational,
        clock.due_statutory_latest,
        rule=clock.rule,
        flags=(*waiting, *clock.flags),
    )


def _rule_of(recipient: FilingRecipient) -> str:
    """Return the rule by which the due date of its submission was counted."""
    at = recipient.submitted_at
    assert at is not None  # noqa: S101  asked only of what was submitted
    if recipient.way == Way.BY_HAND and recipient.version:
        at = counted_at(at, recipient.version)
    due = due_in_force(recipient, at)
    return due.rule if due else ""


def _duty(recipient: FilingRecipient) -> dict[str, Any]:
    return {
        "incident": recipient.filing.incident_id,
        "organisation": recipient.organisation_id,
        "regime_id": recipient.regime_id,
        "stage": recipient.stage,
    }


def _no_date(at: datetime | None) -> tuple[str, ...]:
    return () if at else ("no date stood at its submission",)
