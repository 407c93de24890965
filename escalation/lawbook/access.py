"""Find the regimes that a person may read: those that came with us, and their own side's."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import Http404

from escalation.lawbook.models import RegimeText
from escalation.lawbook.profiles import Profile, profiles_of
from escalation.lawbook.registry import (
    Known,
    Registered,
    regimes_of_many,
    texts_of_many,
)
from incidents.models import Organisation, OrganisationKind, User
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action


@dataclass(frozen=True, slots=True)
class Bookshelf:
    """The regimes that a person may read, and which of their organisations watch them."""

    organisations: Mapping[int, Organisation]
    known: Mapping[int | None, Known]
    profiles: Mapping[int, Profile]

    def all(self) -> dict[str, Registered]:
        """Return {regime id: regime}, sorted by id."""
        found = {
            name: one for known in self.known.values() for name, one in known.items()
        }
        return dict(sorted(found.items()))

    def find(self, regime_id: str) -> Registered:
        """Return a regime in use. Raises Http404."""
        found = self.all().get(regime_id)
        if found is None:
            raise Http404
        return found

    def watching(self, regime_id: str) -> list[Organisation]:
        """Return the person's organisations that are under a regime."""
        return [
            organisation
            for pk, organisation in self.organisations.items()
            if regime_id in self.profiles[pk].regimes
        ]

    def owner(self, registered: Registered) -> Organisation | None:
        """Return whose own regime it is."""
        owner = registered.organisation_id
        return self.organisations[owner] if owner is not None else None


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Return the person's organisations that can be under a law."""
    own = Organisation.objects.of(user)
    return own.exclude(kind=OrganisationKind.PLATFORM)


def bookshelf_of(user: User) -> Bookshelf:
    """Read what a person may see, in three statements."""
    own = {row.pk: row for row in organisations_of(user)}
    return Bookshelf(own, regimes_of_many(list(own)), profiles_of(list(own)))


def texts_visible_to(user: User) -> QuerySet[RegimeText]:
    """Return the rows of texts that a person may read, former ones too."""
    own = organisations_of(user).values("pk")
    rows = RegimeText.objects.filter(Q(organisation=None) | Q(organisation__in=own))
    return rows.select_related("author", "organisation")


def versions_visible_to(user: User, regime_id: str) -> list[RegimeText]:
    """Return every version of a regime, the oldest first. Raises Http404."""
    rows = list(texts_visible_to(user).filter(regime_id=regime_id).order_by("pk"))
    if not rows:
        raise Http404
    return rows


def read_text(row: RegimeText) -> Registered:
    """Return what one version says. Raises Http404 for one that is not read any more."""
    named = (row.organisation_id, row.regime_id, row.digest)
    found = texts_of_many([named]).get(named)
    if found is None:
        raise Http404
    return found


def owner_of(user: User, registered: Registered, action: Action) -> Organisation:
    """Return the organisation whose own regime this is. Raises NotAllowed, Http404."""
    own = organisations_of(user).filter(pk=registered.organisation_id or 0).first()
    if own is None:
        raise Http404
    return organisation_for(user, action, slug=own.slug)
