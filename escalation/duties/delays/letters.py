"""Write to a side's desk that something about a delay is there: a pointer, no content."""

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.outbox import (
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from incidents.models import Incident, Organisation


def write_to(
    side: Organisation, incident: Incident, *, key: str, why: str, now: datetime
) -> None:
    """Tell a side's desk once for a key. Requires an open transaction.

    `why` goes with the message whatever its label: it holds names of laws only.
    """
    book = AddressBook.load({side.pk})
    url = settings.BASE_URL + reverse("incident-duties", args=[incident.ref])
    rows = []
    for method in book.methods_of(side.pk, []):
        facts = facts_of(
            incident,
            purpose=retry.FILING,
            channel=method.channel,
            organisation_name=side.name,
            base_url=settings.BASE_URL,
            why=why,
        )
        rows.append(
            message_by(
                method,
                dedup_key=f"delay:{key}:{method.pk}",
                purpose=retry.FILING,
                message=render_message(replace(facts, url=f"{url}#delays")),
                desk=f"{side.name} desk",
                incident=incident,
            )
        )
    queue_notifications(rows, now=now)
