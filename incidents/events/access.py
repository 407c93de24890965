"""Give and end people's roles and teams; every change is an entry of the organisation.

The functions stand here and not in `organisations`, because they record.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.organisations.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Team,
    User,
)
from incidents.organisations.roles import Role

ROLES_OF: Final[dict[str, tuple[Role, ...]]] = {
    OrganisationKind.LAB: (Role.STAFF, Role.RESPONDER, Role.APPROVER, Role.ADMIN),
    OrganisationKind.AGENCY: (Role.OFFICER, Role.SUPERVISOR, Role.ADMIN),
    OrganisationKind.PLATFORM: (Role.OPERATOR, Role.ADMIN, Role.AUDITOR),
}


def grant_role(
    organisation: Organisation, *, user: User, role: str, actor: Actor, now: datetime
) -> Membership:
    """Give a person a role in the organisation; one that they have stays as it is."""
    known = ROLES_OF[organisation.kind]
    if role not in known:
        raise BadInput("role", role, f"Use one of {', '.join(known)}.")
    with recording(now):
        membership, is_new = Membership.objects.get_or_create(
            organisation=organisation,
            user=user,
            role=role,
            ended_at=None,
            defaults={"granted_at": now},
        )
        if is_new:
            _record_access("access.granted", membership, actor)
    return membership


def end_role(membership: Membership, *, actor: Actor, now: datetime) -> Membership:
    """End a role; with the last one in the organisation its teams end too.

    Raises NotPossible for an organisation's only administrator. Locks the organisation.
    """
    with recording(now):
        organisation = Organisation.objects.select_for_update(no_key=True).get(
            pk=membership.organisation_id
        )
        membership = Membership.objects.select_related("user").get(pk=membership.pk)
        if membership.ended_at is not None:
            return membership
        _require_other_admin(membership)
        membership.ended_at = now
        membership.save(update_fields=["ended_at"])
        _leave_teams(membership.user, organisation)
        _record_access("access.revoked", membership, actor)
    return membership


def save_team(
    organisation: Organisation,
    *,
    slug: str,
    name: str,
    members: Iterable[User],
    actor: Actor,
    now: datetime,
) -> Team:
    """Make or change a team. Raises BadInput for people of other organisations."""
    people = sorted(set(members), key=lambda user: user.pk)
    _require_members(organisation, people)
    with recording(now):
        team, _ = Team.objects.update_or_create(
            organisation=organisation, slug=slug, defaults={"name": name}
        )
        team.members.set(people)
        changes = [f"name {name}", f"members {', '.join(p.email for p in people)}"]
        record(
            "config.changed",
            organisation_id=organisation.pk,
            actor=actor,
            body={"what": f"team {slug}", "changes": changes},
        )
    return team


def _record_access(kind: str, membership: Membership, actor: Actor) -> None:
    record(
        kind,
        organisation_id=membership.organisation_id,
        actor=actor,
        body={"who": str(membership.user), "role": membership.role},
        subjects={"who": membership.user.uid},
    )


def _require_other_admin(membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    admins = Membership.objects.filter(
        organisation=membership.organisation_id, role=Role.ADMIN, ended_at=None
    )
    if not admins.exclude(pk=membership.pk).exists():
        message = "This is the only administrator; name another one first."
        raise NotPossible(message, state={"administrators": 1})


def _leave_teams(user: User, organisation: Organisation) -> None:
    if user.memberships.filter(organisation=organisation, ended_at=None).exists():
        return
    for team in organisation.teams.filter(members=user):
        team.members.remove(user)


def _require_members(organisation: Organisation, people: list[User]) -> None:
    rows = organisation.memberships.filter(user__in=people, ended_at=None)
    known = set(rows.values_list("user_id", flat=True))
    for user in people:
        if user.pk not in known:
            raise BadInput("members", user.email, f"Name people of {organisation}.")
