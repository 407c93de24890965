"""Put statutory clocks into words for their side: two dates, their rule, what is left."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from escalation.duties.anchor_words import NAMES, words_of
from escalation.duties.delays.models import DelayNotice
from escalation.duties.delays.moving import EXTENSION
from escalation.duties.models import DueDate, DutyState, StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.overdue import is_overdue, late_by
from escalation.duties.requests import NAME, filing_of, is_request
from escalation.duties.terms import span_of
from escalation.duties.warnings import WarningAt, warnings_of
from escalation.policies.clock_targets import describe_minutes
from escalation.regimes.regime import SUBMITTED, Basis, Regime, Stage, Unit
from escalation.regimes.words import names_of

GROUPS: Final = ("Overdue", "Due", "Waits for an instant", "Reported", "No longer due")
_MINUTE: Final = timedelta(minutes=1)
_UNCERTAIN: Final = "uncertain: "
_STATUTORY: Final = ", statutory: "
_FROM: Final = re.compile(r"from ([a-z_:]+)")
_RULES: Final = {
    "as_counted": "as counted",
    "regulation_1182_71": "Regulation 1182/71",
    "california_ccp_12a": "Code of Civil Procedure 12a",
    "new_york_gcl_25a": "General Construction Law 25-a",
    "dora_noon": "noon of the next working day",
}
_BASES: Final = {
    Basis.STATUTE: "the text of the law",
    Basis.SECONDARY: "secondary sources",
    Basis.RECALLED: "memory: check it",
}
_WARNINGS: Final = {
    "24h": "24 hours before",
    "1h": "1 hour before",
    "due": "when it is overdue",
    "at once": "at once",
}


@dataclass(frozen=True, slots=True)
class ShownDuty:
    """One statutory clock as its organisation sees it at an instant."""

    clock: StatutoryClock
    regime: Regime | None
    stage: Stage | None
    name: str
    history: Sequence[DueDate]
    now: datetime
    notices: Sequence[DelayNotice] = ()

    kind = "statutory"

    @property
    def law(self) -> str:
        """The law's name."""
        return self.regime.name if self.regime else self.clock.regime_id

    @property
    def is_request(self) -> bool:
        """Whether it is the answer to an authority's request, not a report."""
        return is_request(self.clock.stage)

    @property
    def filing_ref(self) -> str:
        """The filing that a request is about; empty for a report."""
        return filing_of(self.clock.citation) if self.is_request else ""

    @property
    def report(self) -> str:
        """The report's name, with its number where it is due again and again."""
        if self.is_request:
            return NAME.capitalize()
        found = self.stage.name if self.stage else self.clock.stage
        return f"{found}, no. {self.clock.round}" if self.clock.round > 1 else found

    @property
    def is_unreadable(self) -> bool:
        """Whether the text that it goes by cannot be read: it stays as it was counted.

        The date of a request is the authority's: it needs no text.
        """
        return self.regime is None and self.clock.is_open and not self.is_request

    @property
    def is_overdue(self) -> bool:
        """Whether it is late and still to be done."""
        return self.clock.is_open and is_overdue(
            self.clock.due_operational, at=self.now
        )

    @property
    def late(self) -> timedelta:
        """By how much it is late, or was when it was reported."""
        if self.clock.state == DutyState.CANCELLED:
            return timedelta(0)
        return late_by(self.clock.due_operational, at=self.clock.met_at or self.now)

    @property
    def late_in_words(self) -> str:
        """The same in words, empty when it is on time."""
        minutes = self.late // _MINUTE
        if not self.late:
            return ""
        return describe_minutes(minutes) if minutes else "less than a minute"

    @property
    def late_minutes(self) -> int:
        """The same in whole minutes."""
        return self.late // _MINUTE

    @property
    def group(self) -> str:
        """Under which heading it stands."""
        match self.clock.state:
            case DutyState.CANCELLED:
                return GROUPS[4]
            case DutyState.MET:
                return GROUPS[3]
            case DutyState.WAITING:
                return GROUPS[2]
        return GROUPS[0] if self.is_overdue else GROUPS[1]

    @property
    def state_word(self) -> str:
        """Its state in a few words."""
        if self.clock.state == DutyState.MET:
            done = "answered" if self.is_request else "reported"
            return f"{done} late" if self.late else f"{done} in time"
        if self.clock.state == DutyState.CANCELLED and self.is_request:
            return "withdrawn"
        if self.clock.state == DutyState.NO_DATE:
            return "due, without a date"
        return self.group.lower()

    @property
    def left(self) -> str:
        """The time that is left, in words."""
        due = self.clock.due_operational
        if due is None or not self.clock.is_open or self.is_overdue:
            return ""
        minutes = (due - self.now) // _MINUTE
        return describe_minutes(minutes) if minutes else "less than a minute"

    @property
    def percent_used(self) -> int:
        """The share of its time that is over, at most 100."""
        span = span_of(self.clock)
        if span is None or span.due is None or span.due <= span.start:
            return 0
        used = (self.now - span.start) / (span.due - span.start)
        return max(0, min(100, int(used * 100)))

    @property
    def warnings(self) -> list[WarningAt]:
        """Its warnings with their instants."""
        span = span_of(self.clock)
        return warnings_of(span) if span else []

    @property
    def next_warning(self) -> WarningAt | None:
        """The warning that comes next."""
        return next((one for one in self.warnings if one.at > self.now), None)

    @property
    def next_warning_in_words(self) -> str:
        """What the next warning is about."""
        warning = self.next_warning
        return warning_in_words(warning.name) if warning else ""

    @property
    def waits_for(self) -> str:
        """What would give it a date, in words."""
        *others, last = [self._named(name) for name in self.clock.waiting_for] or [""]
        words = f"{', '.join(others)} or {last}" if others else last
        return words or "another report that has no date yet"

    @property
    def wants_instant(self) -> bool:
        """Whether a person can note what it waits for."""
        return any(name in NAMES for name in self.clock.waiting_for)

    @property
    def wants_awareness(self) -> bool:
        """Whether it waits to hear when the organisation became aware."""
        return "aware" in self.clock.waiting_for

    @property
    def rule_in_words(self) -> str:
        """By which count, and by which rule of the law's own, its dates are found."""
        count, _, rule = self.clock.rule.partition(_STATUTORY)
        count = count.replace(Unit.BUSINESS_DAYS, "business days")
        if self.clock.anchor:
            words = f"“{words_of(self.clock.anchor).lower()}”"
            count = count.replace(f"from {self.clock.anchor}", f"from {words}")
        return (
            f"{count}; the law's own rule: {_RULES.get(rule, rule)}" if rule else count
        )

    @property
    def due_dates(self) -> list[tuple[DueDate, str]]:
        """What was due so far, each with why it is so, in words."""
        return [(row, _FROM.sub(self._from, row.reason)) for row in self.history]

    def _from(self, found: re.Match[str]) -> str:
        name = found[1]
        is_known = name in NAMES or name.startswith(SUBMITTED)
        return f"from {self._named(name)}" if is_known else found[0]

    def _named(self, name: str) -> str:
        """Return an instant by its name; of a submission that of the report."""
        if not name.startswith(SUBMITTED):
            return f"“{words_of(name)}”"
        stage = name.removeprefix(SUBMITTED)
        names = names_of(self.regime) if self.regime else {}
        return f"the submission of “{names.get(stage, stage.replace('_', ' '))}”"

    @property
    def uncertain(self) -> list[str]:
        """What the law's text leaves open."""
        flags = [flag for flag in self.clock.flags if flag.startswith(_UNCERTAIN)]
        return [flag.removeprefix(_UNCERTAIN) for flag in flags]

    @property
    def extensions(self) -> list[str]:
        """What moved its dates beyond the law's own count, in words."""
        return [flag for flag in self.clock.flags if flag.startswith(EXTENSION)]

    @property
    def flags(self) -> list[str]:
        """What was taken for granted in counting."""
        others = (_UNCERTAIN, EXTENSION)
        return [flag for flag in self.clock.flags if not flag.startswith(others)]

    @property
    def delay(self) -> DelayNotice | None:
        """The last notice that it will be late; it moves no date."""
        return self.notices[-1] if self.notices else None

    @property
    def delay_notified_at(self) -> datetime | None:
        """When an authority was last told that it will be late."""
        return self.delay.notified_at if self.delay else None

    @property
    def basis(self) -> str:
        """What the statement about the law rests on, in words."""
        return _BASES[self.stage.basis] if self.stage else ""

    @property
    def former_dates(self) -> Sequence[DueDate]:
        """The history, if there is more of it than what is due now."""
        return self.history if len(self.history) > 1 else ()


