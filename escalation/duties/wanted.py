"""Say which clocks a law wants on an incident, and how they should stand: pure.

A clock that is decided upon keeps the text of the law with which it started; one that is
not decided yet goes by the present text.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from escalation.duties.delays.moving import Extended, extend
from escalation.duties.plan import NOT_WATCHED, Key, State, Terms
from escalation.regimes.deadlines import (
    REOPENED,
    Anchors,
    Deadline,
    DueStatus,
    Place,
    deadline,
)
from escalation.regimes.regime import SUBMITTED, Regime, Stage
from escalation.regimes.relevance import stages_in_question

REPORTER: Final = "reporter"
AUTHORITY: Final = "authority"
NOT_REPORTABLE: Final = "decided: not reportable"
NOT_IN_EFFECT: Final = "the law was not in effect then"
NO_LIMB: Final = "nothing that this law names for it is met"


@dataclass(frozen=True, slots=True)
class Submission:
    """A report that went out: when, and under which reference."""

    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Duty:
    """What is known about one law for one organisation on one incident.

    `texts` are the law's texts by digest, `kept` says by which of them a stage's clock
    runs already. `verdict` is empty until a second person has confirmed a decision;
    `ruled_out` are the limbs that the answers exclude, by text. `ended_because` is why
    the incident itself has no duties any more. `extensions` are those in force.
    """

    regime_id: str
    texts: Mapping[str, Regime]
    current: str
    place: Place
    anchors: Anchors
    side: str = REPORTER
    verdict: str = ""
    met: frozenset[str] = frozenset()
    ruled_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    ended_because: str = ""
    submissions: Mapping[str, Sequence[Submission]] = field(default_factory=dict)
    extensions: Mapping[Key, Sequence[Extended]] = field(default_factory=dict)

    @property
    def is_decided(self) -> bool:
        """Whether it is settled that this has to be reported."""
        return self.side == AUTHORITY or self.verdict == "reportable"

    @property
    def nothing_because(self) -> str:
        """Why nothing at all is to be reported under this law; empty when something may be."""
        if self.ended_because or not self.current:
            return self.ended_because or NOT_WATCHED
        return NOT_REPORTABLE if self.verdict == "not_reportable" else ""

    @property
    def unreadable(self) -> frozenset[str]:
        """Stages whose clock goes by a text that cannot be read: it stays as it is.

        Where nothing is to be reported any more, it ends without being read.
        """
        lost = {
            stage for stage, digest in self.kept.items() if digest not in self.texts
        }
        if self.nothing_because:
            lost &= self.submissions.keys()
        return frozenset(lost)

    @property
    def why_not(self) -> str:
        """Why a clock that is not wanted has ended."""
        return self.nothing_because or NO_LIMB


def wanted_clocks(duty: Duty) -> dict[Key, Terms]:
    """Return the clocks that the law wants, by key."""
    found: dict[Key, Terms] = {}
    for digest, regime in duty.texts.items():
        in_question = {stage.id for stage in _in_question(duty, regime, digest)}
        for stage in _stages(duty, regime, in_question):
            if duty.kept.get(stage.id, duty.current) == digest:
                is_open = stage.id in in_question
                found |= dict(_rounds(duty, regime, stage, digest, is_open=is_open))
    return found


def _stages(duty: Duty, regime: Regime, wanted: Collection[str]) -> Iterator[Stage]:
    """Yield the stages that may be due, and those that were reported anyhow."""
    for stage in regime.stages:
        is_own = stage.duty_of == duty.side
        if is_own and (stage.id in wanted or duty.submissions.get(stage.id)):
            yield stage


def _in_question(duty: Duty, regime: Regime, digest: str) -> Sequence[Stage]:
    if duty.nothing_because:
        return ()
    if duty.side == AUTHORITY:
        return regime.stages
    return stages_in_question(
        regime,
        met=set(duty.met),
        ruled_out=set(duty.ruled_out.get(digest, ())),
        is_decided=duty.is_decided,
    )


def _rounds(
    duty: Duty, regime: Regime, stage: Stage, digest: str, *, is_open: bool
) -> Iterator[tuple[Key, Terms]]:
    """Yield the stage's clock; for one that recurs a clock for each report, and the next.

    There is no next one where nothing more is to be reported.
    """
    sent = duty.submissions.get(stage.id, ())
    rounds = len(sent) + is_open if stage.is_recurring else 1
    for number in range(rounds):
        terms = _terms(duty, regime, stage, digest, sent=sent, number=number)
        yield Key(duty.regime_id, stage.id, number + 1), terms


def _terms(
    duty: Duty,
    regime: Regime,
    stage: Stage,
    digest: str,
    *,
    sent: Sequence[Submission],
    number: int,
) -> Terms:
    """Return how a round's clock should stand; before the law is in effect cancelled."""
    own = SUBMITTED + stage.id
    # What a report makes due again is the next round's, not its own.
    anchors: Anchors = {**duty.anchors, own: [one.at for one in sent[:number]]}
    met = sent[number] if number < len(sent) else None
    if met is not None:
        anchors = _until(met.at, anchors, {*stage.ends, REOPENED})
    answer = deadline(regime, stage, anchors, duty.place)
    key = Key(duty.regime_id, stage.id, number + 1)
    answer = extend(answer, duty.extensions.get(key, ()), duty.place.zone)
    return Terms(
        digest=digest,
        state=State.MET if met else _state(answer),
        is_provisional=not duty.is_decided and met is None,
        due_operational=_utc(answer.due_operational),
        due_statutory_latest=_utc(answer.due_statutory_latest),
        anchor=answer.anchor,
        counted_from=answer.counted_from,
        waiting_for=answer.waiting_for,
        rule=answer.rule,
        citation=answer.citation,
        flags=answer.flags,
        met_at=met.at if met else None,
        met_by=met.reference if met else "",
        reason=_reason(answer) if met is None else "",
    )


def _utc(at: datetime | None) -> datetime | None:
    """Return it as a row gives it back.

    A local time that comes twice equals no other, so that each look would move it; and
    an hour before a local time is none where the clocks go forward.
    """
    return at.astimezone(UTC) if at else None


def _until(at: datetime, anchors: Anchors, names: Collection[str]) -> Anchors:
    """Leave out of some anchors what came after a report: it was due before, or late."""
    return {
        name: [one for one in found if one <= at] if name in names else found
        for name, found in anchors.items()
    }


def _state(answer: Deadline) -> State:
    match answer.status:
        case DueStatus.NOT_APPLICABLE | DueStatus.PENDING:
            return State.CANCELLED
        case DueStatus.WAITING:
            return State.WAITING
        case _:
            return State.RUNNING if answer.due_operational else State.NO_DATE


def _reason(answer: Deadline) -> str:
    """Return why there is nothing to do, for a clock that the law itself ends."""
    if answer.status == DueStatus.PENDING:
        return NOT_IN_EFFECT
    ended = [flag for flag in answer.flags if flag.startswith("ended: ")]
    return f"the law asks for it no more: {ended[0][7:]}" if ended else ""
