"""Write policies: a change is a new version, so that running incidents keep theirs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.steps import (
    NotifyStep,
    PolicyError,
    PolicyPlan,
    ShareStep,
    Target,
    parse_policy,
    to_body,
)
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, OrganisationKind, User


def save_policy(  # noqa: PLR0913 - one policy, who wrote it, and when
    organisation: Organisation,
    *,
    slug: str,
    name: str,
    body: Mapping[str, Any],
    user: User | None,
    actor: Actor,
    now: datetime,
) -> PolicyVersion:
    """Make a policy or give it a new version; what is the same makes none.

    An archived policy comes back. Raises BadInput. Locks the policy.
    """
    wanted = to_body(read_plan(body))
    with recording(now):
        policy, is_new = Policy.objects.select_for_update(no_key=True).get_or_create(
            organisation=organisation, slug=slug, defaults={"name": name}
        )
        latest = policy.versions.order_by("-number").first()
        is_listed = policy.name == name and policy.archived_at is None
        if latest is not None and latest.body == wanted and is_listed:
            return latest
        if not is_listed:
            policy.name, policy.archived_at = name, None
            policy.save(update_fields=["name", "archived_at"])
        if latest is None or latest.body != wanted:
            latest = _add_version(policy, wanted, latest, user=user, now=now)
        _record_change(policy, f"version {latest.number}", actor, is_new=is_new)
    return latest


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
            _record_change(policy, "archived", actor, is_new=False)
    return policy


def read_plan(body: Mapping[str, Any]) -> PolicyPlan:
    """Return the checked plan. Raises BadInput."""
    try:
        return parse_policy(body)
    except PolicyError as error:
        field, _, remedy = str(error).partition(": ")
        raise BadInput(field, _value_at(body, field), remedy or str(error)) from error


def check_targets(organisation: Organisation, plan: PolicyPlan) -> None:
    """Refuse a plan that names people, teams, desks or agencies which it cannot reach.

    Raises BadInput with the place in the body.
    """
    for index, step in enumerate(plan.steps):
        if isinstance(step, NotifyStep):
            for number, target in enumerate(step.targets):
                where = f"steps[{index}].targets[{number}].{target.kind}"
                _check_target(organisation, target, where)
        if isinstance(step, ShareStep):
            _check_agency(step.agency, f"steps[{index}].agency")
    if plan.fallback is not None:
        _check_target(organisation, plan.fallback, f"fallback.{plan.fallback.kind}")


def _add_version(
    policy: Policy,
    body: dict[str, Any],
    latest: PolicyVersion | None,
    *,
    user: User | None,
    now: datetime,
) -> PolicyVersion:
    return PolicyVersion.objects.create(
        policy=policy,
        organisation_id=policy.organisation_id,
        number=latest.number + 1 if latest else 1,
        body=body,
        made_at=now,
        made_by=user,
    )


def _record_change(policy: Policy, change: str, actor: Actor, *, is_new: bool) -> None:
    verb = "made" if is_new else "changed"
    record(
        "config.changed",
        organisation_id=policy.organisation_id,
        actor=actor,
        body={"what": f"policy {policy.slug} {verb}", "changes": [policy.name, change]},
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


def _check_target(organisation: Organisation, target: Target, where: str) -> None:
    is_there, remedy = _TARGETS[target.kind]
    if not is_there(organisation, target.value):
        raise BadInput(where, target.value, remedy.format(organisation=organisation))


def _is_person(organisation: Organisation, email: str) -> bool:
    members = organisation.memberships.filter(ended_at=None, user__is_active=True)
    return members.filter(user__email=email.lower()).exists()


def _is_team(organisation: Organisation, slug: str) -> bool:
    return organisation.teams.filter(slug=slug).exists()


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


_TARGETS = {
    "user": (_is_person, "Name a person of {organisation}, by e-mail address."),
    "team": (_is_team, "Name a team of {organisation}, by slug."),
    "desk": (_is_desk, "Name {organisation} or an agency, by slug."),
    "webhook": (_is_webhook, "Name a webhook of {organisation}; add it first."),
}


def _check_agency(slug: str, where: str) -> None:
    agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
    if not agencies.filter(slug=slug).exists():
        raise BadInput(where, slug, "Name an agency, by slug.")
