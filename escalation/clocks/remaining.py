"""Say how much of their time clocks have left, for conditions of steps and for lists."""

from collections.abc import Collection
from datetime import datetime

from escalation.clocks.models import LIVE, Clock
from escalation.clocks.sla import percent_left
from escalation.clocks.terms import pauses_of, terms_of


def fractions_left(
    incident_ids: Collection[int], now: datetime
) -> dict[tuple[int, int], int]:
    """Return {(incident id, organisation id): the least percent left of a live clock}.

    Whoever has no live clock is not in the result. Two statements.
    """
    rows = Clock.objects.filter(
        incident__in=incident_ids, is_current=True, state__in=LIVE
    )
    clocks = list(rows)
    pauses = pauses_of(clocks) if clocks else {}
    least: dict[tuple[int, int], int] = {}
    for clock in clocks:
        left = percent_left(terms_of(clock, pauses.get(clock.pk, ())), now)
        place = clock.incident_id, clock.organisation_id
        least[place] = min(left, least.get(place, left))
    return least
