"""Write to the other side's desk that a filing moved: a pointer, nothing of what it says."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.conf import settings

from escalation.filings import telling
from escalation.filings.models import FilingRecipient
from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from incidents.events.record import recording
from incidents.models import Organisation, Share, Timer
from incidents.timers.schedule import register_handler

# Ids and names of laws only: `why` goes with a message whatever its label.
_SENTENCES: Final = {
    telling.SUBMITTED: "{ref} was submitted: {regime}, {stage}.",
    telling.RECEIVED: "{ref} was received.",
    telling.RETURNED: "{ref} was returned with remarks: it is to be corrected.",
    telling.ACCEPTED: "{ref} was accepted.",
    telling.TRANSFERRED: "{ref} was transferred to another authority.",
    telling.ASKED: "Information about {ref} is asked for, request {number}.",
    telling.ANSWERED: "Request {number} about {ref} was answered.",
    telling.ANSWERED_IN_PART: "A part of the answer to request {number} about {ref}.",
    telling.MOVED: "Request {number} about {ref} is to be answered by another date.",
    telling.UNASKED: "Request {number} about {ref} was withdrawn: no answer is due.",
}


def register_handlers() -> None:
    """Have the timers of filings come here."""
    register_handler(telling.TOLD, send_letters)


def send_letters(timers: Sequence[Timer], now: datetime) -> None:
    """Tell the desk that each timer is for, once for each step of a filing."""
    rows = FilingRecipient.objects.select_related(
        "filing__incident__organisation", "organisation", "agency"
    ).in_bulk([timer.subject_id for timer in timers])
    book = AddressBook.load({timer.organisation_id for timer in timers})
    incidents = {row.filing.incident_id for row in rows.values()}
    active = Share.objects.filter(incident__in=incidents, unshared_at=None)
    shared = set(active.values_list("incident_id", "agency_id"))
    with recording(now):
        queue_notifications(
            [
                _row(
                    timer,
                    rows[timer.subject_id],
                    method,
                    is_inside=_is_inside(timer, rows[timer.subject_id], shared),
                )
                for timer in timers
                if timer.subject_id in rows
                for method in book.methods_of(timer.organisation_id, [])
            ],
            now=now,
        )


def _row(
    timer: Timer,
    recipient: FilingRecipient,
    method: ContactMethod,
    *,
    is_inside: bool,
) -> NewNotification:
    what = timer.payload["what"]
    filing, told = recipient.filing, _told(timer, recipient)
    why = _SENTENCES[what].format(
        ref=filing.ref,
        regime=recipient.regime_id,
        stage=recipient.stage,
        number=timer.payload["number"],
    )
    facts = facts_of(
        filing.incident,
        purpose=retry.FILING,
        channel=method.channel,
        organisation_name=told.name,
        base_url=settings.BASE_URL,
        why=why,
    )
    url = settings.BASE_URL + filing.get_absolute_url()
    return message_by(
        method,
        dedup_key=f"filing:{recipient.pk}:{what}:{timer.due_at:%Y%m%d%H%M%S%f}:{method.pk}",
        purpose=retry.FILING,
        message=render_message(replace(facts, url=url, inside=is_inside)),
        desk=f"{told.name} desk",
        incident=filing.incident,
    )


def _is_inside(
    timer: Timer, recipient: FilingRecipient, shared: Collection[tuple[int, int]]
) -> bool:
    """Whether who is told still sees the incident: a title is for nobody else."""
    is_lab = timer.organisation_id == recipient.organisation_id
    return is_lab or (recipient.filing.incident_id, timer.organisation_id) in shared


def _told(timer: Timer, recipient: FilingRecipient) -> Organisation:
    agency = recipient.agency
    is_agency = agency is not None and agency.pk == timer.organisation_id
    return agency if agency and is_agency else recipient.organisation
