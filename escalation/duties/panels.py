"""What legal duties add to the incident's page: what is due next, and whose move it is."""

from typing import Any

from django.urls import reverse

from escalation.duties.glance import strip_of
from escalation.duties.models import AnchorValue
from escalation.duties.page import SIDE, Duties
from escalation.lawbook.profiles import profiles_of
from escalation.lawbook.registry import regimes_of_many
from incidents.incident.panels import Due, Move, Part, Seen
from incidents.incident.strip import Strip

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
    context = {"duties": shown}
    if not seen.incident.is_closed or shown[0]["strip"].is_calm:
        return Part(context)
    return _last_word(context, shown[0]["strip"])


def _last_word(context: dict[str, Any], strip: Strip) -> Part:
    """Return the part of an incident that is closed and still owes its reports."""
    move = Move(strip.move, rank=_RANK, is_mine=strip.is_mine)
    return Part(context, due=Due(strip.due, strip.due_at), move=move)


def _shown(duties: Duties) -> dict[str, Any]:
    url = reverse("incident-duties", args=[duties.incident.ref])
    has_others = len(duties.seen.sides) > 1
    return {
        "side": duties.side,
        "url": f"{url}?{SIDE}={duties.side.slug}" if has_others else url,
        "strip": strip_of(duties),
    }
