"""Shows what a quorum means: when the newest heads were, or would have been, complete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incidents.ledger.note import parse_note
from incidents.ledger.policy import Policy
from incidents.ledger.quorum import awaited, in_words, needed_ones
from incidents.sealing.models import Cosigned, Which
from incidents.sealing.names import own_heads
from incidents.witnessing.cosigning import met_in, seen_in
from incidents.witnessing.models import Witness
from incidents.witnessing.quorums import quorum_warnings

HEADS: Final = 5


@dataclass(frozen=True, slots=True)
class HeadPreview:
    """One head: when it was complete, when it would have been, and who was awaited."""

    size: int
    signed_at: datetime | None
    complete_at: datetime | None
    would_be_at: datetime | None
    awaited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuorumPreview:
    """What a quorum means. `needed` are those whose silence alone stops every head."""

    words: str
    warnings: tuple[str, ...]
    needed: tuple[str, ...]
    heads: tuple[HeadPreview, ...]


def preview_quorum(policy: Policy, witnesses: Sequence[Witness]) -> QuorumPreview:
    """Hold a quorum against the newest heads: the very newest, and those with lines."""
    signed = own_heads().exclude(note="")
    newest = signed.order_by("-size").values_list("size", flat=True)[:1]
    firsts = Cosigned.objects.filter(which=Which.FIRST).order_by("-size")[:HEADS]
    lines = {row.size: row for row in firsts}
    heads = signed.filter(size__in={*newest, *lines}).order_by("-size")
    return QuorumPreview(
        words=in_words(policy),
        warnings=tuple(quorum_warnings(policy, witnesses)),
        needed=needed_ones(policy),
        heads=tuple(
            _preview(size, signed_at, lines.get(size), policy)
            for size, signed_at in heads.values_list("size", "signed_at")
        ),
    )


def _preview(
    size: int, signed_at: datetime | None, first: Cosigned | None, policy: Policy
) -> HeadPreview:
    if first is None:
        return HeadPreview(size, signed_at, None, None, awaited(policy, ()))
    note = parse_note(first.note)
    return HeadPreview(
        size=size,
        signed_at=signed_at,
        complete_at=first.quorum_at,
        would_be_at=met_in(note, policy),
        awaited=awaited(policy, seen_in(note, policy)),
    )
