"""Find what of an organisation's duties somebody wants to change."""

from collections.abc import Collection

from django.http import Http404

from escalation.duties.models import AnchorValue, Decision
from incidents.errors import NotAllowed
from incidents.incident.access import sides_of
from incidents.models import Incident, Organisation, User
from incidents.organisations.roles import Action, can


def anchor_to_change(incident: Incident, pk: int, person: User) -> AnchorValue:
    """Return a candidate from the time record of one of the person's own sides.

    Raises Http404 when it is not theirs to see, NotAllowed when their role may not.
    """
    value = anchor_of(incident, sides_of(person, incident), pk)
    require(can(person, Action.DUTIES, value.organisation), Action.DUTIES)
    return value


def decision_to_confirm(incident: Incident, pk: int, person: User) -> Decision:
    """Return a decision of one of the person's own sides.

    Raises Http404 when it is not theirs to see, NotAllowed when their role may not.
    """
    decision = decision_of(incident, sides_of(person, incident), pk)
    require(can(person, Action.APPROVE, decision.organisation), Action.APPROVE)
    return decision


def anchor_of(
    incident: Incident, sides: Collection[Organisation], pk: int
) -> AnchorValue:
    """Return a candidate from the time record of one of these. Raises Http404."""
    rows = AnchorValue.objects.filter(incident=incident, organisation__in=sides)
    value = rows.select_related("organisation", "incident").filter(pk=pk).first()
    if value is None:
        raise Http404
    return value


def decision_of(
    incident: Incident, sides: Collection[Organisation], pk: int
) -> Decision:
    """Return a decision of one of these. Raises Http404."""
    rows = Decision.objects.filter(incident=incident, organisation__in=sides)
    decision = rows.select_related("organisation", "incident").filter(pk=pk).first()
    if decision is None:
        raise Http404
    return decision


def require(is_allowed: bool, action: Action) -> None:
    """Raise NotAllowed, saying what the person may not do, unless they may."""
    if not is_allowed:
        raise NotAllowed(f"None of your roles lets you {action.label}.")
