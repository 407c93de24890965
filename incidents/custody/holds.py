"""Places and releases legal holds: what a hold covers cannot be erased by anybody."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from incidents.custody.models import Hold
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.models import Purpose
from incidents.events.record import record, recording
from incidents.incident.models import Incident
from incidents.ledger.models import Entry
from incidents.organisations.models import Organisation, User

MATTER_LENGTH = 200


def place_hold(  # noqa: PLR0913  (whose, on what, why, by whom)
    organisation: Organisation,
    *,
    on: Incident | User,
    matter: str,
    reason: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Hold:
    """Keep everything of an incident, or of a person, until the hold is released.

    Raises BadInput.
    """
    _require_words("matter", matter, "Name the case that it is kept for.")
    _require_words("reason", reason, "Say why it must be kept.")
    hold = Hold(
        organisation=organisation,
        incident=on if isinstance(on, Incident) else None,
        person=on if isinstance(on, User) else None,
        matter=matter,
        reason=reason,
        placed_by=user,
        placed_at=now,
    )
    body = {"hold": str(hold.uid), "matter": matter, "reason": reason}
    with transaction.atomic():
        hold.entry_id = _record("hold.placed", hold, body, actor=actor, now=now)
        hold.save(force_insert=True)
    return hold


def release_hold(
    hold: Hold, *, reason: str, user: User, actor: Actor, now: datetime
) -> Hold:
    """End a hold. Locks it. Raises BadInput, and NotPossible for one that has ended."""
    _require_words("reason", reason, "Say why it need not be kept any more.")
    with transaction.atomic():
        hold = Hold.objects.select_for_update(no_key=True).get(pk=hold.pk)
        if hold.released_at is not None:
            message = "This hold is released already."
            raise NotPossible(message, state={"released_at": hold.released_at})
        body = {"hold": str(hold.uid), "matter": hold.matter, "reason": reason}
        hold.release_entry_id = _record(
            "hold.released", hold, body, actor=actor, now=now
        )
        hold.released_at, hold.released_by, hold.released_reason = now, user, reason
        hold.save(
            update_fields=[
                "released_at",
                "released_by",
                "released_reason",
                "release_entry",
            ]
        )
    return hold


def is_held(*, streams: Collection[UUID], keys: Collection[int]) -> bool:
    """Whether a hold covers one of the streams, or the person of one of the data keys."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM unnest(%s::uuid[]) AS s WHERE tocsin_stream_is_held(s))"
        " OR EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS k WHERE tocsin_key_is_held(k))"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [list(streams), list(keys)])
        return bool(cursor.fetchone()[0])


def _record(
    kind: str, hold: Hold, body: dict[str, str], *, actor: Actor, now: datetime
) -> int:
    """Record an event of the hold and return the entry's id."""
    subjects = {}
    if hold.person is not None and kind == "hold.placed":
        body = {**body, "who": str(hold.person)}
        subjects = {"who": hold.person.uid}
    with recording(now):
        event = record(
            kind,
            incident=hold.incident,
            organisation_id=hold.organisation_id,
            actor=actor,
            body=body,
            subjects=subjects,
        )
    own = Entry.objects.filter(
        stream__audience__organisation=hold.organisation_id,
        stream__audience__incident=hold.incident_id,
        stream__audience__purpose=Purpose.PRIVATE,
    )
    return own.values_list("pk", flat=True).get(source_event=event)


def _require_words(field: str, value: str, remedy: str) -> None:
    if not value.strip():
        raise BadInput(field, value, remedy)
    if field == "matter" and len(value) > MATTER_LENGTH:
        raise BadInput(field, value, f"Use at most {MATTER_LENGTH} characters.")
