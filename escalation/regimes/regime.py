"""What a regime is: one law's reporting duty, with its stages and how each is counted.

Values only; `reading.py` makes them of a file and `deadlines.py` counts with them.
"""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

SUBMITTED: Final = "submitted:"
"""Before a stage's id: the instant at which its report was submitted."""


class Basis(StrEnum):
    """What a statement about the law rests on."""

    STATUTE = "statute"
    SECONDARY = "secondary"
    RECALLED = "recalled"


class Status(StrEnum):
    """Whether the law binds anybody."""

    IN_FORCE = "in_force"
    PENDING = "pending"
    NOT_IN_EFFECT = "not_in_effect"
    DRAFT = "draft"
    VOLUNTARY = "voluntary"
    PROFILE = "profile"


class Unit(StrEnum):
    """What a period is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    BUSINESS_DAYS = "business_days"


class Pick(StrEnum):
    """Which of several anchors a period runs from."""

    EARLIEST = "earliest"
    LATEST = "latest"


class DutyOf(StrEnum):
    """Who has to act: who reports, or the authority that received the report."""

    REPORTER = "reporter"
    AUTHORITY = "authority"


class NoDate(StrEnum):
    """Why a stage has no date although its duty is there."""

    UNDUE_DELAY = "without_undue_delay"
    ON_REQUEST = "on_request"


@dataclass(frozen=True, slots=True)
class Term:
    """One period: `length` units from an anchor.

    `start` names the anchors, of which `pick` takes one. `starts_when_due` names a stage
    instead, at whose due instant this one is due, too. The term counts only if all of
    `when` are known and none of `unless`. One that `lapses_before` an anchor does not
    count any more when that anchor comes after its end.
    """

    start: tuple[str, ...] = ()
    length: int = 0
    unit: Unit = Unit.HOURS
    pick: Pick = Pick.EARLIEST
    starts_when_due: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    lapses_before: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One report of a regime. Of several terms the earliest that counts is due.

    `statutory` names the rule of `rules.py` by which the law itself extends the period,
    empty where none is declared. `relief` names the kind of entity that alone may use it.
    `ends` are anchors after which nothing is due any more, unless `reopened` came later.
    `limbs` are those of which one must be met for this stage, empty: any. `asks` is the
    key of a question that says whether the stage's own trigger has come.
    """

    id: str
    name: str
    trigger: str
    recipient: str
    citation: str
    basis: Basis
    terms: tuple[Term, ...] = ()
    no_date: NoDate | None = None
    statutory: str = ""
    relief: str = ""
    cut_off: time | None = None
    ends: tuple[str, ...] = ()
    is_recurring: bool = False
    content: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    limbs: tuple[str, ...] = ()
    duty_of: DutyOf = DutyOf.REPORTER
    asks: str = ""

    @property
    def anchors(self) -> tuple[str, ...]:
        """Return the anchors that any of its periods runs from, each once."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.start))


@dataclass(frozen=True, slots=True)
class Limb:
    """One way in which an incident can be reportable, in the law's own words.

    `asks` is the key of the question that settles it; empty: its own words are asked.
    """

    id: str
    text: str
    citation: str
    asks: str = ""


class DelayKind(StrEnum):
    """What a law knows for who cannot report in time."""

    NOTICE = "notice"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True)
class Grant:
    """One extension of a series: who grants it, and up to how many days.

    `days` is 0 where the law gives no number. What a recipient of the report grants can be
    asked of it here; what another authority grants is recorded on its word.
    """

    by: str
    days: int = 0
    is_by_recipient: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """What a law says of reports of some stages that come later.

    A notice says that and why a limit cannot be met, and moves nothing; `is_before_limit`
    where the law takes it only until then. An extension moves the latest date that the
    law allows, and with `suspends` the duty itself. `grants` follow one another.
    """

    id: str
    name: str
    kind: DelayKind
    stages: tuple[str, ...]
    text: str
    citation: str
    source_url: str
    verified_on: date
    basis: Basis
    is_before_limit: bool = False
    suspends: bool = False
    grants: tuple[Grant, ...] = ()
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regime:
    """One law's reporting duty. `effective_from` is a date in `zone`."""

    id: str
    name: str
    jurisdiction: str
    act: str
    article: str
    source_url: str
    verified_on: date
    basis: Basis
    status: Status
    zone: ZoneInfo
    calendar: str
    scope: str
    confidentiality: str
    retention: str
    effective_from: date | None = None
    limbs: tuple[Limb, ...] = ()
    stages: tuple[Stage, ...] = ()
    uncertain: tuple[str, ...] = ()
    delays: tuple[Delay, ...] = ()

    def stage(self, stage_id: str) -> Stage | None:
        """Return the stage of this id."""
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def limb(self, limb_id: str) -> Limb | None:
        """Return the limb of this id."""
        return next((limb for limb in self.limbs if limb.id == limb_id), None)

    def delay(self, stage_id: str, kind: DelayKind) -> Delay | None:
        """Return what of this kind the law knows for a stage: at most one."""
        found = (one for one in self.delays if one.kind == kind)
        return next((one for one in found if stage_id in one.stages), None)
