"""Find the incident that a person may see, and in whose name they act on it.

Every page and endpoint comes through here, so that what is not visible is not found
and what is visible but not allowed says so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from django.http import Http404

from incidents.errors import BadInput, NotAllowed, NotVisible, Unavailable
from incidents.events.actor import Actor
from incidents.events.reads import record_read
from incidents.incident.models import Incident
from incidents.incident.refs import is_ref, normalise_ref
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, allowed_actions

log = structlog.get_logger(__name__)


def find_incident(user: User, ref: str) -> Incident:
    """Return the incident with this reference. Raises Http404 when it is not visible."""
    visible = Incident.objects.visible_to(user).select_related(
        "organisation", "source", "reported_by"
    )
    wanted = normalise_ref(ref)
    incident = visible.filter(ref=wanted).first() if is_ref(wanted) else None
    if incident is None:
        raise Http404
    return incident


def named_incident(user: User, ref: str, *, field: str) -> Incident:
    """Return the incident that a body names. Raises NotVisible, which says the field."""
    try:
        return find_incident(user, ref)
    except Http404:
        remedy = "Name an incident that you can open, by its ref."
        raise NotVisible(field, ref, remedy) from None


def sides_of(user: User, incident: Incident) -> list[Organisation]:
    """Return the user's organisations that see the incident, the owner first."""
    shared_with = incident.shares.filter(unshared_at=None).values("agency_id")
    sides = Organisation.objects.of(user).exclude(kind=OrganisationKind.PLATFORM)
    found = sides.filter(pk=incident.organisation_id) | sides.filter(pk__in=shared_with)
    return sorted(
        found, key=lambda side: (side.pk != incident.organisation_id, side.pk)
    )


def acting_organisation(
    user: User, incident: Incident, action: Action, *, slug: str = ""
) -> Organisation:
    """Return the organisation in whose name the user may do this to the incident.

    `slug` chooses when there are several. Raises NotAllowed, or Http404 when no
    organisation of the user sees the incident.
    """
    sides = sides_of(user, incident)
    if not sides:
        raise Http404
    if slug and slug not in {side.slug for side in sides}:
        known = ", ".join(side.slug for side in sides)
        raise BadInput("organisation", slug, f"You act here for: {known}.")
    roles = roles_of(user)
    for side in sides:
        if slug in ("", side.slug) and _is_allowed(roles, action, side):
            return side
    raise NotAllowed(f"None of your roles lets you {Action(action).label}.")


def require_owner(user: User, incident: Incident, action: Action) -> Organisation:
    """Return the incident's owner. Raises NotAllowed unless the user may do this for it."""
    owner = incident.organisation
    if not _is_allowed(roles_of(user), action, owner):
        message = f"Only {owner.name} may do this, by a role that lets you {Action(action).label}."
        raise NotAllowed(message)
    return owner


def actor_for(user: User, organisation: Organisation) -> Actor:
    """Return the person as an actor of this organisation, with their role there."""
    roles = roles_of(user).get(organisation.pk, [])
    return Actor.of(user, organisation, role=roles[0] if roles else "")


def roles_of(user: User) -> dict[int, list[str]]:
    """Return the person's roles as {organisation id: [role, …]}, oldest first."""
    roles: dict[int, list[str]] = {}
    rows = user.memberships.filter(ended_at=None).order_by("pk")
    for organisation_id, role in rows.values_list("organisation_id", "role"):
        roles.setdefault(organisation_id, []).append(role)
    return roles


def note_reading(
    *,
    reader: str,
    user: User,
    incidents: Iterable[Incident],
    targets: Sequence[str],
    now: datetime,
) -> None:
    """Record that the person opens this, before a byte of it is sent.

    One incident is recorded with it; a list as one entry of the person's organisation.
    Raises Unavailable, which refuses the read, when the entry cannot be written,
    and Http404 when none of the person's organisations sees the incident any more.
    """
    rows = list(incidents)
    if not targets:
        return
    only = rows[0] if len(rows) == 1 else None
    sides = sides_of(user, only) if only else _reading_sides(user)
    if only and not sides:
        raise Http404  # unshared, or the role ended, since the incident was found
    try:
        for side in sides[:1]:
            record_read(
                reader=reader,
                actor=actor_for(user, side),
                incident=only,
                targets=targets,
                now=now,
            )
    except Exception as error:
        log.exception("read not recorded, refused", reader=reader)
        raise Unavailable(
            "The reading could not be recorded, so it is refused."
        ) from error


def _reading_sides(user: User) -> list[Organisation]:
    own = Organisation.objects.of(user).exclude(kind=OrganisationKind.PLATFORM)
    return list(own.order_by("pk"))


def _is_allowed(
    roles: dict[int, list[str]], action: Action, side: Organisation
) -> bool:
    return any(
        action in allowed_actions(role, side.kind) for role in roles.get(side.pk, [])
    )
