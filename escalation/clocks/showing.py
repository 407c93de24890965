"""Put clocks into words for their side: state, time left, and whose move it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.clocks.models import LIVE, Clock, ClockPause, ClockState
from escalation.clocks.sla import (
    NoticeAt,
    Terms,
    is_overdue,
    notice_instants,
    percent_left,
    remaining,
)
from escalation.clocks.terms import pauses_of, terms_of
from escalation.clocks.trail import name_of
from escalation.policies.clock_targets import describe_minutes, describe_warning

GROUPS = ("Overdue", "Running", "Paused", "Done", "No longer watched")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ShownClock:
    """One clock as its organisation sees it at an instant."""

    clock: Clock
    pauses: Sequence[ClockPause]
    terms: Terms
    now: datetime

    kind = "sla"

    @property
    def name(self) -> str:
        """What is to be done."""
        return name_of(self.clock)

    @property
    def is_overdue(self) -> bool:
        """Whether it is late and still to be done."""
        is_live = self.clock.state in LIVE
        if self.clock.ended_at is not None:
            return False
        return not is_live or is_overdue(self.clock.due_at, self.now)

    @property
    def group(self) -> str:
        """Under which heading it stands."""
        if self.clock.state == ClockState.CANCELLED:
            return GROUPS[4]
        if self.clock.ended_at is not None:
            return GROUPS[3]
        if self.is_overdue:
            return GROUPS[0]
        return GROUPS[2] if self.clock.state == ClockState.PAUSED else GROUPS[1]

    @property
    def state_word(self) -> str:
        """Its state in one or two words."""
        if self.clock.state == ClockState.BREACHED and self.clock.ended_at is not None:
            return "done late" if self.clock.met_at else "was overdue"
        return "done in time" if self.group == GROUPS[3] else self.group.lower()

    @property
    def percent_used(self) -> int:
        """The share of its time that is over, at most 100."""
        return 100 - percent_left(self.terms, self.clock.ended_at or self.now)

    @property
    def left_minutes(self) -> int:
        """Working minutes that are left, 0 when it is over."""
        left = remaining(self.terms, self.clock.ended_at or self.now)
        return max(0, left // _MINUTE)

    @property
    def left(self) -> str:
        """The time that is left, in words."""
        if self.clock.ended_at is not None or self.is_overdue:
            return ""
        kind = "working time" if self.clock.calendar else "time"
        return f"{describe_minutes(self.left_minutes)} of {kind} left"

    @property
    def terms_in_words(self) -> str:
        """By which target it runs, and since what."""
        calendar = f" by {self.clock.calendar_name}" if self.clock.calendar_name else ""
        within = describe_minutes(self.clock.minutes)
        version = self.clock.version
        source = f"{version.policy.name}, version {version.number}"
        return f"within {within}{calendar}, severity {self.clock.severity}: {source}"

    @property
    def whose_move(self) -> str:
        """Who must do something for it to be met."""
        if self.clock.ended_at is not None:
            return ""
        if self.clock.state == ClockState.PAUSED:
            return "nobody while it is paused."
        if self.clock.side == "other":
            return "The other side."
        return f"{self.clock.organisation.name}."

    @property
    def open_pause(self) -> ClockPause | None:
        """The pause that lasts; none when the clock does not stand any more."""
        return next(iter(self._open_pauses), None)

    @property
    def can_pause(self) -> bool:
        """Whether a person could pause it now."""
        return self.clock.state in LIVE and not self.is_overdue and not self.by_hand

    @property
    def by_hand(self) -> bool:
        """Whether a person has paused it."""
        return any(pause.question_id is None for pause in self._open_pauses)

    @property
    def _open_pauses(self) -> list[ClockPause]:
        # A pause that nobody ended lasts no longer than its clock.
        if self.clock.state not in LIVE:
            return []
        return [pause for pause in self.pauses if pause.to_at is None]

    @property
    def notices(self) -> list[NoticeAt]:
        """Its warnings with their instants."""
        return notice_instants(self.terms)

    @property
    def marks(self) -> list[dict[str, object]]:
        """Where on its bar the warnings stand, in percent, and what each says."""
        found = []
        for one in self.notices:
            at = 100 - percent_left(self.terms, one.at)
            found.append({"at": at, "text": describe_warning(one.notice)})
        return found

    @property
    def to_warn(self) -> str:
        """When it still warns, in words; empty when no warning is left."""
        left = [one for one in self.notices if one.at > self.now]
        return "; ".join(describe_warning(one.notice) for one in left)


def shown_clocks(
    incident_id: int, organisation_ids: Collection[int], now: datetime
) -> list[ShownClock]:
    """Return the present clocks of organisations, the most urgent first."""
    rows = Clock.objects.filter(
        incident=incident_id, organisation__in=organisation_ids, is_current=True
    )
    clocks = list(rows.select_related("organisation", "version__policy", "incident"))
    pauses = pauses_of(clocks) if clocks else {}
    shown = [
        ShownClock(clock, own, terms_of(clock, own), now)
        for clock in clocks
        for own in [pauses.get(clock.pk, [])]
    ]
    return sorted(shown, key=_urgency)


def _urgency(shown: ShownClock) -> tuple[int, bool, float, int]:
    due = shown.clock.due_at
    at = due.timestamp() if due else 0.0
    return GROUPS.index(shown.group), due is None, at, shown.clock.pk
