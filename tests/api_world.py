"""Two labs, two agencies, people of each role, and a client that speaks as one of them."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from incidents.events.actor import Actor
from incidents.incident.shares import share
from incidents.models import Incident, Organisation, User
from incidents.organisations.tokens import create_token
from tests import factories

FILED = {"title": "Weights copied", "category": "WGT", "severity": 3}


@dataclass(slots=True)
class ApiWorld:
    """What the tests of the API stand on."""

    lab: Organisation
    other_lab: Organisation
    agency: Organisation
    other_agency: Organisation
    people: dict[str, User]

    def person(self, role: str) -> User:
        return self.people[role]

    def as_(self, role: str) -> APIClient:
        """Return a client with a token of the person in this role."""
        return client_of(self.people[role])

    def incident(self, *, shared: bool = False, **more: Any) -> Incident:
        """Open an incident of the lab, shared with the agency if asked for."""
        made = factories.incident(self.lab, now=timezone.now(), **more)
        if shared:
            self.share(made, self.agency)
        return made

    def share(self, incident: Incident, agency: Organisation) -> None:
        share(
            incident,
            agency=agency,
            reason="by hand",
            user=None,
            actor=Actor.system(incident.organisation),
            now=timezone.now(),
        )


def make_api_world() -> ApiWorld:
    lab, other_lab = factories.lab("aurora"), factories.lab("meridian")
    agency, other_agency = factories.agency("naisa"), factories.agency("other-agency")
    operator = Organisation.objects.create(
        slug="operator", name="Operator", kind="platform"
    )
    people = {
        "staff": factories.person(lab, role="staff"),
        "responder": factories.person(lab, role="responder"),
        "approver": factories.person(lab, role="approver"),
        "admin": factories.person(lab, role="admin"),
        "officer": factories.person(agency, role="officer"),
        "supervisor": factories.person(agency, role="supervisor"),
        "agency_admin": factories.person(agency, role="admin"),
        "other_lab_admin": factories.person(other_lab, role="admin"),
        "other_agency_admin": factories.person(other_agency, role="admin"),
        "operator": factories.person(operator, role="operator"),
        "platform_admin": factories.person(operator, role="admin"),
    }
    return ApiWorld(lab, other_lab, agency, other_agency, people)


def client_of(user: User, **options: Any) -> APIClient:
    """Return a client that sends a fresh token of the person."""
    _, text = create_token(user, name="tests", **options)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client
