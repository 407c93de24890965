from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from incidents.events.actor import Actor
from incidents.incident.opening import NewIncident, open_incident
from incidents.incident.shares import share
from incidents.models import Incident, Membership, Organisation, User

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Two labs, two agencies, and their people."""

    lab: Organisation
    other_lab: Organisation
    agency: Organisation
    other_agency: Organisation
    staff: User
    officer: User
    colleague: User
    other_officer: User


def _organisation(slug: str, kind: str) -> Organisation:
    return Organisation.objects.create(slug=slug, name=slug.title(), kind=kind)


def _person(name: str, organisation: Organisation, role: str) -> User:
    email = f"{name}@{organisation.slug}.example"
    user = User.objects.create_user(email, name=name.title())
    Membership.objects.create(organisation=organisation, user=user, role=role)
    return user


@pytest.fixture
def desk(db: None) -> Desk:
    lab = _organisation("aurora", "lab")
    agency = _organisation("naisa", "agency")
    other = _organisation("other", "agency")
    return Desk(
        lab=lab,
        other_lab=_organisation("meridian", "lab"),
        agency=agency,
        other_agency=other,
        staff=_person("staff", lab, "staff"),
        officer=_person("officer", agency, "officer"),
        colleague=_person("colleague", agency, "supervisor"),
        other_officer=_person("officer", other, "officer"),
    )


@pytest.fixture
def open_shared(desk: Desk) -> Callable[..., Incident]:
    """Return a function that opens an incident of the lab and shares it."""

    def open_one(
        title: str = "Weights copied",
        *,
        severity: int = 3,
        category: str = "WGT",
        agencies: tuple[Organisation, ...] | None = None,
        lab: Organisation | None = None,
        now: datetime = NOW,
    ) -> Incident:
        lab = lab or desk.lab
        actor = Actor.of(desk.staff, lab)
        new = NewIncident(
            organisation_id=lab.pk,
            title=title,
            category=category,
            severity=severity,
            reported_by=desk.staff,
        )
        incident = open_incident(new, actor=actor, now=now)
        for agency in (desk.agency,) if agencies is None else agencies:
            share(
                incident,
                agency=agency,
                reason="by hand",
                user=desk.staff,
                actor=actor,
                now=now,
            )
        return incident

    return open_one
