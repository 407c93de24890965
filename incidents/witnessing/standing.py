"""Says how fresh a quorum's word for the log is, and who is awaited: by our own clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from incidents.ledger.note import parse_note
from incidents.ledger.policy import NO_QUORUM, Policy
from incidents.ledger.quorum import awaited
from incidents.sealing.models import Cosigned
from incidents.sealing.names import cosigned_heads, own_heads
from incidents.witnessing.cosigning import key_of, seen_in
from incidents.witnessing.models import Witness
from incidents.witnessing.own_policy import cosigners, policy_with, standing_quorum

# Witnesses are asked again each minute, or come by themselves as often.
FRESH: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class QuorumStanding:
    """`vouched_at` is when a quorum last vouched, or began to be waited for.

    None where nobody is waited for. Awaited are those who could complete it, and were
    not heard lately.
    """

    vouched_at: datetime | None
    awaited: tuple[str, ...] = ()

    def is_missed(self, now: datetime, *, minutes: int) -> bool:
        """Tell whether that is longer ago than so many minutes."""
        return self.vouched_at is not None and (
            now - self.vouched_at > timedelta(minutes=minutes)
        )


def read_standing(now: datetime) -> QuorumStanding:
    """Read how fresh the word of a quorum is."""
    witnesses = cosigners()
    policy = policy_with(standing_quorum(), witnesses)
    if policy.quorum == NO_QUORUM:
        return QuorumStanding(None)
    heard = [
        key_of(one)
        for one in witnesses
        if one.cosigned_at and now - one.cosigned_at <= FRESH
    ]
    return QuorumStanding(_vouched_at(policy, witnesses), awaited(policy, heard))


def _vouched_at(policy: Policy, witnesses: Sequence[Witness]) -> datetime | None:
    heads = own_heads().exclude(note="").order_by("size")
    signed = heads.values_list("signed_at", flat=True).first()
    if signed is None:
        return None
    begun = max(signed, min(one.added_at for one in witnesses))
    complete = cosigned_heads().order_by("-size")
    size = complete.values_list("size", flat=True).first()
    if size is None:
        return begun
    # "last" stands before "first", and has every line of it or a newer one.
    newest = Cosigned.objects.filter(size=size).order_by("-which")[0]
    seen = seen_in(parse_note(newest.note), policy)
    rows = {key_of(one): one for one in witnesses}
    met = policy.met_since({key: _ours(rows[key], at) for key, at in seen.items()})
    vouched = datetime.fromtimestamp(met, UTC) if met else newest.quorum_at
    return max(begun, vouched) if vouched else begun


def _ours(witness: Witness, at: int) -> int:
    """Return by our clock when a witness signed at a time of its own."""
    if witness.cosigned_at is None or witness.said_at is None:
        return at
    came_at = int(witness.cosigned_at.timestamp())
    behind = came_at - int(witness.said_at.timestamp())
    return min(at + behind, came_at)
