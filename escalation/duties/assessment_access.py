"""Who sees and who answers an assessment: people of the incident's owner, nobody else."""

from django.http import Http404

from incidents.incident.access import require_owner, sides_of
from incidents.models import Incident, Organisation, User
from incidents.organisations.roles import Action, can


def owner_to_read(person: User, incident: Incident) -> Organisation:
    """Return the owner, for one of its people. Raises Http404 for everybody else."""
    owner = incident.organisation
    if owner.pk not in {side.pk for side in sides_of(person, incident)}:
        raise Http404
    return owner


def owner_to_answer(person: User, incident: Incident) -> Organisation:
    """Return the owner, for whom the person may answer. Raises Http404, NotAllowed."""
    owner_to_read(person, incident)
    return require_owner(person, incident, Action.DUTIES)


def may_answer(person: User, incident: Incident) -> bool:
    """Tell whether the person may answer for the owner."""
    return can(person, Action.DUTIES, incident.organisation)
