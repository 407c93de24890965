"""Check that what a plan names is there: people, teams, schedules, agencies, policies."""

from collections.abc import Callable
from typing import Final

from escalation.calendars.models import WorkingCalendar
from escalation.oncall.models import Schedule
from escalation.policies.clock_checks import check_clocks
from escalation.policies.conditions import CALENDAR, ON_CALL
from escalation.policies.jumps import check_jumps
from escalation.policies.step_kinds.assign import AssignStep
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import NotifyStep, PolicyPlan, ShareStep, Step
from escalation.policies.targets import Target
from incidents.errors import BadInput
from incidents.models import Organisation, OrganisationKind


def check_targets(
    organisation: Organisation, plan: PolicyPlan, *, policy: str = ""
) -> None:
    """Refuse a plan that names what it cannot reach.

    `policy` is the slug of the policy that the plan is for. Raises BadInput with the
    place in the body.
    """
    for index, step in enumerate(plan.steps):
        _check_step(organisation, step, plan.path_at(index))
    if plan.fallback is not None:
        _check_target(organisation, plan.fallback, f"fallback.{plan.fallback.kind}")
    _check_acknowledgement(plan)
    check_clocks(organisation, plan)
    check_jumps(organisation, plan, policy=policy)


def _check_step(organisation: Organisation, step: Step, where: str) -> None:
    if isinstance(step, NotifyStep):
        for number, target in enumerate(step.targets):
            place = f"{where}.targets[{number}].{target.kind}"
            _check_target(organisation, target, place)
    if isinstance(step, AssignStep):
        place = f"{where}.target.{step.target.kind}"
        _check_target(organisation, step.target, place)
    if isinstance(step, ShareStep):
        _check_agency(step.agency, f"{where}.agency")
    if isinstance(step, WaitUntilStep):
        _check_calendar(organisation, step.calendar, f"{where}.calendar")
    if isinstance(step, IfStep):
        _check_conditions(organisation, step, where)


def _check_conditions(organisation: Organisation, step: IfStep, where: str) -> None:
    for number, condition in enumerate(step.when):
        place, value = f"{where}.when[{number}].value", str(condition.value)
        if condition.field == CALENDAR:
            _check_calendar(organisation, value, place)
        if condition.field == ON_CALL:
            _check_target(organisation, Target("schedule", value), place)


def _check_acknowledgement(plan: PolicyPlan) -> None:
    known = Organisation.objects.exclude(kind=OrganisationKind.PLATFORM)
    for number, required in enumerate(plan.acknowledgement.of):
        slug = required.organisation
        if slug and not known.filter(slug=slug).exists():
            where = f"acknowledgement.of[{number}].organisation"
            raise BadInput(where, slug, "Name an organisation, by slug.")


def _check_target(organisation: Organisation, target: Target, where: str) -> None:
    is_there, remedy = _TARGETS[target.kind]
    if not is_there(organisation, target.value):
        raise BadInput(where, target.value, remedy.format(organisation=organisation))


def _is_person(organisation: Organisation, email: str) -> bool:
    members = organisation.memberships.filter(ended_at=None, user__is_active=True)
    return members.filter(user__email=email.lower()).exists()


def _is_team(organisation: Organisation, slug: str) -> bool:
    return organisation.teams.filter(slug=slug).exists()


def _is_schedule(organisation: Organisation, slug: str) -> bool:
    own = Schedule.objects.in_use().filter(organisation=organisation)
    return own.filter(slug=slug).exists()


def _is_desk(organisation: Organisation, slug: str) -> bool:
    """Tell whether it is its own desk, an agency's, or that of a lab that shared with it."""
    if slug == organisation.slug:
        return True
    others = Organisation.objects.filter(slug=slug)
    sharing = others.filter(incidents__shares__agency=organisation)
    return others.filter(kind=OrganisationKind.AGENCY).exists() or sharing.exists()


def _is_webhook(organisation: Organisation, value: str) -> bool:
    methods = organisation.contact_methods.filter(user=None, disabled_at=None)
    named = methods.filter(slug=value) | methods.filter(address=value)
    return named.filter(channel="webhook").exists()


_TEAM: Final = (_is_team, "Name a team of {organisation}, by slug.")
_SCHEDULE: Final = (_is_schedule, "Name a schedule of {organisation}, by slug.")
_TARGETS: Final[dict[str, tuple[Callable[[Organisation, str], bool], str]]] = {
    "user": (_is_person, "Name a person of {organisation}, by e-mail address."),
    "team": _TEAM,
    "round_robin": _TEAM,
    "schedule": _SCHEDULE,
    "next_on_call": _SCHEDULE,
    # A role that nobody has today may be given tomorrow; what is read is one of ours.
    "role": (lambda _organisation, _role: True, ""),
    "desk": (_is_desk, "Name {organisation} or an agency, by slug."),
    "webhook": (_is_webhook, "Name a webhook of {organisation}; add it first."),
}


def _check_agency(slug: str, where: str) -> None:
    agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
    if not agencies.filter(slug=slug).exists():
        raise BadInput(where, slug, "Name an agency, by slug.")


def _check_calendar(organisation: Organisation, slug: str, where: str) -> None:
    own = WorkingCalendar.objects.filter(organisation=organisation, archived_at=None)
    if not own.filter(slug=slug).exists():
        remedy = f"Name a working calendar of {organisation}, by slug."
        raise BadInput(where, slug, remedy)
