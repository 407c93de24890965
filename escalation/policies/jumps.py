"""Refuse policies that jump in a circle, or to what is not there."""

from collections.abc import Mapping

from escalation.policies.mentions import jumps_in
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.steps import PolicyPlan, parse_policy
from incidents.errors import BadInput
from incidents.models import Organisation


def check_jumps(organisation: Organisation, plan: PolicyPlan, *, policy: str) -> None:
    """Refuse a plan whose jumps lead to nothing in use, or back to itself.

    Policies change: what becomes a circle later ends at run time, since a run is never
    handed back to a policy that led to it. Raises BadInput with the place in the body.
    """
    if not jumps_in(plan):
        return
    others = _jumps_of(organisation)
    others[policy] = jumps_in(plan)
    for index, step in enumerate(plan.steps):
        if isinstance(step, JumpStep):
            where = f"{plan.path_at(index)}.policy"
            if step.policy not in others:
                known = ", ".join(sorted(set(others) - {policy})) or "none yet"
                raise BadInput(where, step.policy, f"Name another policy: {known}.")
            if circle := circle_from(step.policy, others, back_to=policy):
                way = " → ".join([policy, *circle])
                raise BadInput(where, step.policy, f"It leads in a circle: {way}.")


def circle_from(
    start: str, jumps: Mapping[str, set[str]], *, back_to: str
) -> list[str]:
    """Return the way from one policy back to another, empty when there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == back_to:
            return way
        for following in sorted(jumps.get(way[-1], ())):
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _jumps_of(organisation: Organisation) -> dict[str, set[str]]:
    """Return {slug: the policies it may jump to}, by the newest versions in use."""
    policies = Policy.objects.filter(organisation=organisation, archived_at=None)
    slugs = dict(policies.values_list("pk", "slug"))
    newest = PolicyVersion.objects.filter(policy__in=slugs).order_by("number")
    bodies = {row.policy_id: row.body for row in newest}
    return {slugs[pk]: jumps_in(parse_policy(body)) for pk, body in bodies.items()}
