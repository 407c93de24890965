"""Say which organisations a person knows of, and for which of them they may act."""

from django.db import models

from incidents.errors import BadInput, NotAllowed
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing


def organisations_known_to(user: User) -> models.QuerySet[Organisation]:
    """Return the person's own, every agency, and the labs that share with them now.

    Labs do not learn of each other, and the platform's operator of neither.
    """
    own = Organisation.objects.of(user).values("pk")
    working = Organisation.objects.of(user).exclude(kind=OrganisationKind.PLATFORM)
    sharing = Organisation.objects.filter(
        incidents__shares__agency__in=own, incidents__shares__unshared_at=None
    )
    known = models.Q(pk__in=own) | models.Q(pk__in=sharing.values("pk"))
    if working.exists():
        known |= models.Q(kind=OrganisationKind.AGENCY)
    return Organisation.objects.filter(known).order_by("name", "pk")


def organisation_for(user: User, action: Action, *, slug: str = "") -> Organisation:
    """Return the organisation of the person for which they may do this.

    An empty slug is enough when there is only one. Raises NotAllowed, BadInput.
    """
    own = {row.slug: row for row in Organisation.objects.of(user)}
    if slug and slug not in own:
        raise BadInput("organisation", slug, f"Name one of {', '.join(sorted(own))}.")
    ids = organisations_allowing(user, action)
    allowed = [row for row in own.values() if row.pk in ids]
    chosen = [row for row in allowed if slug in ("", row.slug)]
    if not chosen:
        raise NotAllowed(f"None of your roles lets you {Action(action).label}.")
    if len(chosen) > 1:
        known = ", ".join(sorted(row.slug for row in chosen))
        raise BadInput("organisation", slug, f"Name one of {known}.")
    return chosen[0]


def agency_named(slug: str, *, field: str = "agency") -> Organisation:
    """Return the agency with this slug. Raises BadInput."""
    agencies = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
    agency = agencies.filter(slug=slug).first()
    if agency is None:
        known = ", ".join(agencies.order_by("slug").values_list("slug", flat=True))
        raise BadInput(field, slug, f"Name an agency: {known or 'there is none yet'}.")
    return agency
