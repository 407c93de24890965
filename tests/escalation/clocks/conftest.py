from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation.clocks.handlers import follow
from escalation.loop import fire_due
from escalation.models import Clock, Notification
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import acknowledge, comment
from incidents.incident.shares import share
from incidents.models import AcknowledgedVia, Incident, Organisation, User
from tests import factories as make
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


@dataclass
class ClockWorld:
    """A lab and an agency with people, and their policies with clocks."""

    lab: Organisation
    agency: Organisation
    duty: User
    officer: User
    now: datetime = NOW
    incidents: list[Incident] = field(default_factory=list)

    def watch(self, organisation: Organisation, *clocks: dict[str, Any]) -> None:
        """Give the organisation a path that pages its person, with these clocks."""
        person = self.duty if organisation == self.lab else self.officer
        steps = [make.notify({"user": person.email}), make.wait(600)]
        path = make.policy(organisation, *steps, clocks=list(clocks))
        make.route(organisation, path, is_default=True)

    def open(self, **more: Any) -> Incident:
        made = make.incident(self.lab, now=self.now, **more)
        self.incidents.append(made)
        self.run()
        return made

    def share(self, incident: Incident) -> None:
        share(
            incident,
            agency=self.agency,
            reason="by hand",
            user=None,
            actor=Actor.system(self.lab),
            now=self.now,
        )
        self.run()

    def acknowledge(self, incident: Incident, user: User | None = None) -> None:
        user = user or self.duty
        organisation = self.lab if user == self.duty else self.agency
        acknowledge(
            incident,
            organisation=organisation,
            user=user,
            via=AcknowledgedVia.PAGE,
            actor=Actor.of(user, organisation),
            now=self.now,
        )
        self.run()

    def comment(self, incident: Incident, user: User, *, is_shared: bool) -> None:
        organisation = self.lab if user == self.duty else self.agency
        comment(
            incident,
            text="We look at it.",
            is_shared=is_shared,
            organisation=organisation,
            user=user,
            actor=Actor.of(user, organisation),
            now=self.now,
        )
        self.run()

    def forward(self, minutes: float) -> None:
        """Move time, the loop looking every minute and once more at the end."""
        end = self.now + minutes * MINUTE
        while self.now + MINUTE < end:
            self.now += MINUTE
            self.run()
        self.now = end
        self.run()

    def run(self) -> None:
        """Let the loop do what is due until nothing is."""
        while dispatch(self.now) + follow(self.now) + fire_due(self.now):
            pass

    def clock(self, what: str, organisation: Organisation | None = None) -> Clock:
        owner = organisation or self.lab
        return Clock.objects.get(what=what, organisation=owner, is_current=True)

    def kinds(self, incident: Incident, organisation: Organisation) -> list[str]:
        """Return the kinds of the clocks' entries that the organisation sees."""
        entries = timeline(incident, [organisation.pk])
        return [e.kind for e in entries if e.kind.startswith("clock.")]


@pytest.fixture
def world(db: None) -> ClockWorld:
    lab, agency = make.lab("aurora"), make.agency("naisa")
    duty = make.person(lab, "duty@aurora.example")
    officer = make.person(agency, "officer@naisa.example", role="officer")
    for organisation, user in ((lab, duty), (agency, officer)):
        make.contact(organisation, user)
        make.contact(organisation, address=f"desk@{organisation.slug}.example")
    return ClockWorld(lab, agency, duty, officer)


@pytest.fixture
def told() -> Callable[[str], list[str]]:
    """Return a function that lists who was told, for a purpose, in order."""

    def addresses(purpose: str) -> list[str]:
        rows = Notification.objects.filter(purpose=purpose).order_by("pk")
        return list(rows.values_list("address", flat=True))

    return addresses
