"""The people of the demo world who act in its case."""

from dataclasses import dataclass

from incidents.events.actor import Actor
from incidents.incident.access import actor_for
from incidents.models import Organisation, User


class NotPlayable(Exception):
    """The case cannot be played here; the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, in the name of one organisation."""

    user: User
    side: Organisation

    @property
    def actor(self) -> Actor:
        """Return the person as the record names them."""
        return actor_for(self.user, self.side)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who reports, responds, approves and administers at the lab, and who is the officer."""

    staff: Person
    responder: Person
    approver: Person
    admin: Person
    officer: Person

    @property
    def lab(self) -> Organisation:
        """Return the lab whose incident it is."""
        return self.staff.side

    @property
    def agency(self) -> Organisation:
        """Return the agency that gets the report."""
        return self.officer.side


def find_cast() -> Cast:
    """Return the people of `demo/world.toml`. Raises NotPlayable where one is missing."""
    return Cast(
        staff=_person("staff", "aurora"),
        responder=_person("duty", "aurora"),
        approver=_person("approver", "aurora"),
        admin=_person("admin", "aurora"),
        officer=_person("officer", "naisa"),
    )


def _person(name: str, side: str) -> Person:
    email = f"{name}@{side}.example"
    user = User.objects.filter(email=email).first()
    organisation = Organisation.objects.filter(slug=side).first()
    if user is None or organisation is None:
        message = f"{email} of {side} is not here: apply demo/world.toml first."
        raise NotPlayable(message)
    return Person(user, organisation)
