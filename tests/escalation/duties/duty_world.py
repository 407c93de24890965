"""A lab under two laws and an agency, with people of each role."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from escalation.duties.following import follow
from escalation.duties.instants import note_anchor
from escalation.lawbook.models import LegalProfile
from escalation.loop import fire_due
from escalation.models import AnchorValue
from escalation.routing.dispatch import dispatch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.shares import share
from incidents.models import Incident, Organisation, Timer, User
from tests import factories as make
from tests.factories import NOW

HOUR = timedelta(hours=1)
DORA = "eu-dora-19"
NIS2 = "eu-nis2-23"


@dataclass
class DutyWorld:
    """What the tests of duties stand on."""

    lab: Organisation
    agency: Organisation
    duty: User
    approver: User
    staff: User
    officer: User

    def incident(self, **more: Any) -> Incident:
        return make.incident(self.lab, **more)

    def share(self, incident: Incident) -> None:
        share(
            incident,
            agency=self.agency,
            reason="by hand",
            user=None,
            actor=Actor.system(self.lab),
            now=NOW,
        )

    def note(self, incident: Incident, at: datetime, **more: Any) -> AnchorValue:
        """Note an instant for the lab, by its duty officer."""
        values = {
            "organisation": self.lab,
            "name": "aware",
            "written": at.isoformat(),
            "at": at,
            "precision": "exact",
            "source": "the log",
            "author": self.duty,
            "now": NOW,
            **more,
        }
        return note_anchor(incident, **values)

    def run(self, now: datetime = NOW) -> None:
        """Let what waits for the loop be dealt with, until nothing does."""
        while dispatch(now) + follow(now) + fire_due(now):
            pass

    def looked_at(self) -> list[tuple[int | None, int]]:
        """Return (incident, organisation) for each look at clocks that was asked for."""
        looks = Timer.objects.filter(kind="duties.look").order_by("pk")
        return list(looks.values_list("incident_id", "organisation_id"))

    def kinds(self, incident: Incident, side: Organisation, prefix: str) -> list[str]:
        """Return the kinds of entries that the side reads, of those that begin so."""
        entries = timeline(incident, [side.pk])
        return [entry.kind for entry in entries if entry.kind.startswith(prefix)]

    def visit(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client


def make_duty_world() -> DutyWorld:
    lab, agency = make.lab("aurora"), make.agency("naisa")
    LegalProfile.objects.create(
        organisation=lab, regimes={DORA: {}, NIS2: {}}, changed_at=NOW
    )
    return DutyWorld(
        lab,
        agency,
        duty=make.person(lab, "duty@aurora.example"),
        approver=make.person(lab, "approver@aurora.example", role="approver"),
        staff=make.person(lab, "staff@aurora.example", role="staff"),
        officer=make.person(agency, "officer@naisa.example", role="officer"),
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
