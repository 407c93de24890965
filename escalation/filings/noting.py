"""Note in the time records what filings did: that is what statutory clocks look at."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from escalation.duties.instants import note_anchor
from escalation.duties.models import DueDate, DutyState, Precision, StatutoryClock
from escalation.filings.models import Filing, FilingRecipient, FilingVersion
from escalation.regimes.regime import SUBMITTED
from incidents.models import Incident, Organisation

Due = tuple[datetime | None, datetime | None]


def due_instants(recipients: Sequence[FilingRecipient]) -> dict[tuple[str, str], Due]:
    """Return {(regime, stage): (operational, latest)} as the lab's clocks say now.

    What is no longer due has no date that a report could miss.
    """
    if not recipients:
        return {}
    clocks = StatutoryClock.objects.filter(
        incident=recipients[0].filing.incident_id,
        organisation=recipients[0].organisation_id,
        is_current=True,
    ).exclude(state=DutyState.CANCELLED)
    return {
        (clock.regime_id, clock.stage): (
            clock.due_operational,
            clock.due_statutory_latest,
        )
        for clock in clocks
    }


def due_in_force(recipient: FilingRecipient, at: datetime) -> DueDate | None:
    """Return the due date of its duty that stood for the lab at an instant."""
    rows = DueDate.objects.filter(
        clock__incident=recipient.filing.incident_id,
        clock__organisation=recipient.organisation_id,
        clock__regime_id=recipient.regime_id,
        clock__stage=recipient.stage,
        set_at__lte=at,
    )
    # Of a report that is due again and again the last that had begun.
    found = rows.select_related("clock").order_by("clock__round", "set_at", "pk").last()
    if found is None or found.clock.state != DutyState.CANCELLED:
        return found
    ended_at = found.clock.ended_at
    return found if ended_at and ended_at > at else None


def counted_at(submitted_at: datetime, version: FilingVersion) -> datetime:
    """Return when a version was filed, if that is known only to the minute.

    In the minute of its approval it was filed after that.
    """
    return max(submitted_at, version.approved_at or submitted_at)


def note_submissions(
    filing: Filing,
    recipients: Iterable[FilingRecipient],
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Note that stages were submitted, for the lab and for each agency that got them.

    What corrects an earlier filing of the same stage is noted for nobody who had that
    one: it must not move a clock. Requires an open recording and the incident locked.
    """
    earlier = _submitted_before(filing)
    for recipient in recipients:
        for organisation in filter(None, (filing.organisation, recipient.agency)):
            if (organisation.pk, recipient.regime_id, recipient.stage) in earlier:
                continue
            note_by_product(
                filing.incident,
                organisation,
                f"{SUBMITTED}{recipient.stage}",
                regime_id=recipient.regime_id,
                at=at,
                source=filing.ref,
                now=now,
            )


def note_by_product(  # noqa: PLR0913  (one row of a time record)
    incident: Incident,
    organisation: Organisation,
    name: str,
    *,
    regime_id: str,
    at: datetime,
    source: str,
    now: datetime,
) -> None:
    """Note one instant that the product itself knows."""
    note_anchor(
        incident,
        organisation=organisation,
        name=name,
        regime_id=regime_id,
        written=at.isoformat(),
        at=at,
        precision=Precision.EXACT,
        source=source,
        author=None,
        now=now,
    )


def _submitted_before(filing: Filing) -> set[tuple[int | None, str, str]]:
    """Return (organisation, regime, stage) of what the filings that it corrects noted."""
    if filing.amends_id is None:
        return set()
    rows = FilingRecipient.objects.filter(submitted_at__isnull=False).exclude(
        filing=filing
    )
    chain = rows.filter(filing=filing.amends_id) | rows.filter(
        filing__amends=filing.amends_id
    )
    return {
        (organisation_id, row.regime_id, row.stage)
        for row in chain
        for organisation_id in (row.organisation_id, row.agency_id)
    }
