"""Says under which name the log is signed, and which heads are signed under it.

A log whose key was stolen goes on under another name and key, in the same tree
(`continuing.py`). What was signed before stays as it was, and proves what it proved.
"""

from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from incidents.sealing.models import Checkpoint, Cosigned, EndedLog


def own_heads() -> QuerySet[Checkpoint]:
    """Return the heads that are signed, or to be signed, under the present name."""
    return Checkpoint.objects.filter(size__gt=_taken_over())


def cosigned_heads() -> QuerySet[Cosigned]:
    """Return the heads under the present name that a quorum cosigned."""
    return Cosigned.objects.filter(size__gt=_taken_over(), quorum_at__isnull=False)


def ended_logs() -> list[EndedLog]:
    """Return the names that were given up, oldest first."""
    return list(EndedLog.objects.order_by("number"))


def formers_of(origin: str) -> list[EndedLog]:
    """Return the names before this one, oldest first, with their entries."""
    before = []
    for ended in EndedLog.objects.select_related("entry").order_by("number"):
        if ended.origin == origin:
            break
        before.append(ended)
    return before


def present_name() -> str:
    """Return the name under which the log goes on; empty while nothing is signed."""
    last = EndedLog.objects.order_by("-number").first()
    if last is not None:
        return last.successor
    signed = Checkpoint.objects.exclude(note="").order_by("-size")
    note = signed.values_list("note", flat=True).first()
    return (note or "").partition("\n")[0]


def _taken_over() -> Coalesce:
    ended = EndedLog.objects.order_by("-number").values("sealed_size")[:1]
    return Coalesce(Subquery(ended), Value(0))
