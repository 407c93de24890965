"""Have a clock that runs by a former text of its law take the present one."""

from datetime import datetime
from typing import Any

from django.http import Http404

from escalation.duties.clocks import Renewal, look_at
from escalation.duties.models import StatutoryClock
from escalation.duties.requests import is_request
from escalation.lawbook.registry import regimes_of
from incidents.errors import NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.access import sides_of
from incidents.incident.lifecycle import lock_incidents
from incidents.ledger.canonical import format_at
from incidents.models import Incident, User
from incidents.organisations.roles import Action, can


def duty_clock_to_change(incident: Incident, pk: int, person: User) -> StatutoryClock:
    """Return a statutory clock of one of the person's own sides.

    Raises Http404 when it is not theirs to see, NotAllowed when their role may not.
    """
    own = [side.pk for side in sides_of(person, incident)]
    rows = StatutoryClock.objects.filter(incident=incident, organisation__in=own)
    clock = rows.select_related("organisation", "incident").filter(pk=pk).first()
    if clock is None:
        raise Http404
    if not can(person, Action.DUTIES, clock.organisation):
        raise NotAllowed("Your role may not change legal duties.")
    return clock


def newer_digest_of(clock: StatutoryClock) -> str:
    """Return the digest of the text that an open clock could take; empty for none."""
    if not clock.is_open or clock.is_provisional or is_request(clock.stage):
        return ""
    current = regimes_of(clock.organisation_id).get(clock.regime_id)
    is_other = current is not None and current.digest != clock.regime_digest
    return current.digest if current and is_other else ""


def take_newer_text(
    clock: StatutoryClock, *, actor: Actor, now: datetime
) -> StatutoryClock:
    """Count a clock by the present text of its law from now on; the history keeps both.

    Owns its transaction. Raises NotPossible where there is no newer text to take.
    """
    with recording(now):
        lock_incidents([clock.incident_id])
        clock.refresh_from_db()
        if not newer_digest_of(clock):
            message = "It is over, or goes by the present text of its law already."
            raise NotPossible(message, state=state_of(clock))
        place = clock.incident_id, clock.organisation_id
        renewal = Renewal(frozenset({clock.pk}), actor)
        look_at([place], now=now, renewal=renewal)
    clock.refresh_from_db()
    return clock


def state_of(clock: StatutoryClock) -> dict[str, Any]:
    """Return what an error that says "not possible" carries."""
    due = clock.due_operational
    return {
        "state": clock.state,
        "regime": clock.regime_id,
        "regime_digest": clock.regime_digest,
        "due_operational": format_at(due) if due else None,
    }
