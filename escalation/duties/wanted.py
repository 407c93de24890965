"""Say which clocks a law wants on an incident, and how they should stand: pure.

A clock that is decided upon keeps the text of the law with which it started; one that is
not decided yet goes by the present text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from escalation.duties.plan import NOT_WATCHED, Key, State, Terms
from escalation.regimes.deadlines import (
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
    the incident itself has no duties any more.
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
    def why_not(self) -> str:
        """Why a clock that is not wanted has ended."""
        return self.nothing_because or NO_LIMB


def wanted_clocks(duty: Duty) -> dict[Key, Terms]:
    """Return the clocks that the law wants, by key."""
    found: dict[Key, Terms] = {}
    for digest, regime in duty.texts.items():
        for stage in _stages(duty, regime, digest):
            if duty.kept.get(stage.id, duty.current) == digest:
                found |= dict(_rounds(duty, regime, stage, digest))
    return found


def _stages(duty: Duty, regime: Regime, digest: str) -> Iterator[Stage]:
    """Yield the stages that may be due, and those that were reported anyhow."""
    in_question = _in_question(duty, regime, digest)
    wanted = {stage.id for stage in in_question}
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
    duty: Duty, regime: Regime, stage: Stage, digest: str
) -> Iterator[tuple[Key, Terms]]:
    """Yield the stage's clock; for one that recurs a clock for each report, and the next."""
    sent = duty.submissions.get(stage.id, ())
    count = len(sent) if stage.is_recurring else 0
    for number in range(count + 1):
        terms = _terms(duty, regime, stage, digest, sent=sent, number=number)
        if terms is not None:
            yield Key(duty.regime_id, stage.id, number + 1), terms


def _terms(
    duty: Duty,
    regime: Regime,
    stage: Stage,
    digest: str,
    *,
    sent: Sequence[Submission],
    number: int,
) -> Terms | None:
    """Return how a round's clock should stand; None before the law is in effect."""
    own = SUBMITTED + stage.id
    # What a report makes due again is the next round's, not its own.
    anchors = {**duty.anchors, own: [one.at for one in sent[:number]]}
    answer = deadline(regime, stage, anchors, duty.place)
    met = sent[number] if number < len(sent) else None
    if answer.status == DueStatus.PENDING and met is None:
        return None
    return Terms(
        digest=digest,
        state=State.MET if met else _state(answer),
        is_provisional=not duty.is_decided and met is None,
        due_operational=answer.due_operational,
        due_statutory_latest=answer.due_statutory_latest,
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


def _state(answer: Deadline) -> State:
    match answer.status:
        case DueStatus.NOT_APPLICABLE:
            return State.CANCELLED
        case DueStatus.WAITING:
            return State.WAITING
        case _:
            return State.RUNNING if answer.due_operational else State.NO_DATE


def _reason(answer: Deadline) -> str:
    """Return why there is nothing to do, for a clock that the law itself ends."""
    ended = [flag for flag in answer.flags if flag.startswith("ended: ")]
    return f"the law asks for it no more: {ended[0][7:]}" if ended else ""
