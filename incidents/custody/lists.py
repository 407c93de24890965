"""Holds and requests to erase, as those who may decide on them find them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from incidents.custody.models import Erasure, Hold, RecipientNotice
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.access import (
    acting_organisation,
    actor_for,
    named_incident,
    note_reading,
)
from incidents.incident.models import Incident
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action, organisations_allowing


def holds_for(user: User) -> QuerySet[Hold, Hold]:
    """Return the holds of the organisations in whose name the user may decide."""
    rows = Hold.objects.filter(
        organisation__in=organisations_allowing(user, Action.APPROVE)
    )
    return rows.select_related(
        "organisation", "incident", "person", "placed_by", "released_by"
    )


def erasures_for(user: User) -> QuerySet[Erasure, Erasure]:
    """Return the requests of the organisations in whose name the user may decide."""
    rows = Erasure.objects.filter(
        organisation__in=organisations_allowing(user, Action.APPROVE)
    )
    return rows.select_related(
        "organisation", "incident", "person", "asked_by"
    ).prefetch_related("approvals__user")


def find_hold(user: User, uid: UUID | str) -> Hold:
    """Return the hold. Raises Http404 when it is not theirs to see."""
    hold = holds_for(user).filter(uid=uid).first()
    if hold is None:
        raise Http404
    return hold


def find_erasure(user: User, uid: UUID | str) -> Erasure:
    """Return the request. Raises Http404 when it is not theirs to see."""
    erasure = erasures_for(user).filter(uid=uid).first()
    if erasure is None:
        raise Http404
    return erasure


def subject_of(
    user: User, *, incident: str, person: str, organisation: str = ""
) -> tuple[Organisation, Incident | User]:
    """Return for whom the user acts, and the incident or person that they name.

    Raises NotAllowed, NotVisible, BadInput.
    """
    if bool(incident) == bool(person):
        raise BadInput("incident", incident, "Name an incident or a person, not both.")
    if incident:
        found = named_incident(user, incident, field="incident")
        side = acting_organisation(user, found, Action.APPROVE, slug=organisation)
        return side, found
    side = organisation_for(user, Action.APPROVE, slug=organisation)
    members = User.objects.filter(memberships__organisation=side).distinct()
    who = members.filter(email=person.strip().lower()).first()
    if who is None:
        raise BadInput("person", person, f"Name somebody who is or was in {side}.")
    return side, who


def note_listed(
    rows: Iterable[Hold | Erasure | RecipientNotice],
    *,
    user: User,
    reader: str,
    now: datetime,
) -> None:
    """Record that the user lists these, before a byte is sent. Raises Unavailable."""
    note_reading(
        reader=reader,
        user=user,
        incidents=[],
        targets=[f"custody:{row.uid}" for row in rows],
        now=now,
    )


def decider(user: User, row: Hold | Erasure) -> Actor:
    """Return the user as an actor of the row's organisation."""
    return actor_for(user, row.organisation)


def subject_text(row: Hold | Erasure) -> str:
    """Return what the row is about, as people say it."""
    return row.incident.ref if row.incident else str(row.person)
