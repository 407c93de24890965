"""Let a second person decide on a proposed version, and ask for that or no longer.

Whoever wrote a version never approves or rejects it; the database holds this too.
"""

from datetime import datetime
from typing import Final

from django.db.models import Q

from escalation.policies.models import (
    Policy,
    PolicyVersion,
    SecondPersonRule,
    VersionState,
)
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User

_OWN: Final = "You wrote this version; another person decides on it."
_NOT_OWN: Final = "Another person wrote this version; reject it instead."


def approve_version(
    version: PolicyVersion, *, user: User, actor: Actor, now: datetime
) -> PolicyVersion:
    """Put a proposed version in force. Raises NotAllowed for its author, NotPossible."""
    with recording(now):
        version = _locked_proposal(version)
        if version.made_by_id == user.pk:
            raise NotAllowed(_OWN)
        return _decide(version, VersionState.APPROVED, "", user, actor, now)


def reject_version(
    version: PolicyVersion, *, reason: str, user: User, actor: Actor, now: datetime
) -> PolicyVersion:
    """Turn a proposed version down. Raises NotAllowed for its author, NotPossible."""
    if not reason.strip():
        raise BadInput("reason", reason, "Tell the author why.")
    with recording(now):
        version = _locked_proposal(version)
        if version.made_by_id == user.pk:
            raise NotAllowed(f"{_OWN} You can withdraw it.")
        return _decide(version, VersionState.REJECTED, reason, user, actor, now)


def withdraw_version(
    version: PolicyVersion, *, user: User, actor: Actor, now: datetime
) -> PolicyVersion:
    """Take one's own proposed version back. Raises NotAllowed for others, NotPossible."""
    with recording(now):
        version = _locked_proposal(version)
        if version.made_by_id not in (user.pk, None):
            raise NotAllowed(_NOT_OWN)
        return _decide(version, VersionState.WITHDRAWN, "", user, actor, now)


def require_second_person(
    organisation: Organisation, policy: Policy | None, *, actor: Actor, now: datetime
) -> SecondPersonRule:
    """Have a second person approve each version of a policy, or of all (None).

    An end that somebody asked for is off again.
    """
    with recording(now):
        rule, is_new = SecondPersonRule.objects.select_for_update(
            no_key=True
        ).get_or_create(
            organisation=organisation, policy=policy, defaults={"made_at": now}
        )
        if is_new:
            _record_rule(rule, "a second person approves each version", actor)
        elif rule.end_asked_by_id is not None:
            rule.end_asked_by, rule.end_asked_at = None, None
            rule.save(update_fields=["end_asked_by", "end_asked_at"])
            _record_rule(rule, "a second person goes on approving", actor)
    return rule


def end_second_person(
    organisation: Organisation,
    policy: Policy | None,
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> SecondPersonRule | None:
    """Ask to end the rule, or end it if somebody else has asked.

    Returns the rule that still holds, None when it has ended.
    """
    with recording(now):
        rows = SecondPersonRule.objects.select_for_update(no_key=True)
        rule = rows.filter(organisation=organisation, policy=policy).first()
        if rule is None:
            return None
        if rule.end_asked_by_id in (None, user.pk):
            if rule.end_asked_by_id is None:
                rule.end_asked_by, rule.end_asked_at = user, now
                rule.save(update_fields=["end_asked_by", "end_asked_at"])
                _record_rule(rule, "an end of the second person is asked for", actor)
            return rule
        asked_by = rule.end_asked_by
        _record_rule(rule, "no second person approves any more", actor, author=asked_by)
        rule.delete()
    return None


def rules_of(organisation: Organisation) -> dict[int | None, SecondPersonRule]:
    """Return {policy id, or None for all policies: rule}."""
    rows = SecondPersonRule.objects.filter(organisation=organisation)
    return {row.policy_id: row for row in rows.select_related("end_asked_by")}


def rules_for(policy: Policy) -> list[SecondPersonRule]:
    """Return the rules by which a second person approves this policy's versions."""
    rows = SecondPersonRule.objects.filter(organisation=policy.organisation_id)
    holding = rows.filter(Q(policy=None) | Q(policy=policy))
    return list(holding.select_related("end_asked_by").order_by("pk"))


def _locked_proposal(version: PolicyVersion) -> PolicyVersion:
    """Lock the policy and read the version again. Raises NotPossible if it is decided."""
    Policy.objects.select_for_update(no_key=True).get(pk=version.policy_id)
    found = PolicyVersion.objects.select_related("policy", "made_by")
    row = found.get(pk=version.pk)
    if row.state != VersionState.PROPOSED:
        message = f"Version {row.number} is {row.state}: it does not wait any more."
        raise NotPossible(message, state={"version": row.number, "state": row.state})
    return row


def _decide(
    version: PolicyVersion,
    state: VersionState,
    reason: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> PolicyVersion:
    version.state, version.decision_reason = state, reason
    version.decided_by, version.decided_at = user, now
    version.save(update_fields=["state", "decision_reason", "decided_by", "decided_at"])
    changes = [version.policy.name, f"version {version.number} {state}"]
    if reason:
        changes.append(f"because: {reason}")
    _record(
        version.organisation_id,
        f"policy {version.policy.slug} {state}",
        changes,
        actor,
        author=version.made_by,
    )
    return version


def _record_rule(
    rule: SecondPersonRule, change: str, actor: Actor, *, author: User | None = None
) -> None:
    what = f"policy {rule.policy.slug}" if rule.policy else "policies"
    _record(rule.organisation_id, f"{what} changed", [change], actor, author=author)


def _record(
    organisation_id: int,
    what: str,
    changes: list[str],
    actor: Actor,
    *,
    author: User | None,
) -> None:
    body = {"what": what, "changes": changes}
    record(
        "config.changed",
        organisation_id=organisation_id,
        actor=actor,
        body=body | ({"author": str(author)} if author else {}),
        subjects={"author": author.uid} if author else None,
    )
