"""What the selects of the editor offer: what is really there, in the reader's words."""

from collections.abc import Iterable, Mapping

from escalation.authoring.editor.controls import Group, Option, one_group
from escalation.authoring.surroundings import Surroundings
from escalation.policies.targets import Target, parse_target
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import Tlp
from incidents.organisations.roles import Role

_LAB_ROLES = (Role.RESPONDER, Role.APPROVER, Role.ADMIN, Role.STAFF)
_AGENCY_ROLES = (Role.OFFICER, Role.SUPERVISOR, Role.ADMIN)


def roles(there: Surroundings) -> tuple[Option, ...]:
    """Return the roles of an organisation of this kind."""
    of = _AGENCY_ROLES if there.organisation.is_agency else _LAB_ROLES
    return tuple((role.value, role.label) for role in of)


def targets(there: Surroundings, *, people_only: bool = False) -> tuple[Group, ...]:
    """Return whom a step can name, as `kind:value`, under headings."""
    teams = [(slug, name) for slug, (name, _) in there.teams.items()]
    schedules = there.schedules.items()
    groups = [
        _group("On call", "schedule", schedules, "who is on call in {}"),
        _group("On call next", "next_on_call", schedules, "who is on call next in {}"),
        _group("Teams", "team", teams, "the team {}"),
        _group("In turn", "round_robin", teams, "the next in turn of {}"),
        _group("Roles", "role", roles(there), "everybody with the role {}"),
        _group("People", "user", _people(there), "{}"),
    ]
    if not people_only:
        own = there.organisation
        desks = {own.slug: own.name, **there.agencies, **there.labs}
        webhooks = ((slug, slug) for slug in there.webhooks)
        groups += [
            _group("Desks", "desk", desks.items(), "the desk of {}"),
            _group("Webhooks", "webhook", webhooks, "the webhook {}"),
        ]
    return tuple(group for group in groups if group[1])


def target_value(body: object) -> str:
    """Return a target of a body as an option's value; empty if it is none."""
    if not isinstance(body, Mapping) or len(body) != 1:
        return ""
    [(kind, value)] = body.items()
    return f"{kind}:{value}"


def target_body(value: str) -> dict[str, str]:
    """Return the target that an option's value stands for."""
    kind, _, name = value.partition(":")
    return {kind: name} if name else {}


def target_of(body: object) -> Target:
    """Return the target. Raises PolicyError."""
    return parse_target(body, where="target")


def severities() -> tuple[Option, ...]:
    """Return the levels."""
    return tuple((str(row.level), f"{row.level} {row.name}") for row in SEVERITIES)


def values_of(field: str, there: Surroundings) -> tuple[Group, ...] | None:
    """Return the values of a condition's field; None where any text may be."""
    own = there.organisation
    labs = {own.slug: own.name, **there.labs}
    found: dict[str, Iterable[Option]] = {
        "severity": severities(),
        "category": CATEGORY_CHOICES,
        "tlp": ((str(tlp), tlp.label) for tlp in Tlp),
        "organisation": labs.items(),
        "calendar": there.calendars.items(),
        "on_call": there.schedules.items(),
    }
    return one_group(found[field]) if field in found else None


def organisations(there: Surroundings) -> tuple[Option, ...]:
    """Return the organisations that may have to acknowledge."""
    own = there.organisation
    return tuple({own.slug: own.name, **there.agencies, **there.labs}.items())


def _people(there: Surroundings) -> Iterable[Option]:
    for member in there.members.values():
        note = "" if member.channels else " (no verified method)"
        yield member.email, f"{member.name}{note}"


def _group(heading: str, kind: str, options: Iterable[Option], words: str) -> Group:
    """Return options whose words say what they are, also when the heading is not seen."""
    return heading, tuple(
        (f"{kind}:{value}", words.format(label)) for value, label in options
    )
