"""Who did it: a person, a link, a tool, or the system, and for which organisation."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from incidents.organisations.models import Organisation, User

ActorKind = Literal["user", "system", "link", "source", "reporter"]


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as the record keeps it. `subject` is the person whose key hides the name."""

    kind: ActorKind
    name: str
    organisation_id: int
    organisation_name: str
    role: str = ""
    subject: uuid.UUID | None = None

    @classmethod
    def of(cls, user: User, organisation: Organisation, *, role: str = "") -> "Actor":
        """Return a signed-in person acting for one of their organisations."""
        name = user.name or user.email
        return cls("user", name, organisation.pk, organisation.name, role, user.uid)

    @classmethod
    def system(cls, organisation: Organisation) -> "Actor":
        """Return Tocsin itself, acting for an organisation."""
        return cls("system", "Tocsin", organisation.pk, organisation.name)

    @classmethod
    def link(cls, organisation: Organisation, *, name: str) -> "Actor":
        """Return whoever held a link that was sent, not signed in."""
        return cls("link", name, organisation.pk, organisation.name)

    @classmethod
    def source(cls, organisation: Organisation, *, name: str) -> "Actor":
        """Return a monitoring tool."""
        return cls("source", name, organisation.pk, organisation.name)

    def for_own_side(self) -> dict[str, Any]:
        """Return what the actor's own organisation reads."""
        return {**self.for_other_side(), "name": self.name}

    def for_other_side(self) -> dict[str, Any]:
        """Return what the other side reads: organisation and role, never a name."""
        shown = {"kind": self.kind, "organisation": self.organisation_name}
        return {**shown, "role": self.role} if self.role else shown
