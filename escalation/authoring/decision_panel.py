"""What a reader may decide about versions, as the pages offer it."""

from typing import Any

from django.urls import reverse

from escalation.policies.approval import rules_for, rules_of
from escalation.policies.models import Policy, PolicyVersion, VersionState
from incidents.models import Organisation, User
from incidents.organisations.roles import Action, can


def decision_on(
    version: PolicyVersion, in_force: PolicyVersion, reader: User
) -> dict[str, Any] | None:
    """Return the buttons for a proposed version, None for one that waits for nobody."""
    if version.state != VersionState.PROPOSED:
        return None
    place = [version.policy_id, version.number]
    is_own = version.made_by_id == reader.pk
    organisation = version.policy.organisation
    may_decide = not is_own and can(reader, Action.APPROVE, organisation)
    may_withdraw = (is_own or version.made_by_id is None) and can(
        reader, Action.CONFIGURE, organisation
    )
    diff = reverse("policy-diff", args=[version.policy_id])
    query = f"from_version={in_force.number}&to_version={version.number}"
    return {
        "author": version.made_by or "a configuration file",
        "reason": version.reason,
        "approve_url": reverse("policy-approve", args=place) if may_decide else "",
        "reject_url": reverse("policy-reject", args=place) if may_decide else "",
        "withdraw_url": reverse("policy-withdraw", args=place) if may_withdraw else "",
        "diff_url": f"{diff}?{query}" if in_force != version else "",
    }


def second_person_panel(of: Policy | Organisation, reader: User) -> dict[str, Any]:
    """Return whether a second person approves, and how the reader may change that."""
    policy = of if isinstance(of, Policy) else None
    organisation = of.organisation if isinstance(of, Policy) else of
    rule = rules_of(organisation).get(policy.pk if policy else None)
    asked_by = rule.end_asked_by if rule else None
    place = [policy.pk] if policy else []
    name = "policy-second-person" if policy else "policies-second-person"
    may_begin = rule is None and can(reader, Action.CONFIGURE, organisation)
    may_end = (
        rule is not None
        and asked_by != reader
        and can(reader, Action.APPROVE, organisation)
    )
    return {
        "is_on": rule is not None,
        "is_on_for_all": policy is not None
        and any(row.policy_id is None for row in rules_for(policy)),
        "end_asked_by": asked_by,
        "url": reverse(name, args=place) if may_begin or may_end else "",
        "organisation": organisation.slug,
    }
