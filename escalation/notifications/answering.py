"""Whether a message may still be answered, and its acknowledgement: by whatever way."""

import uuid
from datetime import datetime
from typing import Final

from escalation.notifications.ack_links import LinkExpired, LinkInvalid
from escalation.notifications.models import Notification
from escalation.notifications.standing import which_have_enough
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.models import (
    AcknowledgedVia,
    Acknowledgement,
    AudienceStream,
    Entry,
    Incident,
    Organisation,
    Share,
    User,
)

ANSWERED_WITH: Final = (
    "incident__organisation",
    "organisation",
    "recipient_user",
    "run",
)


def find_answerable(uid: uuid.UUID) -> Notification:
    """Return what a link, button or call belongs to. Raises LinkInvalid, LinkExpired."""
    rows = Notification.objects.select_related(*ANSWERED_WITH)
    notification = rows.filter(uid=uid).first()
    if notification is None:
        raise LinkInvalid
    require_answerable(notification)
    return notification


def require_answerable(notification: Notification) -> None:
    """Raise LinkInvalid unless its organisation sees the incident and its reader belongs.

    Raises LinkExpired for a message of the time before the incident was reopened: it
    says nothing of what has happened since. Requires `ANSWERED_WITH` to be loaded.
    """
    incident = incident_of(notification)
    if not _sees(notification.organisation, incident):
        raise LinkInvalid
    if not _is_still_there(notification.recipient_user, notification.organisation):
        raise LinkInvalid
    if _is_reopened_since(notification.queued_at, incident):
        raise LinkExpired


def acknowledge_for(
    notification: Notification,
    *,
    via: AcknowledgedVia,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Acknowledge what the message is about; returns False if somebody has it already.

    Raises NotPossible when the incident is closed. Locks the incident.
    """
    is_new = standing_acknowledgement(notification) is None
    acknowledge(
        incident_of(notification),
        organisation=notification.organisation,
        user=user,
        # Whoever has the link counts as the one to whom it was sent.
        link_user=notification.recipient_user if user is None else None,
        via=via,
        actor=actor,
        now=now,
    )
    return is_new


def standing_acknowledgement(notification: Notification) -> Acknowledgement | None:
    """Return the acknowledgement after which nothing is asked of the reader any more.

    Where the run wants several people's, it is the reader's own.
    """
    rows = Acknowledgement.objects.select_related("user", "organisation").filter(
        incident=notification.incident_id,
        organisation=notification.organisation_id,
        ended_at=None,
    )
    run, reader = notification.run, notification.recipient_user
    if run is not None and _wants_more(notification):
        rows = rows.by(reader) if reader else rows
    return rows.first()


def incident_of(notification: Notification) -> Incident:
    """Return what the message is about. Raises LinkInvalid if it is about none."""
    if notification.incident is None:
        raise LinkInvalid
    return notification.incident


def recipient_of(notification: Notification) -> str:
    """Return whom the message was sent to, as the record calls them."""
    return notification.recipient_name or notification.address


def _wants_more(notification: Notification) -> bool:
    """Whether its run wants several acknowledgements and has not got enough of them.

    One at its end never pauses: there its rule itself is asked.
    """
    run = notification.run
    if run is None or not run.needs_several:
        return False
    if run.state == "exhausted":
        return not which_have_enough({run.pk})
    return run.state in ("active", "snoozed")


def _sees(organisation: Organisation, incident: Incident) -> bool:
    if organisation.pk == incident.organisation_id:
        return True
    shares = Share.objects.filter(agency=organisation, unshared_at=None)
    return shares.filter(incident=incident).exists()


def _is_still_there(person: User | None, organisation: Organisation) -> bool:
    """Tell whether the person that it was sent to still belongs; a desk does."""
    if person is None:
        return True
    roles = person.memberships.filter(organisation=organisation, ended_at=None)
    return person.is_active and roles.exists()


def _is_reopened_since(sent_at: datetime, incident: Incident) -> bool:
    if not incident.reopened_count:
        return False
    streams = AudienceStream.objects.filter(incident=incident).values("stream")
    reopened = Entry.objects.filter(stream__in=streams, kind="incident.reopened")
    return reopened.filter(at__gt=sent_at).exists()
