"""Says where entries stand in the log, and which signed head covers them."""

from collections.abc import Iterable

from incidents.sealing.models import Checkpoint, Cosigned, SealedLeaf, Which
from incidents.sealing.names import cosigned_heads, own_heads


def places_of(entry_ids: Iterable[int]) -> dict[int, int]:
    """Return the places of those entries that are sealed, in one statement."""
    rows = SealedLeaf.objects.filter(entry__in=list(entry_ids))
    return dict(rows.values_list("entry_id", "idx"))


def sealed_size() -> int:
    """Return how many entries are sealed."""
    last = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return last or 0


def newest_note(min_size: int = 0) -> str | None:
    """Return the newest signed head of at least this size; None when there is none yet.

    Once witnesses have cosigned any head, only one that a quorum of them cosigned
    counts. One under a name that was given up never does.
    """
    cosigned = cosigned_heads()
    if cosigned.exists():
        # "last" stands before "first" in this order.
        newest = cosigned.filter(size__gte=min_size).order_by("-size", "-which")
        return newest.values_list("note", flat=True).first()
    signed = own_heads().exclude(note="").filter(size__gte=min_size)
    return signed.order_by("-size").values_list("note", flat=True).first()


def note_of(size: int) -> str | None:
    """Return the signed head of exactly this size, the newest with a quorum if any."""
    cosigned = Cosigned.objects.filter(size=size, quorum_at__isnull=False)
    newest = cosigned.order_by("-which").values_list("note", flat=True).first()
    signed = Checkpoint.objects.filter(size=size).exclude(note="")
    return newest or signed.values_list("note", flat=True).first()


def cosigned_notes(sizes: Iterable[int]) -> dict[tuple[int, str], str]:
    """Return {(size, which): note} of the cosigned heads of these sizes."""
    rows = Cosigned.objects.filter(size__in=list(sizes))
    return {
        (size, Which(which)): note
        for size, which, note in rows.values_list("size", "which", "note")
    }
