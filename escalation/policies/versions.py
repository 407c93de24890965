"""Write policies: a change is a new version, so that running incidents keep theirs.

Where a second person must approve, the new version is only proposed: incidents take the
newest approved one until somebody else decides (`approval.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from escalation.policies.models import (
    Policy,
    PolicyVersion,
    SecondPersonRule,
    VersionState,
)
from escalation.policies.steps import (
    PolicyError,
    PolicyPlan,
    parse_policy,
    to_body,
)
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """What a policy is to say; `reason` is why, in its author's words."""

    slug: str
    name: str
    body: Mapping[str, Any]
    reason: str = ""


def save_policy(
    organisation: Organisation,
    draft: PolicyDraft,
    *,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> PolicyVersion:
    """Make a policy or give it a new version; what is the same makes none.

    Where a second person must approve, the version is proposed, in place of one that
    waits. An archived policy comes back. Raises BadInput. Locks the policy.
    """
    wanted = to_body(read_plan(draft.body))
    with recording(now):
        policy, is_new = Policy.objects.select_for_update(no_key=True).get_or_create(
            organisation=organisation, slug=draft.slug, defaults={"name": draft.name}
        )
        is_listed = policy.name == draft.name and policy.archived_at is None
        same = version_saying(policy, wanted)
        if same is not None and is_listed:
            return same
        if not is_listed:
            policy.name, policy.archived_at = draft.name, None
            policy.save(update_fields=["name", "archived_at"])
        version = same or _add_version(
            policy, wanted, reason=draft.reason, user=user, now=now
        )
        _record_saved(policy, version, actor, is_new=is_new)
    return version


def versions_in_force(policies: Iterable[int]) -> dict[int, PolicyVersion]:
    """Return {policy id: the version that incidents take}; one not approved has none."""
    rows = PolicyVersion.objects.approved().filter(policy__in=list(policies))
    newest = rows.order_by("policy_id", "-number").distinct("policy_id")
    return {row.policy_id: row for row in newest.select_related("policy", "made_by")}


def version_saying(policy: Policy, body: Mapping[str, Any]) -> PolicyVersion | None:
    """Return the proposed version, or that in force, if it says just this."""
    proposed = policy.versions.proposed().first()
    in_force = policy.versions.approved().last()
    found = [row for row in (proposed, in_force) if row and row.body == body]
    return found[0] if found else None


def archive_policy(policy: Policy, *, actor: Actor, now: datetime) -> Policy:
    """Take a policy out of use; runs keep it. Raises NotPossible while a route names it."""
    with recording(now):
        policy = Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)
        routes = list(policy.routes.values_list("name", flat=True))
        if routes:
            message = f"The route {routes[0]!r} leads to this policy; change it first."
            raise NotPossible(message, state={"routes": routes})
        if policy.archived_at is None:
            policy.archived_at = now
            policy.save(update_fields=["archived_at"])
            record(
                "config.changed",
                organisation_id=policy.organisation_id,
                actor=actor,
                body={
                    "what": f"policy {policy.slug} changed",
                    "changes": [policy.name, "archived"],
                },
            )
    return policy


def read_plan(body: Mapping[str, Any]) -> PolicyPlan:
    """Return the checked plan. Raises BadInput."""
    try:
        return parse_policy(body)
    except PolicyError as error:
        field, _, remedy = str(error).partition(": ")
        raise BadInput(field, _value_at(body, field), remedy or str(error)) from error


def _add_version(
    policy: Policy,
    body: dict[str, Any],
    *,
    reason: str,
    user: User | None,
    now: datetime,
) -> PolicyVersion:
    latest = policy.versions.order_by("-number").first()
    number = latest.number + 1 if latest else 1
    policy.versions.proposed().update(
        state=VersionState.WITHDRAWN,
        decided_at=now,
        decision_reason=f"superseded by version {number}",
    )
    is_proposal = needs_second_person(policy)
    return PolicyVersion.objects.create(
        policy=policy,
        organisation_id=policy.organisation_id,
        number=number,
        body=body,
        made_at=now,
        made_by=user,
        reason=reason,
        state=VersionState.PROPOSED if is_proposal else VersionState.APPROVED,
    )


def needs_second_person(policy: Policy) -> bool:
    """Tell whether a second person approves each version of this policy."""
    rules = SecondPersonRule.objects.filter(organisation=policy.organisation_id)
    return rules.filter(Q(policy=None) | Q(policy=policy)).exists()


def _record_saved(
    policy: Policy, version: PolicyVersion, actor: Actor, *, is_new: bool
) -> None:
    verb = "made" if is_new else "changed"
    changes = [policy.name, f"version {version.number}"]
    if version.state == VersionState.PROPOSED:
        changes.append("proposed: a second person must approve it")
    if version.reason:
        changes.append(f"because: {version.reason}")
    record(
        "config.changed",
        organisation_id=policy.organisation_id,
        actor=actor,
        body={"what": f"policy {policy.slug} {verb}", "changes": changes},
    )


def _value_at(body: Mapping[str, Any], field: str) -> Any:
    """Return what was sent at a place such as `steps[2].targets[0].user`."""
    value: Any = body
    for part in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, Mapping):
            value = value.get(part, "")
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ""
    return value
