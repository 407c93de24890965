"""What there will be once a file is applied: what is stored, and what the file says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import ContactMethod
from escalation.oncall.models import Schedule
from escalation.policies.models import Policy, PolicyVersion
from escalation.worldfile.world import World
from incidents.models import Membership, Organisation, Source, Team, User

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What there will be once the file is applied; pairs are (organisation, slug)."""

    kinds: dict[str, str]
    stored_kinds: dict[str, str]
    people: frozenset[str]
    members: frozenset[Pair]
    teams: frozenset[Pair]
    calendars: frozenset[Pair]
    schedules: frozenset[Pair]
    # The bodies of policies, of which some may be empty: they could not be read.
    policies: dict[Pair, dict[str, Any]]
    webhooks: frozenset[Pair]
    tools: dict[Pair, str]
    proofs: frozenset[tuple[str, str, str]]


def known_after(world: World) -> Known:
    """Return what there will be once the file is applied."""
    stored = dict(Organisation.objects.values_list("slug", "kind"))
    return Known(
        kinds=stored | {spec.slug: spec.kind for spec in world.organisations},
        stored_kinds=stored,
        people=frozenset(User.objects.values_list("email", flat=True))
        | {spec.email for spec in world.people},
        members=_members(world),
        teams=_pairs(Team.objects.values_list("organisation__slug", "slug"))
        | {(spec.organisation, spec.slug) for spec in world.teams},
        schedules=_pairs(
            Schedule.objects.in_use().values_list("organisation__slug", "slug")
        )
        | {(spec.organisation, spec.slug) for spec in world.schedules},
        calendars=_pairs(
            WorkingCalendar.objects.filter(archived_at=None).values_list(
                "organisation__slug", "slug"
            )
        )
        | {(spec.organisation, spec.slug) for spec in world.calendars},
        policies=_policies(world),
        webhooks=_webhooks(world),
        proofs=frozenset(
            Source.objects.exclude(secret_sealed=None).values_list(
                "organisation__slug", "slug", "verification"
            )
        ),
        tools={
            (organisation, slug): tool
            for organisation, slug, tool in Source.objects.values_list(
                "organisation__slug", "slug", "tool"
            )
        },
    )


def _webhooks(world: World) -> frozenset[Pair]:
    """Return the webhooks of desks, by slug and by address, as policies name them."""
    stored = ContactMethod.objects.filter(
        user=None, disabled_at=None, channel="webhook"
    )
    said = [
        contact
        for contact in world.contact_methods
        if contact.channel == "webhook" and not contact.person
    ]
    return (
        _pairs(stored.values_list("organisation__slug", "slug"))
        | _pairs(stored.values_list("organisation__slug", "address"))
        | {(contact.organisation, contact.slug) for contact in said}
        | {(contact.organisation, contact.address) for contact in said}
    )


def _pairs(rows: Iterable[Any]) -> frozenset[Pair]:
    return frozenset((row[0], row[1]) for row in rows)


def _members(world: World) -> frozenset[Pair]:
    """Return who has a role where, the file's word over the database's."""
    rows = Membership.objects.filter(ended_at=None)
    stored = _pairs(rows.values_list("organisation__slug", "user__email"))
    said = {
        (slug, p.email): bool(r) for p in world.people for slug, r in p.roles.items()
    }
    kept = {pair for pair in stored if said.get(pair, True)}
    return frozenset(kept | {pair for pair, has_role in said.items() if has_role})


def _policies(world: World) -> dict[Pair, dict[str, Any]]:
    stored = Policy.objects.filter(archived_at=None).select_related("organisation")
    slugs = {policy.pk: (policy.organisation.slug, policy.slug) for policy in stored}
    newest = PolicyVersion.objects.filter(policy__in=slugs).order_by("number")
    found = {slugs[row.policy_id]: row.body for row in newest}
    return found | {
        (spec.organisation, spec.slug): spec.body for spec in world.policies
    }
