"""Kinds of events about legal duties: instants, decisions, and what follows from them.

All are of one side alone: what the other side learns stands in a filing.
"""

from typing import Final

from incidents.events.kind import Kind, make_kind

_ANCHOR = "anchor what value at source reason regime"
_DECISION = "decision regime digest limbs answers reason review_on"

DUTY_KINDS: Final[tuple[Kind, ...]] = (
    make_kind(
        "anchor.noted",
        "{what}: {at} ({source})",
        f"{_ANCHOR} written precision",
        apart="source reason written",
    ),
    make_kind(
        "anchor.chosen",
        "{what}: {at} counts under {regime}: {reason}",
        _ANCHOR,
        apart="source reason",
    ),
    make_kind(
        "anchor.withdrawn",
        "{what}: {at} withdrawn: {reason}",
        _ANCHOR,
        apart="source reason",
    ),
    make_kind(
        "assessment.answered", "{asked} {said}: {text}", "question asked said text"
    ),
    make_kind(
        "decision.reportable",
        "Reportable under {regime}: {reason}",
        _DECISION,
        apart="reason",
    ),
    make_kind(
        "decision.not_reportable",
        "Not reportable under {regime}: {reason}",
        _DECISION,
        apart="reason",
    ),
    make_kind(
        "decision.undecided",
        "Undecided under {regime}: {reason}",
        _DECISION,
        apart="reason",
    ),
    make_kind(
        "decision.confirmed",
        "Decision under {regime} confirmed: {verdict}",
        "decision regime verdict",
    ),
    make_kind(
        "decision.contradicted",
        "The decision under {regime} does not fit the answers any more: {reason}",
        "decision regime verdict reason",
    ),
    make_kind(
        "decision.review_due",
        "The decision under {regime} is to be looked at again: {verdict}",
        "decision regime verdict review_on",
    ),
)
