"""Do what a target asks for when its clock is breached."""

from collections.abc import Sequence
from datetime import datetime

from escalation.clocks.models import Clock
from escalation.clocks.timers import EFFECT
from escalation.clocks.trail import name_of
from escalation.policies.clock_targets import Effect, parse_effects
from incidents.events.actor import Actor
from incidents.incident.lifecycle import change_severity
from incidents.timers.schedule import NewTimer, add_timers

# They go to the run that is at work; what they mean there is the runs' business.
_FOR_THE_RUN = ("go_to", "notify_role")


def act_on_breaches(clocks: Sequence[Clock], *, now: datetime) -> None:
    """Raise severities, and leave word to runs, for clocks that were just breached.

    The severity is the owner's: an agency's clock never raises it.
    """
    timers = []
    for clock in clocks:
        for effect in parse_effects(clock.on_breach, "on_breach"):
            if effect.kind in _FOR_THE_RUN and clock.run_id is not None:
                timers.append(_word(clock, effect, now))
            if effect.kind == "raise_severity":
                _raise_severity(clock, int(effect.value), now)
    add_timers(timers)


def _word(clock: Clock, effect: Effect, now: datetime) -> NewTimer:
    is_step = effect.kind == "go_to"
    return NewTimer(
        kind=EFFECT,
        subject_id=clock.run_id or 0,
        organisation_id=clock.organisation_id,
        incident_id=clock.incident_id,
        due_at=now,
        payload={
            "clock": clock.pk,
            "effect": effect.kind,
            "step": effect.value if is_step else "",
            "role": "" if is_step else effect.value,
            "reason": f"{name_of(clock)} is overdue",
        },
    )


def _raise_severity(clock: Clock, severity: int, now: datetime) -> None:
    incident = clock.incident
    is_owner = clock.organisation_id == incident.organisation_id
    if not is_owner or incident.severity >= severity:
        return
    changed = change_severity(
        incident,
        severity=severity,
        reason=f"{name_of(clock)} is overdue",
        user=None,
        actor=Actor.system(clock.organisation),
        now=now,
    )
    incident.severity = changed.severity
