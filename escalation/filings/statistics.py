"""Say what share of reports and answers came on time, by law and quarter.

Reports count in the quarter of their first submission, requests in that of the asking.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from escalation.filings.exchange_models import FilingRequest
from escalation.filings.laws import law_of
from escalation.filings.models import FilingRecipient
from escalation.filings.punctuality import is_late
from escalation.filings.request_showing import is_late as is_request_late
from incidents.models import Organisation, OrganisationKind, User

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Quarter:
    """Reports and requests under one law in one quarter. Without a date none is late.

    A request that was withdrawn does not count; one that is open and late does, as late.
    """

    regime_id: str
    law: str
    name: str
    filed: int
    on_time: int
    late: int
    asked: int = 0
    answered_on_time: int = 0
    answered_late: int = 0

    @property
    def undated(self) -> int:
        """How many had no date that could be kept."""
        return self.filed - self.on_time - self.late

    @property
    def percent_on_time(self) -> int | None:
        """The share of those with a date, rounded down."""
        dated = self.on_time + self.late
        return 100 * self.on_time // dated if dated else None


def punctuality_for(person: User, *, now: datetime) -> list[Quarter]:
    """Return what the person's agencies got, the newest quarter first.

    What was given on counts where it came first.
    """
    agencies = Organisation.objects.of(person).filter(kind=OrganisationKind.AGENCY)
    rows = FilingRecipient.objects.filter(
        agency__in=agencies, submitted_at__isnull=False, came_from=None
    )
    # What corrects an earlier report is not another one.
    asked = FilingRequest.objects.filter(organisation__in=agencies, withdrawn_at=None)
    return quarters_of(
        rows.filter(filing__amends=None), asked.select_related("recipient"), now=now
    )


def quarters_of(
    rows: Iterable[FilingRecipient], asked: Iterable[FilingRequest], *, now: datetime
) -> list[Quarter]:
    """Count the reports and the requests by quarter and law, the newest quarter first."""
    laws: dict[str, str] = {}
    filed: dict[_Key, list[bool | None]] = defaultdict(list)
    for row in rows:
        if row.submitted_at is not None:
            filed[quarter_of(row.submitted_at), row.regime_id].append(is_late(row))
            laws[row.regime_id] = name_of_law(row)
    answers: dict[_Key, list[bool | None]] = defaultdict(list)
    for one in asked:
        key = quarter_of(one.asked_at), one.recipient.regime_id
        answers[key].append(_is_answer_late(one, now))
        laws[key[1]] = name_of_law(one.recipient)
    ordered = sorted(filed.keys() | answers.keys(), key=lambda key: key[1])
    ordered.sort(key=lambda key: key[0], reverse=True)
    return [
        Quarter(
            regime_id=key[1],
            law=laws[key[1]],
            name=key[0],
            filed=len(filed[key]),
            on_time=filed[key].count(False),
            late=filed[key].count(True),
            asked=len(answers[key]),
            answered_on_time=answers[key].count(False),
            answered_late=answers[key].count(True),
        )
        for key in ordered
    ]


def _is_answer_late(request: FilingRequest, now: datetime) -> bool | None:
    """Whether it is late; None without a date, and while there is time."""
    late = is_request_late(request, now=now)
    return None if request.is_open and not late else late


def name_of_law(row: FilingRecipient) -> str:
    """Return what the law is called in the text that was filed under.

    Its id, where this version cannot read that text.
    """
    return law_of(row.organisation_id, row.regime_id, row.regime_digest).regime.name


def quarter_of(at: datetime) -> str:
    """Return the quarter of an instant, in UTC.

    >>> quarter_of(datetime(2026, 11, 27, tzinfo=UTC))
    '2026 Q4'
    """
    local = at.astimezone(UTC)
    return f"{local.year} Q{(local.month + 2) // 3}"
