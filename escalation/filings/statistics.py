"""Say what share of reports came on time, by law and quarter of their first submission."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from escalation.filings.laws import law_of
from escalation.filings.models import FilingRecipient
from escalation.filings.punctuality import is_late
from incidents.models import Organisation, OrganisationKind, User


@dataclass(frozen=True, slots=True)
class Quarter:
    """Reports under one law in one quarter. Without a known date none is late."""

    regime_id: str
    law: str
    name: str
    filed: int
    on_time: int
    late: int

    @property
    def undated(self) -> int:
        """How many had no date that could be kept."""
        return self.filed - self.on_time - self.late

    @property
    def percent_on_time(self) -> int | None:
        """The share of those with a date, rounded down."""
        dated = self.on_time + self.late
        return 100 * self.on_time // dated if dated else None


def punctuality_for(person: User) -> list[Quarter]:
    """Return what the person's agencies got, the newest quarter first.

    What was given on counts where it came first.
    """
    agencies = Organisation.objects.of(person).filter(kind=OrganisationKind.AGENCY)
    rows = FilingRecipient.objects.filter(
        agency__in=agencies, submitted_at__isnull=False, came_from=None
    )
    # What corrects an earlier report is not another one.
    return quarters_of(rows.filter(filing__amends=None))


def quarters_of(rows: Iterable[FilingRecipient]) -> list[Quarter]:
    """Count the reports by quarter and law."""
    groups: dict[tuple[str, str], list[bool | None]] = {}
    laws: dict[str, str] = {}
    for row in rows:
        if row.submitted_at is not None:
            key = (quarter_of(row.submitted_at), row.regime_id)
            groups.setdefault(key, []).append(is_late(row))
            laws[row.regime_id] = name_of_law(row)
    ordered = sorted(groups, key=lambda key: key[1])
    ordered.sort(key=lambda key: key[0], reverse=True)
    return [
        Quarter(
            regime_id=regime_id,
            law=laws[regime_id],
            name=name,
            filed=len(groups[name, regime_id]),
            on_time=groups[name, regime_id].count(False),
            late=groups[name, regime_id].count(True),
        )
        for name, regime_id in ordered
    ]


def name_of_law(row: FilingRecipient) -> str:
    """Return what the law is called in the text that was filed under.

    Its id, where this version cannot read that text.
    """
    try:
        law = law_of(row.organisation_id, row.regime_id, row.regime_digest)
    except KeyError:
        return row.regime_id
    return law.regime.name


def quarter_of(at: datetime) -> str:
    """Return the quarter of an instant, in UTC.

    >>> quarter_of(datetime(2026, 11, 27, tzinfo=UTC))
    '2026 Q4'
    """
    local = at.astimezone(UTC)
    return f"{local.year} Q{(local.month + 2) // 3}"
