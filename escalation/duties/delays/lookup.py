"""Find what somebody wants to do about a delay, and for which side they do it."""

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.http import Http404

from escalation.duties.delays.models import DelayNotice, Extension, ExtensionState
from escalation.duties.lookup import require
from escalation.duties.models import StatutoryClock
from incidents.models import Incident, Organisation, User
from incidents.organisations.roles import Action, can


def clock_to_delay(
    incident: Incident,
    sides: Collection[Organisation],
    pk: int,
    person: User,
    *,
    tells: bool,
) -> StatutoryClock:
    """Return the clock of one of these sides, of which the person may say this.

    Who tells an agency shares with it, too. Raises Http404, NotAllowed.
    """
    rows = StatutoryClock.objects.filter(incident=incident, organisation__in=sides)
    clock = rows.select_related("organisation", "incident").filter(pk=pk).first()
    if clock is None:
        raise Http404
    for action in (Action.DUTIES, Action.SHARE) if tells else (Action.DUTIES,):
        require(can(person, action, clock.organisation), action)
    return clock


def extension_of(
    incident: Incident, sides: Collection[Organisation], pk: int
) -> Extension:
    """Return an extension that one of these entered, or was asked for.

    Raises Http404.
    """
    rows = visible_extensions(incident, sides).select_related(
        "clock__incident", "organisation", "agency"
    )
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def visible_extensions(
    incident: Incident, sides: Collection[Organisation]
) -> QuerySet[Extension]:
    """Return the extensions on an incident of which one of these sides knows."""
    mine = Q(organisation__in=sides) | Q(agency__in=sides)
    return Extension.objects.filter(mine, clock__incident=incident)


def visible_notices(
    incident: Incident, sides: Collection[Organisation]
) -> QuerySet[DelayNotice]:
    """Return the notices of delay that one of these sides told, or was told."""
    mine = Q(organisation__in=sides) | Q(agency__in=sides)
    return DelayNotice.objects.filter(mine, clock__incident=incident)


def side_that_withdraws(
    row: Extension, sides: Collection[Organisation], person: User
) -> Organisation:
    """Return for which of these sides a person takes an extension back.

    Raises NotAllowed when their role may not.
    """
    is_grant = row.state == ExtensionState.GRANTED
    wanted = row.agency_id if is_grant else row.organisation_id
    ordered = sorted(sides, key=lambda side: side.pk != wanted)
    known = {row.organisation_id, row.agency_id}
    side = next(one for one in ordered if one.pk in known)
    action = Action.APPROVE if side.is_agency else Action.DUTIES
    require(can(person, action, side), action)
    return side


def confirming(row: Extension, person: User) -> None:
    """Raise NotAllowed unless the person may confirm for the lab."""
    require(can(person, Action.APPROVE, row.organisation), Action.APPROVE)


def answering_agency(
    row: Extension, sides: Collection[Organisation], person: User
) -> Organisation:
    """Return the agency in whose name a person answers. Raises Http404, NotAllowed."""
    agency = row.agency
    if agency is None or agency.pk not in {side.pk for side in sides}:
        raise Http404
    require(can(person, Action.APPROVE, agency), Action.APPROVE)
    return agency
