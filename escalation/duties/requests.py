"""An authority's request for information as a clock of whoever is to answer it.

The date is the authority's, not a law's: nothing is counted. Whoever keeps requests
registers how they are read; filings do, which stand above this slice. Free of Django.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.duties.plan import Key, State, Terms

REQUEST: Final = "authority_request"
"""The instant of the time record from which it runs."""
NAME: Final = "answer to a request for information"
STAGE: Final = "request:"
"""What the stage of such a clock begins with; the request's id follows."""
_SET: Final = "set by the authority"
_NO_DATE: Final = "the authority set no date"


@dataclass(frozen=True, slots=True)
class AuthorityRequest:
    """One request. `because` is what the authority said when it set the date that stands."""

    id: int
    incident_id: int
    organisation_id: int
    regime_id: str
    regime_digest: str
    filing_ref: str
    number: int
    authority: str
    asked_at: datetime
    due_at: datetime | None = None
    because: str = ""
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_because: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Return on which incident, and whose answer it is."""
        return self.incident_id, self.organisation_id


# Those on incidents, by their ids, in a fixed number of statements.
Source = Callable[[Collection[int]], Iterable[AuthorityRequest]]
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Have requests read by this; called when the app is ready."""
    if source not in _sources:
        _sources.append(source)


def requests_on(incident_ids: Collection[int]) -> list[AuthorityRequest]:
    """Return all requests on incidents, also what was answered or withdrawn."""
    return [one for source in _sources for one in source(incident_ids)]


def is_request(stage: str) -> bool:
    """Tell whether a clock's stage is no report but the answer to a request."""
    return stage.startswith(STAGE)


def key_of_request(request: AuthorityRequest) -> Key:
    """Return which clock it is: one of its own under its law."""
    return Key(request.regime_id, f"{STAGE}{request.id}")


def terms_of_request(request: AuthorityRequest) -> Terms:
    """Return how its clock should stand."""
    is_met = request.answered_at is not None
    said = _SET if request.due_at else _NO_DATE
    return Terms(
        digest=request.regime_digest,
        state=_state(request),
        due_operational=request.due_at,
        anchor=REQUEST,
        counted_from=request.asked_at,
        rule=said,
        citation=f"{request.authority}, request {request.number} on {request.filing_ref}",
        met_at=request.answered_at,
        met_by=request.filing_ref if is_met else "",
        reason=_ended_because(request),
        because=f"{said}: {request.because}" if request.because else said,
    )


def filing_of(citation: str) -> str:
    """Return the reference of the filing that a request is about.

    >>> filing_of("NAISA, request 2 on FIL-2026-ABC1234")
    'FIL-2026-ABC1234'
    """
    return citation.rpartition(" ")[2]


def _state(request: AuthorityRequest) -> State:
    if request.answered_at is not None:
        return State.MET
    if request.withdrawn_at is not None:
        return State.CANCELLED
    return State.RUNNING if request.due_at else State.NO_DATE


def _ended_because(request: AuthorityRequest) -> str:
    if request.answered_at is not None or request.withdrawn_at is None:
        return ""
    return f"withdrawn by the authority: {request.withdrawn_because}"
