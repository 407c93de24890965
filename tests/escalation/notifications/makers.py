"""Make the least rows that a notification needs."""

import itertools
from datetime import UTC, datetime
from typing import Any

from escalation.models import ContactMethod, Notification, Policy, PolicyVersion, Run
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.notifications.render import Message
from escalation.notifications.webhook_signature import new_secret
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.opening import NewIncident, open_incident
from incidents.ledger.keyring import seal_secret
from incidents.models import Incident, Membership, Organisation, User

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SECRET = new_secret()
_numbers = itertools.count(1)


def make_lab(slug: str = "aurora") -> Organisation:
    return Organisation.objects.create(
        slug=slug, name=f"{slug.title()} Labs", kind="lab"
    )


def make_agency(slug: str = "naisa") -> Organisation:
    return Organisation.objects.create(slug=slug, name=slug.upper(), kind="agency")


def make_user(organisation: Organisation, role: str = "responder") -> User:
    number = next(_numbers)
    user = User.objects.create_user(f"user{number}@lab.example", name=f"User {number}")
    Membership.objects.create(organisation=organisation, user=user, role=role)
    return user


def make_incident(lab: Organisation, **more: Any) -> Incident:
    fields = {"title": "Weights copied out", "category": "WGT", "severity": 4, **more}
    new = NewIncident(organisation_id=lab.pk, **fields)
    return open_incident(new, actor=Actor.system(lab), now=NOW)


def make_run(incident: Incident, **more: Any) -> Run:
    policy = Policy.objects.create(
        organisation=incident.organisation, slug=f"p{next(_numbers)}", name="Duty"
    )
    version = PolicyVersion.objects.create(
        policy=policy, organisation=incident.organisation, number=1, body={"steps": []}
    )
    return Run.objects.create(
        incident=incident,
        organisation=incident.organisation,
        version=version,
        reason="default route",
        started_at=NOW,
        **more,
    )


def make_method(organisation: Organisation, **more: Any) -> ContactMethod:
    number = next(_numbers)
    fields = {
        "channel": "email",
        "slug": f"m{number}",
        "address": f"m{number}@lab.example",
        "verified_at": NOW,
        **more,
    }
    return ContactMethod.objects.create(organisation=organisation, **fields)


def make_webhook(organisation: Organisation, url: str, **more: Any) -> ContactMethod:
    sealed = seal_secret(SECRET.encode(), context="contact-method")
    fields = {"channel": "webhook", "secret_sealed": sealed, **more}
    return make_method(organisation, address=url, **fields)


def new_page(method: ContactMethod, **more: Any) -> NewNotification:
    fields: dict[str, Any] = {
        "dedup_key": f"test:{next(_numbers)}",
        "organisation_id": method.organisation_id,
        "purpose": "page",
        "channel": method.channel,
        "address": method.address,
        "message": Message(
            "[SEV4] INC-1 Title", "You are paged.", "", {"ref": "INC-1"}
        ),
        "method_id": method.pk,
        **more,
    }
    return NewNotification(**fields)


def queue_pages(rows: list[NewNotification]) -> list[Notification]:
    with recording(NOW):
        return queue_notifications(rows, now=NOW)
