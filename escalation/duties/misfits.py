"""Where what was decided and what the answers suggest do not fit any more, and why.

Nothing is decided anew by that: people are told, and decide.
"""

from collections.abc import Collection
from textwrap import shorten
from typing import Final

from escalation.duties.proposals import AssessedLimb, LimbState, Proposal, Proposed

# Longer wordings of a law are cut: the sentence only points at them.
_MAX_WORDS: Final = 90


def misfit(proposed: Proposed, *, verdict: str, limbs: Collection[str]) -> str:
    """Return why a verdict does not fit the answers, empty if it does.

    `limbs` are those that the decision says are met.
    """
    met = proposed.limbs_in(LimbState.MET)
    if verdict == Proposal.NOT_REPORTABLE and met:
        return f"Decided not reportable, but the answers meet {_words(met)}."
    if verdict != Proposal.REPORTABLE:
        return ""
    if more := [one for one in met if one.limb.id not in limbs]:
        return f"The answers meet more than the decision names: {_words(more)}."
    out = proposed.limbs_in(LimbState.RULED_OUT)
    if gone := [one for one in out if one.limb.id in limbs]:
        return f"The answers rule out what the decision rests on: {_words(gone)}."
    return ""


def _words(limbs: Collection[AssessedLimb]) -> str:
    return "; ".join(f"“{_cut(one.limb.text)}”" for one in limbs)


def _cut(text: str) -> str:
    return shorten(text, width=_MAX_WORDS, placeholder=" …")
