"""Chooses the head of the log that entries are proved by: one that enough have seen."""

from dataclasses import dataclass

from incidents.sealing.models import Checkpoint, Cosigned
from incidents.witnessing.models import Witness


@dataclass(frozen=True, slots=True)
class ProvingHead:
    """A signed note, and whether a quorum of witnesses cosigned it."""

    note: str
    size: int
    is_cosigned: bool


def proving_head(place: int) -> ProvingHead | None:
    """Return the newest head that covers this place; None while there is none.

    While any witness is asked, only what a quorum of them cosigned counts: also before
    the first of them has answered. Where none is, the log's own signature is all.
    """
    cosigned = Cosigned.objects.filter(size__gt=place, quorum_at__isnull=False)
    # "last" stands before "first" in this order.
    seen = cosigned.order_by("-size", "-which").first()
    if seen is not None:
        return ProvingHead(seen.note, seen.size, is_cosigned=True)
    if Witness.objects.filter(is_active=True).exists():
        return None
    signed = Checkpoint.objects.filter(size__gt=place).exclude(note="")
    head = signed.order_by("-size").first()
    return ProvingHead(head.note, head.size, is_cosigned=False) if head else None
