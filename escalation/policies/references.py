"""Check that what a plan names is there: people, teams, schedules, agencies, policies."""

from collections.abc import Callable
from typing import Final

from escalation.calendars.models import WorkingCalendar
from escalation.oncall.models import Schedule
from escalation.policies.clock_checks import check_clocks
from escalation.policies.conditions import CALENDAR, ON_CALL
from escalation.policies.jumps import check_jumps
from escalation.policies.mentions import names_in
from escalation.policies.steps import PolicyPlan
from incidents.errors import BadInput
from incidents.models import Organisation, OrganisationKind


def check_targets(
    organisation: Organisation, plan: PolicyPlan, *, policy: str = ""
) -> None:
    """Refuse a plan that names what it cannot reach.

    `policy` is the slug of the policy that the plan is for. Raises BadInput with the
    place in the body.
    """
    for named in names_in(plan):
        is_there, remedy = _THERE[named.kind]
        if not is_there(organisation, named.name):
            message = remedy.format(organisation=organisation)
            raise BadInput(named.where, named.name, message)
    check_clocks(organisation, plan)
    check_jumps(organisation, plan, policy=policy)


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


def _is_agency(_organisation: Organisation, slug: str) -> bool:
    agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
    return agencies.filter(slug=slug).exists()


def _is_organisation(_organisation: Organisation, slug: str) -> bool:
    others = Organisation.objects.exclude(kind=OrganisationKind.PLATFORM)
    return others.filter(slug=slug).exists()


def _is_calendar(organisation: Organisation, slug: str) -> bool:
    own = WorkingCalendar.objects.filter(organisation=organisation, archived_at=None)
    return own.filter(slug=slug).exists()


def _is_there(_organisation: Organisation, _name: str) -> bool:
    return True


_TEAM: Final = (_is_team, "Name a team of {organisation}, by slug.")
_SCHEDULE: Final = (_is_schedule, "Name a schedule of {organisation}, by slug.")
_THERE: Final[dict[str, tuple[Callable[[Organisation, str], bool], str]]] = {
    "user": (_is_person, "Name a person of {organisation}, by e-mail address."),
    "team": _TEAM,
    "round_robin": _TEAM,
    "schedule": _SCHEDULE,
    "next_on_call": _SCHEDULE,
    ON_CALL: _SCHEDULE,
    # A role that nobody has today may be given tomorrow; what is read is one of ours.
    "role": (_is_there, ""),
    "desk": (_is_desk, "Name {organisation} or an agency, by slug."),
    "webhook": (_is_webhook, "Name a webhook of {organisation}; add it first."),
    "agency": (_is_agency, "Name an agency, by slug."),
    "organisation": (_is_organisation, "Name an organisation, by slug."),
    CALENDAR: (_is_calendar, "Name a working calendar of {organisation}, by slug."),
    # Looked at with the circles, in `jumps.py`.
    "policy": (_is_there, ""),
}
