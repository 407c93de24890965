"""What legal duties add to the incident's page: what is due next, and whose move it is."""

from typing import Any

from django.urls import reverse

from escalation.duties.glance import NO_DATE, strip_of
from escalation.duties.models import AnchorValue
from escalation.duties.page import SIDE, Duties
from escalation.lawbook.profiles import profiles_of
from escalation.lawbook.registry import regimes_of_many
from incidents.incident.panels import Due, Move, Part, Seen

# Behind what the incident asks for itself: to be acknowledged, answered, triaged.
_RANK = 60


def duties_panel(seen: Seen) -> Part:
    """Return how each of the reader's sides stands that has duties here at all."""
    profiles = profiles_of(seen.side_ids)
    noted = AnchorValue.objects.filter(
        incident=seen.incident, organisation__in=seen.side_ids
    )
    has_record = set(noted.order_by().values_list("organisation_id", flat=True))
    sides = [
        side
        for side in seen.sides
        if profiles[side.pk].regimes or side.pk in has_record
    ]
    if not sides:
        return Part()
    regimes = regimes_of_many([side.pk for side in sides])
    shown = [
        _shown(Duties(seen, side, profiles[side.pk], regimes[side.pk]))
        for side in sides
    ]
    strip = shown[0]["strip"]
    return Part(
        context={"duties": shown},
        due=None if strip.due == NO_DATE else Due(strip.due, strip.due_at),
        move=None if strip.is_calm else Move(strip.move, _RANK, is_mine=strip.is_mine),
        names={
            name: registered.regime.name
            for side in sides
            for name, registered in regimes[side.pk].items()
        },
    )


def _shown(duties: Duties) -> dict[str, Any]:
    url = reverse("incident-duties", args=[duties.incident.ref])
    has_others = len(duties.seen.sides) > 1
    return {
        "side": duties.side,
        "url": f"{url}?{SIDE}={duties.side.slug}" if has_others else url,
        "strip": strip_of(duties),
    }
