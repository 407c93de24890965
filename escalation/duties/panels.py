"""What legal duties add to the incident's page: what is due next, and whose move it is."""

from typing import Any

from django.urls import reverse

from escalation.duties.glance import strip_of
from escalation.duties.models import AnchorValue
from escalation.duties.page import SIDE
from escalation.lawbook.profiles import Profile, profiles_of
from incidents.incident.panels import Part, Seen
from incidents.models import Organisation
from incidents.organisations.roles import Action, allowed_actions


def duties_panel(seen: Seen) -> Part:
    """Return how each of the reader's sides stands that has duties here at all."""
    profiles = profiles_of(seen.side_ids)
    noted = AnchorValue.objects.filter(
        incident=seen.incident, organisation__in=seen.side_ids
    )
    has_record = set(noted.order_by().values_list("organisation_id", flat=True))
    shown = [
        _shown(seen, side, profiles[side.pk])
        for side in seen.sides
        if profiles[side.pk].regimes or side.pk in has_record
    ]
    return Part(context={"duties": shown} if shown else {})


def _shown(seen: Seen, side: Organisation, profile: Profile) -> dict[str, Any]:
    actions = {
        action
        for role in seen.roles.get(side.pk, [])
        for action in allowed_actions(role, side.kind)
    }
    url = reverse("incident-duties", args=[seen.incident.ref])
    return {
        "side": side,
        "url": f"{url}?{SIDE}={side.slug}" if len(seen.sides) > 1 else url,
        "strip": strip_of(
            seen.incident,
            side,
            seen.person,
            profile=profile,
            may_decide=Action.DUTIES in actions,
            may_confirm=Action.APPROVE in actions,
        ),
    }
