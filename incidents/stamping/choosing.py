"""Chooses the few time stamps that tell most of one stream's time."""

from django.db.models import QuerySet

from incidents.stamping.models import TimeStamp


def stamps_around(first: int, last: int, head_size: int) -> dict[int, bytes]:
    """Return {size: answer} for entries of the log from place `first` to `last`.

    The newest stamp without any of them, the oldest with all of them, and the oldest of
    the head itself, as far as they exist.
    """
    known = TimeStamp.objects.filter(size__lte=head_size)
    oldest: QuerySet[TimeStamp] = known.order_by("size", "at")
    found = (
        known.filter(size__lte=first).order_by("-size", "-at").first(),
        oldest.filter(size__gt=last).first(),
        oldest.filter(size=head_size).first(),
    )
    return {one.size: bytes(one.answer) for one in found if one is not None}