def warning_in_words(name: str) -> str:
    """Return when a warning is given, such as "at 50 % of the time".

    >>> warning_in_words("75%"), warning_in_words("late day 2")
    ('at 75 % of the time', 'on late day 2')
    """
    if name.endswith("%"):
        return f"at {name[:-1]} % of the time"
    return _WARNINGS.get(name) or f"on {name}"


def shown_duties(
    incident_id: int, organisation_ids: Collection[int], now: datetime
) -> list[ShownDuty]:
    """Return the clocks of organisations on an incident, the most urgent first.

    Former rounds of a report that is due again and again are among them.
    """
    rows = StatutoryClock.objects.filter(
        incident=incident_id, organisation__in=organisation_ids
    )
    return shown(rows.select_related("organisation", "incident"), now)


def shown(rows: Iterable[StatutoryClock], now: datetime) -> list[ShownDuty]:
    """Return clocks as they are shown, the most urgent first, in four statements."""
    clocks = list(rows)
    if not clocks:
        return []
    names, history, told = Names.load(clocks), _history(clocks), _notices(clocks)
    found = [
        ShownDuty(
            clock,
            names.regime_of(clock),
            names.stage_of(clock),
            names.name_of(clock),
            history.get(clock.pk, ()),
            now,
            told.get(clock.pk, ()),
        )
        for clock in clocks
    ]
    return sorted(found, key=_urgency)


def _history(clocks: Sequence[StatutoryClock]) -> dict[int, list[DueDate]]:
    found: dict[int, list[DueDate]] = defaultdict(list)
    for row in DueDate.objects.filter(clock__in=clocks):
        found[row.clock_id].append(row)
    return found


def _notices(clocks: Sequence[StatutoryClock]) -> dict[int, list[DelayNotice]]:
    found: dict[int, list[DelayNotice]] = defaultdict(list)
    for row in DelayNotice.objects.filter(clock__in=clocks).order_by("pk"):
        found[row.clock_id].append(row)
    return found


def _urgency(one: ShownDuty) -> tuple[int, bool, float, int]:
    due = one.clock.due_operational
    at = due.timestamp() if due else 0.0
    # What is due without a date is due now: it stands above what has time.
    return GROUPS.index(one.group), due is not None, at, one.clock.pk
