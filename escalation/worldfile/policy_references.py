"""Check that what a policy of a file names is there, in the file or already."""

import re
from collections.abc import Callable
from typing import Any, Final

from escalation.policies.conditions import CALENDAR, ON_CALL
from escalation.policies.jumps import circle_from
from escalation.policies.mentions import jumps_in, names_in
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.steps import (
    PolicyPlan,
    parse_policy,
)
from escalation.worldfile.known import Known
from escalation.worldfile.problems import Problems
from escalation.worldfile.world import PolicySpec
from incidents.models import OrganisationKind

Path = tuple[Any, ...]

_PART = re.compile(r"[a-z_]+|\d+")


def check_policy(policy: PolicySpec, known: Known, problems: Problems) -> None:
    """Note what a policy names and what will not be there."""
    if not policy.body:
        return
    plan = parse_policy(policy.body)
    for named in names_in(plan):
        kind, name = named.kind, named.name
        path = (*policy.path, *_parts(named.where))
        if kind == "agency":
            check_agency(path, name, known, problems)
        elif kind == "user":
            check_member(path, policy.organisation, name.lower(), known, problems)
        elif not _THERE[kind][0](policy.organisation, name, known):
            message = f"{policy.organisation} has no {_WORDS.get(kind, kind)} {name!r}."
            problems.add(path, f"{message} {_THERE[kind][1]}")
    _check_circle(policy, plan, known, problems)


def _parts(where: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in _PART.findall(where))


def check_member(
    path: Path, organisation: str, email: str, known: Known, problems: Problems
) -> None:
    """Note a person who is not there or has no role in the organisation."""
    if email not in known.people:
        problems.add(path, f"there is no person {email!r}. Add them under [[people]].")
    elif (organisation, email) not in known.members:
        remedy = f'Give them one: roles = {{ {organisation} = ["…"] }}.'
        problems.add(path, f"{email!r} has no role in {organisation}. {remedy}")


def check_agency(path: Path, slug: str, known: Known, problems: Problems) -> None:
    """Note an agency that is not there."""
    if known.kinds.get(slug) != OrganisationKind.AGENCY:
        agencies = [s for s, kind in known.kinds.items() if kind == "agency"]
        there = ", ".join(sorted(agencies)) or "none"
        problems.add(path, f"there is no agency {slug!r}. There are {there}.")


def _check_circle(
    policy: PolicySpec, plan: PolicyPlan, known: Known, problems: Problems
) -> None:
    """Note a jump that leads back to the policy that it is in."""
    if not jumps_in(plan):
        return
    jumps = {
        slug: jumps_in(parse_policy(body))
        for (organisation, slug), body in known.policies.items()
        if organisation == policy.organisation and body
    }
    for index, step in enumerate(plan.steps):
        if isinstance(step, JumpStep):
            circle = circle_from(step.policy, jumps, back_to=policy.slug)
            if circle:
                way = " → ".join([policy.slug, *circle])
                where = f"{plan.path_at(index)}.policy: it leads in a circle: {way}."
                problems.add_within(policy.path, where)


_Test = Callable[[str, str, Known], bool]
_TEAM: Final[tuple[_Test, str]] = (
    lambda organisation, name, known: (organisation, name) in known.teams,
    "Add it under [[teams]].",
)
_SCHEDULE: Final[tuple[_Test, str]] = (
    lambda organisation, name, known: (organisation, name) in known.schedules,
    "Add it first.",
)
_ORGANISATION: Final[tuple[_Test, str]] = (
    lambda _, name, known: name in known.kinds,
    "Name an organisation.",
)
_THERE: Final[dict[str, tuple[_Test, str]]] = {
    "team": _TEAM,
    "round_robin": _TEAM,
    "schedule": _SCHEDULE,
    "next_on_call": _SCHEDULE,
    ON_CALL: _SCHEDULE,
    # A role that nobody has today may be given tomorrow.
    "role": (lambda _organisation, _name, _known: True, ""),
    "desk": _ORGANISATION,
    "organisation": _ORGANISATION,
    "webhook": (
        lambda organisation, name, known: (organisation, name) in known.webhooks,
        "Add it under [[contact_methods]], without a person.",
    ),
    CALENDAR: (
        lambda organisation, name, known: (organisation, name) in known.calendars,
        "Add it under [[calendars]].",
    ),
    "policy": (
        lambda organisation, name, known: (organisation, name) in known.policies,
        "Add it under [[policies]].",
    ),
}
_WORDS: Final = {
    "round_robin": "team",
    "next_on_call": "schedule",
    ON_CALL: "schedule",
}
