"""Finds how those are reached who answer for an organisation or for the platform."""

from collections.abc import Iterable, Mapping

from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import desk_methods, methods_for_users
from incidents.models import Membership
from incidents.organisations.roles import Role


def ways_to_those_in_charge(sides: Iterable[int]) -> Mapping[int, list[ContactMethod]]:
    """Return how the desk, the administrators and the operators of each are reached.

    An organisation of which nobody is reached is not there.
    """
    wanted = list(sides)
    found = {side: list(ways) for side, ways in desk_methods(wanted).items()}
    people = Membership.objects.filter(
        organisation__in=wanted, role__in=(Role.ADMIN, Role.OPERATOR), ended_at=None
    ).values_list("organisation_id", "user_id")
    in_charge = set(people)
    ways = methods_for_users({user for _, user in in_charge}, wanted)
    for side, user in sorted(in_charge):
        found.setdefault(side, []).extend(ways.get((side, user), ()))
    return {side: ways for side, ways in found.items() if ways}
