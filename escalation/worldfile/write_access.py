"""Write who there is: organisations, people, their roles and their teams."""

from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import OrganisationSpec, PersonSpec, TeamSpec, World
from incidents.events.access import end_role, grant_role
from incidents.events.actor import Actor
from incidents.models import Membership, Organisation, Team, User


def write_access(world: World, changes: Changes) -> None:
    """Bring organisations, people, roles and teams to what the file says."""
    for organisation in world.organisations:
        _write_organisation(organisation, changes)
    for person in world.people:
        _write_person(person, changes)
    # After every grant: an organisation's administrator may change hands in one file.
    for person in world.people:
        _end_roles(person, changes)
    for team in world.teams:
        _write_team(team, changes)


def organisation_of(slug: str) -> Organisation:
    """Return the organisation; references were checked before."""
    return Organisation.objects.get(slug=slug)


def _write_organisation(spec: OrganisationSpec, changes: Changes) -> None:
    row = Organisation.objects.filter(slug=spec.slug).first()
    if row is None:
        row = Organisation.objects.create(
            slug=spec.slug, name=spec.name, kind=spec.kind
        )
        changes.add("+", f"organisation {spec.slug} ({spec.name}, {spec.kind})", row)
    elif differences := set_fields(row, {"name": spec.name}):
        row.save(update_fields=["name"])
        changes.add("~", named(f"organisation {spec.slug}", differences), row)


def _write_person(spec: PersonSpec, changes: Changes) -> None:
    organisations = [organisation_of(slug) for slug in spec.roles]
    user = User.objects.filter(email=spec.email).first()
    if user is None:
        user = User.objects.create_user(
            spec.email, name=spec.name, password=spec.password or None
        )
        changes.add("+", f"person {spec.email}", *organisations)
        if not spec.password:
            command = f"manage.py changepassword {spec.email}"
            changes.notes.append(f"{spec.email} has no password yet: {command}")
    else:
        _change_person(user, spec, organisations, changes)
    for organisation in organisations:
        _grant_roles(user, organisation, spec.roles[organisation.slug], changes)


def _change_person(
    user: User,
    spec: PersonSpec,
    organisations: list[Organisation],
    changes: Changes,
) -> None:
    """Change the name, and give a first password; one that is set is left alone."""
    differences = set_fields(user, {"name": spec.name}) if spec.name else []
    if spec.password and not user.has_usable_password():
        user.set_password(spec.password)
        differences.append("first password")
    if differences:
        user.save(update_fields=["name", "password"])
        what = named(f"person {spec.email}", differences)
        changes.add("~", what, *organisations)


def _grant_roles(
    user: User, organisation: Organisation, roles: tuple[str, ...], changes: Changes
) -> None:
    held = user.memberships.filter(organisation=organisation, ended_at=None)
    active = set(held.values_list("role", flat=True))
    for role in dict.fromkeys(roles):
        if role not in active:
            actor = Actor.system(organisation)
            grant_role(organisation, user=user, role=role, actor=actor, now=changes.now)
            changes.add("+", _role(role, organisation, user), organisation)


def _end_roles(spec: PersonSpec, changes: Changes) -> None:
    held = Membership.objects.filter(
        user__email=spec.email, organisation__slug__in=spec.roles, ended_at=None
    )
    for membership in held.select_related("organisation", "user").order_by("pk"):
        organisation = membership.organisation
        if membership.role not in spec.roles[organisation.slug]:
            end_role(membership, actor=Actor.system(organisation), now=changes.now)
            line = _role(membership.role, organisation, membership.user)
            changes.add("-", line, organisation)


def _role(role: str, organisation: Organisation, user: User) -> str:
    return f"role {role} in {organisation.slug} for {user.email}"


def _write_team(spec: TeamSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"team {organisation.slug}/{spec.slug}"
    team = Team.objects.filter(organisation=organisation, slug=spec.slug).first()
    if team is None:
        team = Team.objects.create(
            organisation=organisation, slug=spec.slug, name=spec.name
        )
        changes.add("+", f"{what} ({spec.name})", organisation)
    elif differences := set_fields(team, {"name": spec.name}):
        team.save(update_fields=["name"])
        changes.add("~", named(what, differences), organisation)
    _write_members(team, organisation, spec.members, changes)


def _write_members(
    team: Team, organisation: Organisation, emails: tuple[str, ...], changes: Changes
) -> None:
    wanted = {user.email: user for user in User.objects.filter(email__in=emails)}
    present = {user.email: user for user in team.members.all()}
    for email in sorted(wanted.keys() - present.keys()):
        team.members.add(wanted[email])
        line = f"member {email} of team {organisation.slug}/{team.slug}"
        changes.add("+", line, organisation)
    for email in sorted(present.keys() - wanted.keys()):
        team.members.remove(present[email])
        line = f"member {email} of team {organisation.slug}/{team.slug}"
        changes.add("-", line, organisation)
