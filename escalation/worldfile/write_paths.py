"""Write how people are reached and when: contact methods, policies and routes."""

from itertools import groupby
from typing import Any

from escalation.notifications.methods import SECRET_CONTEXT
from escalation.notifications.models import ContactMethod
from escalation.notifications.webhook_signature import new_secret
from escalation.policies.models import Policy, VersionState
from escalation.policies.versions import PolicyDraft, save_policy, version_saying
from escalation.routing.models import Route
from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import ContactSpec, PolicySpec, RouteSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.ledger.keyring import open_secret, seal_secret
from incidents.models import Organisation, User

BY_FILE = "by configuration file"


def write_paths(world: World, changes: Changes) -> None:
    """Bring contact methods, policies and routes to what the file says.

    Of an organisation whose routes the file has, it has all: others are removed.
    """
    for contact in world.contact_methods:
        _write_contact(contact, changes)
    for policy in world.policies:
        _write_policy(policy, changes)
    by_owner = sorted(world.routes, key=lambda route: route.organisation)
    for slug, routes in groupby(by_owner, key=lambda route: route.organisation):
        _write_routes(organisation_of(slug), list(routes), changes)


def _write_contact(spec: ContactSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    user = User.objects.get(email=spec.person) if spec.person else None
    what = f"contact method {organisation.slug}/{spec.slug}"
    what += f" of {spec.person}" if spec.person else " of the desk"
    row = ContactMethod.objects.filter(
        organisation=organisation, user=user, slug=spec.slug
    ).first()
    if row is None:
        row = ContactMethod(organisation=organisation, user=user, slug=spec.slug)
        _set_contact(row, spec, changes)
        _set_secret(row, spec, what, changes)
        row.save()
        changes.add("+", f"{what}: {spec.channel} {spec.address}", organisation)
        return
    differences = _set_contact(row, spec, changes)
    differences += _set_secret(row, spec, what, changes)
    if differences:
        row.save()
        changes.add("~", named(what, differences), organisation)


def _set_contact(row: ContactMethod, spec: ContactSpec, changes: Changes) -> list[str]:
    """Set what differs. An address that changes must be verified anew."""
    wanted: dict[str, Any] = {"channel": spec.channel, "address": spec.address}
    if row.channel != spec.channel:
        row.secret_sealed = None
    differences = set_fields(row, wanted)
    if differences and not spec.is_verified:
        row.verified_at = None
    if spec.is_verified and row.verified_at is None:
        row.verified_at = changes.now
        differences.append("verified")
    if spec.is_enabled != (row.disabled_at is None):
        row.disabled_at = None if spec.is_enabled else changes.now
        differences.append("enabled" if spec.is_enabled else "disabled")
    return differences


def _set_secret(
    row: ContactMethod, spec: ContactSpec, what: str, changes: Changes
) -> list[str]:
    """Set the whole address where it is a secret, or the signing secret of a webhook.

    A signing secret that is not given is made, and shown once.
    """
    stored = _stored_secret(row)
    if spec.address_secret and spec.address_secret != stored:
        row.verified_at = changes.now if spec.is_verified else None
        return _seal(row, spec.address_secret, "whole address")
    if spec.channel != "webhook" or (stored and spec.secret in ("", stored)):
        return []
    secret = spec.secret or new_secret()
    if not spec.secret:
        changes.secrets.append(f"signing secret of {what}: {secret}")
    return _seal(row, secret, "signing secret")


def _seal(row: ContactMethod, secret: str, name: str) -> list[str]:
    row.secret_sealed = seal_secret(secret.encode(), context=SECRET_CONTEXT)
    return [name]


def _stored_secret(row: ContactMethod) -> str:
    if row.secret_sealed is None:
        return ""
    return open_secret(row.secret_sealed, context=SECRET_CONTEXT).decode()


def _write_policy(spec: PolicySpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"policy {organisation.slug}/{spec.slug}"
    policy = Policy.objects.filter(organisation=organisation, slug=spec.slug).first()
    if policy is not None and _says_that(policy, spec):
        return
    version = save_policy(
        organisation,
        PolicyDraft(spec.slug, spec.name, dict(spec.body), reason=BY_FILE),
        user=None,
        actor=Actor.system(organisation),
        now=changes.now,
    )
    if policy is None:
        changes.add("+", f"{what} ({spec.name})", organisation)
    else:
        changes.add("~", f"{what}: version {version.number}", organisation)
    if version.state == VersionState.PROPOSED:
        note = f"{what}: version {version.number} waits for somebody to approve it"
        changes.notes.append(note)


def _says_that(policy: Policy, spec: PolicySpec) -> bool:
    """Tell whether the policy in force, or as proposed, is what the file says."""
    is_listed = policy.archived_at is None and policy.name == spec.name
    return is_listed and version_saying(policy, spec.body) is not None


def _write_routes(
    organisation: Organisation, specs: list[RouteSpec], changes: Changes
) -> None:
    names = {spec.name for spec in specs}
    stored: dict[str, Route] = {}
    for route in organisation.routes.all():
        if route.name in names and route.name not in stored:
            stored[route.name] = route
            continue
        route.delete()
        changes.add("-", f'route {organisation.slug} "{route.name}"', organisation)
    ordered = sorted(specs, key=lambda spec: spec.is_default)
    for position, spec in enumerate(ordered, start=1):
        _write_route(organisation, spec, stored.get(spec.name), position, changes)


def _write_route(
    organisation: Organisation,
    spec: RouteSpec,
    row: Route | None,
    position: int,
    changes: Changes,
) -> None:
    what = f'route {organisation.slug} "{spec.name}"'
    wanted = {
        "position": position,
        "matchers": [dict(matcher) for matcher in spec.matchers],
        "is_default": spec.is_default,
        "policy": _policy_of(organisation, spec),
    }
    if row is None:
        row = Route.objects.create(organisation=organisation, name=spec.name, **wanted)
        changes.add("+", what, organisation)
        _set_agencies(row, spec)
        return
    differences = set_fields(row, wanted)
    if differences:
        row.save()
    differences += _set_agencies(row, spec)
    if differences:
        changes.add("~", named(what, differences), organisation)


def _policy_of(organisation: Organisation, spec: RouteSpec) -> Policy | None:
    if not spec.policy:
        return None
    return Policy.objects.get(organisation=organisation, slug=spec.policy)


def _set_agencies(row: Route, spec: RouteSpec) -> list[str]:
    before = sorted(row.share_with.values_list("slug", flat=True))
    after = sorted(set(spec.share_with))
    if before == after:
        return []
    row.share_with.set(Organisation.objects.filter(slug__in=after))
    return [f"share_with {', '.join(before) or 'none'} → {', '.join(after) or 'none'}"]
