"""Say in three short sentences how an organisation stands with its legal duties."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.duties.models import Decision, StatutoryClock, Verdict
from escalation.lawbook.profiles import Profile
from incidents.incident.strip import Strip
from incidents.models import Incident, Organisation, User

# More laws than this are not named in a sentence.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an organisation's duties is open on an incident."""

    watched: int
    undecided: tuple[str, ...]
    unconfirmed: tuple[Decision, ...]
    next_clock: StatutoryClock | None

    @property
    def due_at(self) -> datetime | None:
        """Return when the next report is due, None when no clock has a date."""
        return self.next_clock.due_operational if self.next_clock else None


def standing_of(
    incident: Incident, side: Organisation, *, profile: Profile
) -> Standing:
    """Return how an organisation stands, in two statements."""
    decisions = list(
        Decision.objects.filter(
            incident=incident, organisation=side, is_current=True
        ).select_related("decided_by")
    )
    settled = {d.regime_id for d in decisions if d.verdict != Verdict.UNDECIDED}
    clocks = StatutoryClock.objects.filter(
        incident=incident,
        organisation=side,
        is_current=True,
        ended_at=None,
        due_operational__isnull=False,
    )
    return Standing(
        watched=len(profile.regimes),
        undecided=tuple(sorted(set(profile.regimes) - settled)),
        unconfirmed=tuple(
            d
            for d in decisions
            if d.confirmed_at is None and d.verdict != Verdict.UNDECIDED
        ),
        next_clock=clocks.order_by("due_operational", "pk").first(),
    )


def strip_of(
    incident: Incident,
    side: Organisation,
    person: User,
    *,
    profile: Profile,
    may_decide: bool,
    may_confirm: bool,
) -> Strip:
    """Return what is known, what is due and whose move it is, for this reader."""
    standing = standing_of(incident, side, profile=profile)
    move, is_mine = _move(standing, side, person, may_decide, may_confirm)
    return Strip(
        happening=_known(standing),
        due=_due(standing),
        due_at=standing.due_at,
        move=move,
        is_mine=is_mine,
        is_calm=not is_mine and standing.next_clock is None,
    )


def _known(standing: Standing) -> str:
    if not standing.watched and standing.next_clock:
        return "A report that came in wants an answer."
    if not standing.watched:
        return "No law is watched here."
    laws = _count(standing.watched, "law")
    if standing.undecided:
        return f"{laws} watched, {len(standing.undecided)} of them not decided yet."
    if standing.unconfirmed:
        open_ones = _count(len(standing.unconfirmed), "decision")
        return f"{laws} watched, {open_ones} not confirmed yet."
    return f"{laws} watched, all decided and confirmed."


def _due(standing: Standing) -> str:
    clock = standing.next_clock
    if clock is None:
        return "No report has a date."
    stage = clock.stage.replace("_", " ")
    whether = ", if it is reportable" if clock.is_provisional else ""
    return f"{clock.regime_id}, {stage}{whether}:"


def _move(
    standing: Standing,
    side: Organisation,
    person: User,
    may_decide: bool,
    may_confirm: bool,
) -> tuple[str, bool]:
    """Return whose move it is, and whether it is the reader's."""
    others = [d for d in standing.unconfirmed if d.decided_by_id != person.pk]
    if others and may_confirm:
        decision = others[0]
        who, law = decision.decided_by, decision.regime_id
        return f"Yours: confirm what {who} decided under {law}, or decide anew.", True
    if standing.undecided:
        laws = ", ".join(standing.undecided[:_NAMED])
        more = " and others" if len(standing.undecided) > _NAMED else ""
        what = f"decide whether it is reportable under {laws}{more}."
        return (f"Yours: {what}", True) if may_decide else (f"{side}: {what}", False)
    if standing.unconfirmed:
        return f"{side}: a second person must confirm what was decided.", False
    if standing.next_clock is not None:
        return f"{side}: report in time.", may_decide
    return "Nobody's.", False


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
