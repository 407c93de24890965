"""Say in three short sentences how an organisation stands with its legal duties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from escalation.duties.delays.moves import move_about_extensions
from escalation.duties.models import Decision, DutyState, StatutoryClock, Verdict
from escalation.duties.overdue import is_overdue
from escalation.duties.requests import NAME, is_request
from incidents.incident.strip import Strip
from incidents.organisations.roles import Action

if TYPE_CHECKING:
    from escalation.duties.page import Duties

NO_DATE: Final = "No report has a date."
_UNWATCHED: Final = "No law is watched here."
# More laws than this are not named in a sentence.
_NAMED: Final = 2


@dataclass(frozen=True, slots=True)
class _Standing:
    """What of an organisation's duties is open on an incident."""

    watched: int
    undecided: Sequence[str]
    unconfirmed: Sequence[Decision]
    next_clock: StatutoryClock | None


def strip_of(duties: "Duties") -> Strip:
    """Return what is known, what is due and whose move it is, in three statements."""
    standing = _standing_of(duties)
    clock = standing.next_clock
    due_at = clock.due_operational if clock else None
    is_late = is_overdue(due_at, at=duties.seen.now)
    move, is_mine = _move(duties, standing)
    return Strip(
        happening=_known(standing, is_agency=duties.side.is_agency),
        due=_due(duties, clock, is_late=is_late),
        due_at=None if is_late else due_at,
        move=move,
        is_mine=is_mine,
        is_calm=not is_mine and clock is None,
    )


def _standing_of(duties: "Duties") -> _Standing:
    own = {"incident": duties.incident, "organisation": duties.side}
    # The oldest first: whoever decided first is named first.
    rows = [row for row in reversed(duties.decisions) if row.is_current]
    decisions = [row for row in rows if row.verdict != Verdict.UNDECIDED]
    clocks = list(
        StatutoryClock.objects.filter(**own, is_current=True, ended_at=None).order_by(
            "due_operational", "pk"
        )
    )
    settled = {decision.regime_id for decision in decisions} - _doubted(
        decisions, clocks
    )
    return _Standing(
        watched=len(duties.watched),
        undecided=[name for name in duties.watched if name not in settled],
        unconfirmed=[row for row in decisions if row.confirmed_at is None],
        next_clock=_next(clocks, duties.seen.now),
    )


def _next(clocks: Sequence[StatutoryClock], now: datetime) -> StatutoryClock | None:
    """Return what is overdue, else what is due at once without a date, else the next."""
    dated = [one for one in clocks if one.due_operational]
    late = [one for one in dated if is_overdue(one.due_operational, at=now)]
    at_once = [one for one in clocks if one.state == DutyState.NO_DATE]
    return next(iter([*late, *at_once, *dated]), None)


def _doubted(
    decisions: Sequence[Decision], clocks: Sequence[StatutoryClock]
) -> set[str]:
    """Return the regimes whose clocks run to be safe although two people decided.

    Something that the decision does not fit was answered since: it is to be decided anew.
    """
    confirmed = {one.regime_id for one in decisions if one.confirmed_at is not None}
    return confirmed & {clock.regime_id for clock in clocks if clock.is_provisional}


def _known(standing: _Standing, *, is_agency: bool) -> str:
    clock = standing.next_clock
    if not standing.watched and clock and is_request(clock.stage):
        return "An authority asked for information."
    if not standing.watched and clock:
        return "A report that came in wants an answer."
    if not standing.watched:
        return "No clock of the authority's own runs." if is_agency else _UNWATCHED
    laws = _count(standing.watched, "law")
    if standing.undecided:
        return f"{laws} watched, {len(standing.undecided)} of them not decided yet."
    if standing.unconfirmed:
        open_ones = _count(len(standing.unconfirmed), "decision")
        return f"{laws} watched, {open_ones} not confirmed yet."
    return f"{laws} watched, all decided and confirmed."


def _due(duties: "Duties", clock: StatutoryClock | None, *, is_late: bool) -> str:
    if clock is None:
        return NO_DATE
    registered = duties.regimes.get(clock.regime_id)
    stage = registered.regime.stage(clock.stage) if registered else None
    what = stage.name if stage else clock.stage.replace("_", " ")
    what = NAME if is_request(clock.stage) else what
    law = _name(duties, clock.regime_id)
    whether = " (if it is reportable)" if clock.is_provisional else ""
    if clock.due_operational is None:
        return f"{law}: {what}{whether}, due now: the law gives no date"
    since = f", overdue since {clock.due_operational:%-d %b, %H:%M} UTC"
    return f"{law}: {what}{whether}{since if is_late else ''}"


def _move(duties: "Duties", standing: _Standing) -> tuple[str, bool]:
    """Return whose move it is, and whether it is the reader's."""
    may_decide = duties.may(Action.DUTIES)
    others = [
        row for row in standing.unconfirmed if row.decided_by_id != duties.person.pk
    ]
    if others and duties.may(Action.APPROVE):
        who, law = others[0].decided_by, _name(duties, others[0].regime_id)
        return f"Yours: confirm what {who} decided under {law}, or decide anew.", True
    if about := move_about_extensions(duties):
        return about
    if standing.undecided:
        whose = "Yours" if may_decide else str(duties.side)
        named = "; ".join(_name(duties, one) for one in standing.undecided[:_NAMED])
        more = len(standing.undecided) - _NAMED
        rest = f"; and {more} more" if more > 0 else ""
        return f"{whose}: decide whether to report under {named}{rest}.", may_decide
    if standing.unconfirmed:
        return f"{duties.side}: a second person must confirm what was decided.", False
    if standing.next_clock is not None:
        is_asked = is_request(standing.next_clock.stage)
        act = "answer the authority" if is_asked else "report"
        return f"{duties.side}: {act} in time.", may_decide
    return "Nobody's.", False


def _name(duties: "Duties", regime_id: str) -> str:
    registered = duties.regimes.get(regime_id)
    return registered.regime.name if registered else regime_id


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
