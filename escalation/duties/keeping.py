"""Says which incidents laws demand to be kept, so that no schedule erases of them."""

from collections.abc import Collection, Iterator
from typing import Final

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Q

from escalation.duties.models import DutyState, StatutoryClock
from incidents.retention.keeping import Kept

# Five years, leap days included: the longest that a shipped law names. Source: EU General-
# Purpose AI Code of Practice, Safety and Security Chapter, Measure 9.4.
KEPT_DAYS: Final = 1_827
_RUNS: Final = (DutyState.RUNNING, DutyState.WAITING, DutyState.NO_DATE)


def kept_by_law(incident_ids: Collection[int]) -> Iterator[Kept]:
    """Yield each incident that is kept for a law, and by whom, in one statement.

    As long as a clock of a law runs; once something was reported, five years from the
    closing. Where all clocks were found not to apply, nothing is kept.
    """
    rows = StatutoryClock.objects.filter(incident__in=incident_ids).exclude(
        state=DutyState.CANCELLED
    )
    sides = rows.order_by().values_list("incident_id", "organisation_id")
    for incident_id, side, is_running in sides.annotate(
        runs=BoolOr(Q(state__in=_RUNS))
    ):
        yield Kept(incident_id, side, None if is_running else KEPT_DAYS)
