"""Do what a target asks for when its clock is breached."""

from collections.abc import Sequence
from datetime import datetime

from escalation.clocks.models import Clock
from escalation.clocks.timers import EFFECT
from escalation.clocks.trail import name_of
from escalation.policies.clock_targets import Effect, parse_effects
from incidents.events.actor import Actor
from incidents.incident.raising import raise_locked
from incidents.timers.schedule import NewTimer, add_timers

# They go to the run that is at work; what they mean there is the runs' business.
_FOR_THE_RUN = ("go_to", "notify_role")


def act_on_breaches(clocks: Sequence[Clock], *, now: datetime) -> None:
    """Raise severities, and leave word to runs, for clocks that were just breached.

    The severity is the owner's: an agency's clock never raises it.
    """
    effects = [
        (clock, effect)
        for clock in clocks
        for effect in parse_effects(clock.on_breach, "on_breach")
    ]
    raise_locked(
        [
            (clock.incident, int(effect.value), _why(clock), _actor(clock))
            for clock, effect in effects
            if effect.kind == "raise_severity"
            and clock.organisation_id == clock.incident.organisation_id
        ]
    )
    add_timers(
        _word(clock, effect, now)
        for clock, effect in effects
        if effect.kind in _FOR_THE_RUN and clock.run_id is not None
    )


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
            "reason": _why(clock),
        },
    )


def _why(clock: Clock) -> str:
    return f"{name_of(clock)} is overdue"


def _actor(clock: Clock) -> Actor:
    return Actor.system(clock.organisation)
