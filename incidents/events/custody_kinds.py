"""Kinds of events of legal holds and of erasure."""

from typing import Final

from incidents.events.kind import Kind
from incidents.events.kind import make_kind as _kind
from incidents.events.models import Purpose

_ERASURE: Final = "erasure basis reason who"
_APART: Final = "basis reason"
# Each field by itself: a verifier looks for `erased` beside the others.
_ERASED: Final = "basis erased erasure"

CUSTODY_KINDS: Final[tuple[Kind, ...]] = (
    _kind(
        "hold.placed",
        "Legal hold placed for {matter}: {reason}",
        "hold matter reason who",
        personal="who",
        apart="matter reason",
    ),
    _kind(
        "hold.released",
        "Legal hold for {matter} released: {reason}",
        "hold matter reason",
        apart="matter reason",
    ),
    _kind(
        "erasure.asked",
        "Erasure asked for ({basis}): {reason}",
        _ERASURE,
        personal="who",
        apart=_APART,
    ),
    _kind("erasure.approved", "Erasure approved", "erasure"),
    _kind(
        "erasure.declined", "Erasure declined: {reason}", "erasure reason", apart=_APART
    ),
    _kind(
        "erasure.refused", "Erasure refused: {reason}", "erasure reason", apart=_APART
    ),
    _kind(
        "disclosure.erased",
        "Values erased: {basis}",
        shared=_ERASED,
        apart=_ERASED,
    ),
    _kind(
        "retention.announced",
        "{values} values of {incidents} incidents will be erased on {erases_at}",
        "run values incidents erases_at terms",
        purpose=Purpose.CONFIG,
    ),
    _kind(
        "retention.ended",
        "{values} values erased by schedule, {kept} of those announced kept",
        "run values kept",
        purpose=Purpose.CONFIG,
    ),
    _kind(
        "recipient.told",
        "{recipient} was told that values were erased: {how}",
        "bundle erasure recipient how",
        apart="recipient how",
    ),
)
