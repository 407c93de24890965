"""A lab with three people and one schedule. Django is not set up yet when this loads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from escalation.models import Schedule
    from incidents.events.actor import Actor
    from incidents.models import Organisation, User


@dataclass(slots=True)
class Crew:
    """Ann and Bob take weekly turns; Ann has it until Monday the 23rd at 09:00 UTC."""

    lab: "Organisation"
    schedule: "Schedule"
    ann: "User"
    bob: "User"
    cat: "User"
    admin: "User"

    def actor(self, user: "User") -> "Actor":
        from incidents.events.actor import Actor  # noqa: PLC0415  after setup

        return Actor.of(user, self.lab)

    def by(self, user: "User", **more: Any) -> dict[str, Any]:
        """Return who acts and when, as domain functions take it."""
        from tests.factories import NOW  # noqa: PLC0415  after setup

        return {"user": user, "actor": self.actor(user), "now": NOW, **more}


@pytest.fixture
def crew(db: None) -> Crew:
    from datetime import date  # noqa: PLC0415

    from tests.factories import lab, person, rotation, schedule  # noqa: PLC0415

    aurora = lab("aurora")
    ann, bob, cat = (
        person(aurora, f"{name}@aurora.example") for name in ("ann", "bob", "cat")
    )
    admin = person(aurora, "admin@aurora.example", role="admin")
    made = schedule(aurora, "duty")
    rotation(made, ann, bob, name="main", starts_on=date(2026, 11, 16))
    return Crew(aurora, made, ann, bob, cat, admin)
