"""Count the texts of law that cannot be read although something goes by them."""

from django.db.models import Q

from escalation.duties.models import StatutoryClock
from escalation.lawbook.models import RegimeText
from escalation.lawbook.registry import is_readable


def count_unreadable() -> int:
    """Return how many texts that are current, or that an open clock keeps, are unreadable.

    Their clocks stay as they were last counted, and warn; nothing new starts by them.
    """
    kept = StatutoryClock.objects.filter(ended_at=None).values("regime_digest")
    rows = RegimeText.objects.filter(Q(is_current=True) | Q(digest__in=kept))
    return sum(not is_readable(row) for row in rows)
