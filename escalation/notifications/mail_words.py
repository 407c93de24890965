"""Tell an organisation that mail is held: a pointer, never a word of the mail.

Its desk is told, or its administrators where it has none, once in a quarter of an hour
however much is held: whoever knows the address must not be able to page at will.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    desk_methods,
    message_by,
    methods_for_users,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.events.record import recording
from incidents.mail.settling import HELD_TIMER
from incidents.models import Membership, Timer
from incidents.organisations.roles import Role
from incidents.timers.schedule import register_handler

QUARTER_SECONDS: Final = 15 * 60
_SUBJECT: Final = "An e-mail is held for review"

log = structlog.get_logger(__name__)


def register_handlers() -> None:
    """Have the timers of held mail come here."""
    register_handler(HELD_TIMER, tell_of_held_mail)


def tell_of_held_mail(timers: Sequence[Timer], now: datetime) -> None:
    """Tell each organisation once, in a fixed number of statements."""
    sides = sorted({t.organisation_id for t in timers if t.organisation_id})
    methods = _methods(sides)
    for side in sides:
        if side not in methods:
            log.warning("nobody_to_tell_of_mail", organisation=side)
    with recording(now):
        rows = [_row(m, now) for found in methods.values() for m in found]
        queue_notifications(rows, now=now)


def _methods(sides: Sequence[int]) -> dict[int, list[ContactMethod]]:
    """Return how each organisation is reached: by its desk, else by administrators."""
    found = dict(desk_methods(sides))
    admins = Membership.objects.filter(
        organisation__in=sides, role=Role.ADMIN, ended_at=None
    )
    people = set(admins.values_list("organisation_id", "user_id"))
    without = {pair for pair in people if pair[0] not in found}
    ways = methods_for_users({user for _, user in people}, sides)
    for side, user in sorted(without):
        if methods := ways.get((side, user)):
            found.setdefault(side, []).extend(methods)
    return found


def _row(method: ContactMethod, now: datetime) -> NewNotification:
    quarter = int(now.timestamp()) // QUARTER_SECONDS
    message = Message(
        subject=f"[Tocsin] {_SUBJECT}",
        text=f"{_SUBJECT}: who wrote it is not certain.\n\n"
        "It is your move: sign in and decide.",
        url=settings.BASE_URL + reverse("mail-list"),
        data={"purpose": retry.MAIL},
    )
    return message_by(
        method,
        dedup_key=f"mail:{quarter}:{method.pk}",
        purpose=retry.MAIL,
        message=message,
    )
