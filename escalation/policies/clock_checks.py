"""Refuse targets of clocks that could never be met, or that name what is not there."""

from escalation.calendars.models import WorkingCalendar
from escalation.policies.clock_targets import OWN, ClockTarget, parse_clocks
from escalation.policies.steps import PolicyPlan
from incidents.errors import BadInput
from incidents.models import Organisation, OrganisationKind


def check_clocks(organisation: Organisation, plan: PolicyPlan) -> None:
    """Check the clocks of a plan for the organisation. Raises BadInput with the place."""
    for index, target in enumerate(parse_clocks([*plan.clocks])):
        where = f"clocks[{index}]"
        _check_calendar(organisation, target, where)
        _check_side(organisation, target, where)
        _check_effects(organisation, target, plan, where)


def _check_calendar(
    organisation: Organisation, target: ClockTarget, where: str
) -> None:
    if not target.calendar:
        return
    own = WorkingCalendar.objects.filter(organisation=organisation, archived_at=None)
    if not own.filter(slug=target.calendar).exists():
        remedy = f"Name a working calendar of {organisation}, by slug."
        raise BadInput(f"{where}.calendar", target.calendar, remedy)


def _check_side(organisation: Organisation, target: ClockTarget, where: str) -> None:
    if organisation.kind == OrganisationKind.AGENCY:
        return
    if target.what == "triage_by" and target.side == OWN:
        remedy = 'Agencies triage: write "side": "other", or wait for acknowledge_by.'
        raise BadInput(f"{where}.what", target.what, remedy)
    if target.is_paused_while_asked:
        remedy = "Only agencies ask and wait for an answer: leave it out."
        raise BadInput(f"{where}.pause_while_asked", "true", remedy)


def _check_effects(
    organisation: Organisation, target: ClockTarget, plan: PolicyPlan, where: str
) -> None:
    for number, effect in enumerate(target.effects):
        place = f"{where}.on_breach[{number}].{effect.kind}"
        if effect.kind == "go_to" and plan.place_of(effect.value) is None:
            remedy = f"Name a step of this policy: {', '.join(plan.labels)}."
            raise BadInput(place, effect.value, remedy)
        is_agency = organisation.kind == OrganisationKind.AGENCY
        if effect.kind == "raise_severity" and is_agency:
            remedy = "The severity is the owner's: leave it out."
            raise BadInput(place, effect.value, remedy)
