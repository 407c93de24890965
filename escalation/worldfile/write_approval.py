"""Write whose policies a second person approves.

The file may end such a rule at once: whoever runs commands on the host holds the
database anyway. It is recorded like every change by file.
"""

from escalation.policies.models import Policy, SecondPersonRule
from escalation.worldfile.changes import Changes
from escalation.worldfile.world import World
from escalation.worldfile.write_access import organisation_of
from incidents.models import Organisation


def write_approval(world: World, changes: Changes) -> None:
    """Bring the rules to what the file says; what it does not say stays."""
    for spec in world.organisations:
        if spec.second_person is not None:
            organisation = organisation_of(spec.slug)
            _write_rule(organisation, None, changes, is_wanted=spec.second_person)
    for policy_spec in world.policies:
        if policy_spec.second_person is not None:
            organisation = organisation_of(policy_spec.organisation)
            policy = organisation.policies.get(slug=policy_spec.slug)
            _write_rule(
                organisation, policy, changes, is_wanted=policy_spec.second_person
            )


def _write_rule(
    organisation: Organisation,
    policy: Policy | None,
    changes: Changes,
    *,
    is_wanted: bool,
) -> None:
    rows = SecondPersonRule.objects.filter(organisation=organisation, policy=policy)
    if rows.exists() == is_wanted:
        return
    what = f"policy {organisation.slug}/{policy.slug}" if policy else organisation.slug
    if is_wanted:
        SecondPersonRule.objects.create(
            organisation=organisation, policy=policy, made_at=changes.now
        )
        changes.add("+", f"second person for {what}", organisation)
    else:
        rows.delete()
        changes.add("-", f"second person for {what}", organisation)
