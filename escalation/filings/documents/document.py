"""What one filing says, as plain values: all that its files are made of.

A document holds only what its recipient may read; whoever builds it leaves out the rest.
Two documents that are equal give the same bytes in each form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

NOT_ADVICE: Final = (
    "This is not legal advice. Dates and duties are computed from the facts and the "
    "legal text named here; check them before you rely on them."
)


class SectionState(StrEnum):
    """Whether a required field is answered."""

    ANSWERED = "answered"
    NOT_YET_KNOWN = "not_yet_known"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Section:
    """One field that the law requires. Not to know it yet is an answer, too."""

    field: str
    answer: str = ""
    is_not_yet_known: bool = False
    reason: str = ""

    @property
    def said(self) -> str:
        """Return all that it says: why it is not yet known, and what is known so far."""
        if not self.is_not_yet_known:
            return self.answer
        so_far = f"Known so far: {self.answer}" if self.answer.strip() else ""
        return "\n\n".join(part for part in (self.reason, so_far) if part)

    @property
    def state(self) -> SectionState:
        """Return whether it is answered; blank text is no answer."""
        if self.is_not_yet_known:
            return SectionState.NOT_YET_KNOWN
        is_answered = bool(self.answer.strip())
        return SectionState.ANSWERED if is_answered else SectionState.MISSING


@dataclass(frozen=True, slots=True)
class Law:
    """The law that asks for the report. `citation` is the stage's own."""

    id: str
    name: str
    act: str
    article: str
    citation: str
    source_url: str
    verified_on: date
    basis: str
    zone: str = "UTC"
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instant:
    """One anchor of the time record: what it counts as, and how it was given."""

    name: str
    at: datetime
    written: str
    source: str
    precision: str = "exact"


@dataclass(frozen=True, slots=True)
class Due:
    """By when it is due. Without dates the flags say why."""

    operational: datetime | None = None
    statutory_latest: datetime | None = None
    rule: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What the incident says of itself, or only its name.

    Facets are values of `incident/facets.py`. `as_of` is when it said so, where that is
    not the instant of the document.
    """

    ref: str
    title: str
    category: str
    opened_at: datetime
    severity: int | None = None
    status: str = ""
    description: str = ""
    facets: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    aware_at: datetime | None = None
    resolved_at: datetime | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class FilingDocument:
    """One version of one filing. `made_at` is the instant that it speaks of."""

    reference: str
    version: int
    state: str
    law: Law
    stage_id: str
    stage_name: str
    organisation: str
    recipient: str
    tlp: str
    incident: IncidentFacts
    made_at: datetime
    confidentiality: str = ""
    sections: tuple[Section, ...] = ()
    anchors: tuple[Instant, ...] = ()
    due: Due = field(default_factory=Due)
    submitted_at: datetime | None = None
    receipt_number: str = ""
    portal_reference: str = ""
    amends: str = ""
    language: str = "en"

    @property
    def confidentiality_line(self) -> str:
        """Return the legal basis of its confidentiality, or that none is on file."""
        return self.confidentiality or "No legal basis of confidentiality is on file."

    @property
    def file_stem(self) -> str:
        """Return what its files are called, without an ending."""
        return f"{self.reference}-v{self.version}"


def sections_in(document: FilingDocument, state: SectionState) -> tuple[Section, ...]:
    """Return the required fields in this state, in the order of the law."""
    return tuple(section for section in document.sections if section.state == state)
