"""Find the policy that a person may see or change: only their own organisations'."""

from django.db.models import QuerySet
from django.http import Http404

from escalation.policies.models import Policy, PolicyVersion
from incidents.models import Organisation, OrganisationKind, User
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Return the person's organisations that may have policies."""
    own = Organisation.objects.of(user)
    return own.exclude(kind=OrganisationKind.PLATFORM)


def policies_visible_to(user: User) -> QuerySet[Policy]:
    """Return the policies of the person's organisations, also archived ones."""
    own = Policy.objects.filter(organisation__in=organisations_of(user).values("pk"))
    return own.select_related("organisation")


def find_policy(user: User, pk: int | str, *, is_listed: bool = False) -> Policy:
    """Return a policy, on demand only one in use. Raises Http404."""
    rows = policies_visible_to(user).filter(pk=pk)
    policy = rows.filter(archived_at=None).first() if is_listed else rows.first()
    if policy is None:
        raise Http404
    return policy


def find_version(policy: Policy, number: int | str) -> PolicyVersion:
    """Return a policy's version. Raises Http404."""
    rows = policy.versions.select_related("policy", "made_by", "decided_by")
    version = rows.filter(number=number).first()
    if version is None:
        raise Http404
    return version


def require(user: User, action: Action, policy: Policy) -> Organisation:
    """Return the policy's organisation. Raises NotAllowed."""
    return organisation_for(user, action, slug=policy.organisation.slug)


def action_for_rule(*, is_on: bool) -> Action:
    """Return what it takes to begin, or to end, that a second person approves.

    Whoever may approve may confirm an end, so that one administrator is enough.
    """
    return Action.CONFIGURE if is_on else Action.APPROVE
