"""Find a clock for somebody who wants to change it."""

from django.http import Http404

from escalation.clocks.models import Clock
from escalation.clocks.pausing import action_for
from incidents.errors import NotAllowed
from incidents.incident.access import sides_of
from incidents.models import Incident, User
from incidents.organisations.roles import can


def clock_to_change(incident: Incident, pk: int, person: User) -> Clock:
    """Return a present clock of one of the person's own sides.

    Raises Http404 when it is not theirs to see, NotAllowed when their role may not.
    """
    rows = Clock.objects.filter(
        incident=incident,
        organisation__in=[side.pk for side in sides_of(person, incident)],
        is_current=True,
    )
    clock = rows.select_related("organisation", "incident").filter(pk=pk).first()
    if clock is None:
        raise Http404
    if not can(person, action_for(clock), clock.organisation):
        raise NotAllowed("Your role may not pause clocks.")
    return clock
