"""Put messages into the outbox, each at most once, and find where people are reached."""

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, models

from escalation.notifications import retry
from escalation.notifications.destinations import destination_of
from escalation.notifications.models import (
    ContactMethod,
    Notification,
    NotificationStatus,
)
from escalation.notifications.render import Message
from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.record import record
from incidents.models import Incident, Organisation, User

_FIELDS: Final = Notification._meta.concrete_fields  # noqa: SLF001  (documented API)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    """A message to one address, before it is in the outbox.

    `organisation_id` is the recipient's: only that organisation sees the row.
    """

    dedup_key: str
    organisation_id: int
    purpose: str
    channel: str
    address: str
    message: Message
    incident: Incident | None = None
    run_id: int | None = None
    step_index: int | None = None
    round: int | None = None
    method_id: int | None = None
    recipient_user_id: int | None = None
    recipient_name: str = ""
    is_urgent: bool = False
    delay_seconds: int = 0
    held_until: datetime | None = None
    """When it is to go out instead: the end of the recipient's quiet hours."""


def message_by(  # noqa: PLR0913  (what a message by a method of contact may say)
    method: ContactMethod,
    *,
    dedup_key: str,
    purpose: str,
    message: Message,
    desk: str = "",
    incident: Incident | None = None,
    is_urgent: bool = False,
) -> NewNotification:
    """Return a message to whom a contact method belongs; `desk` names a side's own."""
    return NewNotification(
        dedup_key=dedup_key,
        organisation_id=method.organisation_id,
        purpose=purpose,
        channel=method.channel,
        address=method.address,
        message=message,
        incident=incident,
        method_id=method.pk,
        recipient_user_id=method.user_id,
        recipient_name=str(method.user or desk),
        is_urgent=is_urgent,
    )


def queue_notifications(
    rows: Sequence[NewNotification], *, now: datetime
) -> list[Notification]:
    """Insert the rows whose dedup_key is new, and return those, in the given order.

    Records `notification.queued` for those about an incident. Requires an open
    `recording`. The number of statements does not grow with the rows.
    """
    drafts = [_outbox_row(row, now) for row in rows]
    if not drafts:
        return []
    ids = _insert(drafts)
    queued = [draft for draft in drafts if draft.uid in ids]
    for row in queued:
        row.pk = ids[row.uid]
    incidents = {row.incident.pk: row.incident for row in rows if row.incident}
    _record_queued(queued, incidents)
    if queued:
        ring_after_commit("delivery")
    return queued


def end_delays(run_ids: Collection[int], *, now: datetime) -> None:
    """Make due what these runs' people were to get later, for the sender to cancel it.

    Requires the runs to be acknowledged or stopped in the open transaction.
    """
    waiting = Notification.objects.filter(
        run__in=run_ids,
        status=NotificationStatus.QUEUED,
        attempts=0,
        next_attempt_at__gt=now,
        purpose__in=retry.CANCELLED_BY_ACKNOWLEDGEMENT,
    )
    if run_ids and waiting.update(next_attempt_at=now):
        ring_after_commit("delivery")


def methods_for_users(
    user_ids: Collection[int], organisation_ids: Collection[int]
) -> dict[tuple[int, int], list[ContactMethod]]:
    """Return where (organisation id, user id) is reached, oldest first.

    Only usable methods; a person without any, or who has left, is not in the result.
    """
    found: dict[tuple[int, int], list[ContactMethod]] = {}
    rows = _usable_methods().filter(
        user__in=user_ids, organisation__in=organisation_ids
    )
    for method in rows:
        whose = method.organisation_id, method.user_id or 0
        found.setdefault(whose, []).append(method)
    return found


def desk_methods(organisation_ids: Collection[int]) -> dict[int, list[ContactMethod]]:
    """Return where each organisation itself is reached, oldest first; only verified."""
    found: dict[int, list[ContactMethod]] = {}
    rows = _usable_methods().filter(user=None, organisation__in=organisation_ids)
    for method in rows:
        found.setdefault(method.organisation_id, []).append(method)
    return found


def methods_named(
    organisation_id: int, names: Collection[str]
) -> dict[str, ContactMethod]:
    """Return the organisation's own verified methods, by slug or by address."""
    rows = _usable_methods().filter(
        models.Q(slug__in=names) | models.Q(address__in=names),
        user=None,
        organisation=organisation_id,
    )
    found: dict[str, ContactMethod] = {}
    for method in rows:
        found.setdefault(method.address, method)
        found.setdefault(method.slug, method)
    return {name: found[name] for name in names if name in found}


def recipients_personal(user: User | None) -> dict[str, uuid.UUID]:
    """Return whose key hides the field `recipient` of an entry."""
    return {"recipient": user.uid} if user is not None else {}


def _usable_methods() -> models.QuerySet[ContactMethod]:
    return ContactMethod.objects.usable().select_related("user").order_by("id")


def _outbox_row(new: NewNotification, now: datetime) -> Notification:
    due_at = new.held_until or now + timedelta(seconds=new.delay_seconds)
    return Notification(
        uid=uuid.uuid4(),
        dedup_key=new.dedup_key,
        organisation_id=new.organisation_id,
        incident_id=new.incident.pk if new.incident else None,
        run_id=new.run_id,
        step_index=new.step_index,
        round=new.round,
        purpose=new.purpose,
        method_id=new.method_id,
        recipient_user_id=new.recipient_user_id,
        recipient_name=new.recipient_name,
        channel=new.channel,
        address=new.address,
        destination=destination_of(new.channel, new.address),
        message=new.message.as_json(),
        message_sha256=new.message.sha256(),
        queued_at=now,
        next_attempt_at=due_at,
        expires_at=due_at + retry.LIFETIMES[new.purpose],
        severity=new.incident.severity if new.incident else None,
        is_urgent=new.is_urgent,
    )


def _insert(drafts: Sequence[Notification]) -> dict[uuid.UUID, int]:
    """Insert what is new; returns the ids by uid. A key that existed is skipped."""
    columns = [field.column for field in _FIELDS]
    columns.remove("id")
    rows = [{name: getattr(draft, name) for name in columns} for draft in drafts]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO tocsin_notification ({names}) SELECT {names} "  # noqa: S608  columns
            "FROM json_populate_recordset(NULL::tocsin_notification, %s) "
            "ON CONFLICT DO NOTHING RETURNING uid, id",
            [json.dumps(rows, default=str)],
        )
        return dict(cursor.fetchall())


def _record_queued(
    queued: Iterable[Notification], incidents: dict[int, Incident]
) -> None:
    rows = [row for row in queued if row.incident_id is not None]
    organisations = Organisation.objects.in_bulk({row.organisation_id for row in rows})
    user_ids = {row.recipient_user_id for row in rows if row.recipient_user_id}
    users = User.objects.in_bulk(user_ids) if user_ids else {}
    for row in rows:
        record(
            "notification.queued",
            incident=incidents[row.incident_id or 0],
            organisation_id=row.organisation_id,
            actor=Actor.system(organisations[row.organisation_id]),
            body={**entry_fields(row), "message_sha256": row.message_sha256},
            subjects=recipients_personal(users.get(row.recipient_user_id or 0)),
        )


def entry_fields(row: Notification) -> dict[str, str]:
    """Return the fields that every entry about a notification has."""
    return {
        "notification": str(row.uid),
        "channel": row.channel,
        "recipient": row.recipient_name or row.address,
        "purpose": row.purpose,
    }
