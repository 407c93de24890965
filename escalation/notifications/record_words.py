"""Tell everybody in charge that the record does not fit: what was found, and nothing else.

Each organisation's desk is told and each of its administrators, and whoever operates
the platform. Findings name entries by number and hold no word of any.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.in_charge import ways_to_those_in_charge
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.audit.findings import read_finding
from incidents.audit.telling import MISMATCH_TIMER
from incidents.events.record import recording
from incidents.models import Audit, Timer
from incidents.timers.schedule import register_handler

_SUBJECT: Final = "The record was changed or is damaged"
_NAMED: Final = 5

log = structlog.get_logger(__name__)


def register_handlers() -> None:
    """Have the timers of audits that found something come here."""
    register_handler(MISMATCH_TIMER, tell_of_mismatches)


def tell_of_mismatches(timers: Sequence[Timer], now: datetime) -> None:
    """Tell each organisation of each audit, in a fixed number of statements."""
    audits = Audit.objects.in_bulk({timer.subject_id for timer in timers})
    wanted = [
        (timer.organisation_id, audits[timer.subject_id])
        for timer in timers
        if timer.organisation_id and timer.subject_id in audits
    ]
    methods = ways_to_those_in_charge({side for side, _ in wanted})
    for side, _ in wanted:
        if side not in methods:
            log.warning("nobody_to_tell_of_mismatch", organisation=side)
    rows = [
        _row(method, audit)
        for side, audit in wanted
        for method in methods.get(side, ())
    ]
    with recording(now):
        queue_notifications(rows, now=now)


def _row(method: ContactMethod, audit: Audit) -> NewNotification:
    return message_by(
        method,
        dedup_key=f"record:{audit.pk}:{method.pk}",
        purpose=retry.RECORD,
        message=_message(audit),
        is_urgent=True,
    )


def _message(audit: Audit) -> Message:
    found = [str(read_finding(one)) for one in audit.findings]
    named = [f"- {one}." for one in found[:_NAMED]]
    if len(found) > _NAMED:
        named.append(f"- And {len(found) - _NAMED} more.")
    text = "\n".join(
        [
            f"An audit computed {audit.size} entries anew. They do not fit:",
            *named,
            "",
            "Keep the database and its backups as they are, and tell the other side."
            " Bundles and receipts that you hold stay what they are.",
        ]
    )
    return Message(
        subject=f"[Tocsin] {_SUBJECT}",
        text=text,
        url=settings.BASE_URL + reverse("log"),
        data={"purpose": retry.RECORD},
    )
