"""Roles, and the one table that says which role may do what.

`can(user, action, organisation)` is the only question asked of it.
"""

from typing import TYPE_CHECKING, Final

from django.db import models

if TYPE_CHECKING:
    from incidents.organisations.models import Organisation, User


class Role(models.TextChoices):
    """What a person is in an organisation."""

    STAFF = "staff", "Staff"
    RESPONDER = "responder", "Responder"
    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Administrator"
    OFFICER = "officer", "Officer"
    SUPERVISOR = "supervisor", "Supervisor"
    OPERATOR = "operator", "Platform operator"
    AUDITOR = "auditor", "Auditor of the record"


class Action(models.TextChoices):
    """What a person may want to do in the name of an organisation."""

    READ = "read", "read its incidents"
    REPORT = "report", "file an incident"
    COMMENT = "comment", "comment and attach"
    ACKNOWLEDGE = "acknowledge", "acknowledge"
    MANAGE = "manage", "change severity, escalate, resolve and reopen"
    SHARE = "share", "share with an agency and end a share"
    TRIAGE = "triage", "decide, assign and ask"
    ANSWER = "answer", "answer an agency's question"
    COVER = "cover", "take over and swap shifts"
    CONFIGURE = "configure", "change sources, policies, routes and people"
    APPROVE = "approve", "approve or confirm what somebody else proposed"
    EXPORT = "export", "hand out evidence"
    DUTIES = "duties", "keep the time record and decide what must be reported"
    AUDIT = "audit", "read every entry of the log, to compute it anew"


_EVERYONE: Final = frozenset({Action.READ, Action.COMMENT, Action.ACKNOWLEDGE})
_KEEPS: Final = frozenset({Action.DUTIES, Action.EXPORT})
_LAB: Final = _EVERYONE | {Action.REPORT, Action.ANSWER}
_RESPONDS: Final = _LAB | {Action.MANAGE, Action.SHARE, Action.COVER, *_KEEPS}
_AGENCY: Final = _EVERYONE | {Action.TRIAGE, Action.COVER, *_KEEPS}

# The platform operator has no row: administering the platform gives no content.
ALLOWED: Final[dict[str, frozenset[Action]]] = {
    Role.STAFF: frozenset({Action.READ, Action.COMMENT, Action.REPORT, Action.ANSWER}),
    Role.RESPONDER: _RESPONDS,
    Role.APPROVER: _RESPONDS | {Action.APPROVE},
    Role.OFFICER: _AGENCY,
    Role.SUPERVISOR: _AGENCY | {Action.APPROVE},
    Role.OPERATOR: frozenset(),
    # Leaves hold digests: whose they are and what they say stays closed to auditors too.
    Role.AUDITOR: frozenset({Action.AUDIT}),
}
_ADMIN: Final = {
    "lab": _RESPONDS | {Action.CONFIGURE, Action.APPROVE},
    "agency": _AGENCY | {Action.CONFIGURE, Action.APPROVE},
    "platform": frozenset({Action.CONFIGURE}),
}


def allowed_actions(role: str, organisation_kind: str) -> frozenset[Action]:
    """Return what the role may do in an organisation of this kind."""
    if role == Role.ADMIN:
        return frozenset(_ADMIN[organisation_kind])
    return ALLOWED[role]


def can(user: "User", action: Action, organisation: "Organisation") -> bool:
    """Whether one of the user's roles in the organisation allows the action."""
    roles = organisation.memberships.filter(user=user, ended_at=None).values_list(
        "role", flat=True
    )
    return any(action in allowed_actions(role, organisation.kind) for role in roles)


def organisations_allowing(user: "User", action: Action) -> list[int]:
    """Return the ids of the organisations in whose name the user may do the action."""
    rows = user.memberships.filter(ended_at=None).values_list(
        "organisation_id", "organisation__kind", "role"
    )
    return sorted(
        {pk for pk, kind, role in rows if action in allowed_actions(role, kind)}
    )
