"""Those who hold copies of what was erased: whom to tell, and that they were told."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.http import Http404

from incidents.custody.models import RecipientNotice
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.timers.schedule import NewTimer, add_timers

OWED_TIMER: Final = "erasure.owed"
HOW_LENGTH: Final = 500


def notices_for(user: User) -> QuerySet[RecipientNotice, RecipientNotice]:
    """Return those of the organisations in whose name the user may decide, owed first."""
    rows = RecipientNotice.objects.filter(
        organisation__in=organisations_allowing(user, Action.APPROVE)
    )
    related = rows.select_related("organisation", "incident", "told_by")
    return related.order_by(F("told_at").desc(nulls_first=True), "-pk")


def find_notice(user: User, uid: UUID | str) -> RecipientNotice:
    """Return one. Raises Http404 when it is not theirs to see."""
    notice = notices_for(user).filter(uid=uid).first()
    if notice is None:
        raise Http404
    return notice


def mark_told(
    notice: RecipientNotice, *, how: str, user: User, actor: Actor, now: datetime
) -> RecipientNotice:
    """Note that a recipient was told, and how. Locks it. Raises BadInput, NotPossible."""
    if not how.strip():
        raise BadInput("how", how, "Say how they were told, for example by letter.")
    if len(how) > HOW_LENGTH:
        raise BadInput("how", how, f"Use at most {HOW_LENGTH} characters.")
    with recording(now):
        rows = RecipientNotice.objects.select_for_update(no_key=True, of=("self",))
        notice = rows.select_related("incident").get(pk=notice.pk)
        if notice.told_at is not None:
            message = "It is noted already that they were told."
            raise NotPossible(message, state={"told_at": notice.told_at})
        notice.told_at, notice.told_by, notice.told_how = now, user, how
        notice.save(update_fields=["told_at", "told_by", "told_how"])
        record(
            "recipient.told",
            incident=notice.incident,
            organisation_id=notice.organisation_id,
            actor=actor,
            body={
                "bundle": str(notice.bundle),
                "erasure": str(notice.erasure),
                "recipient": notice.recipient,
                "how": how,
            },
        )
    return notice


def add_notices(
    rows: Sequence[Mapping[str, Any]], *, is_again: bool, now: datetime
) -> None:
    """Note whom to tell, {column: value}, and have their organisations told of it.

    More of one erasure adds to what was noted, and they are to be told again; what is
    erased again after a restore does not. Requires an open transaction.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD.format(otherwise="NOTHING" if is_again else _MORE),
            [json.dumps([{**row, "noted_at": now} for row in rows], default=str)],
        )
        owed = cursor.fetchall()
    firsts: dict[tuple[int, UUID], int] = {}
    for pk, side, erasure in owed:
        firsts.setdefault((side, erasure), pk)
    add_timers(NewTimer(OWED_TIMER, pk, side, now) for (side, _), pk in firsts.items())


_ADD: Final = """
INSERT INTO tocsin_recipient_notice AS n (uid, organisation_id, incident_id, bundle,
       recipient, exported_at, erasure, basis, value_count, noted_at, told_how)
SELECT gen_random_uuid(), organisation_id, incident_id, bundle, recipient, exported_at,
       erasure, basis, value_count, noted_at, ''
  FROM json_populate_recordset(NULL::tocsin_recipient_notice, %s)
    ON CONFLICT (bundle, erasure) DO {otherwise}
RETURNING n.id, n.organisation_id, n.erasure
"""
_MORE: Final = """UPDATE
   SET value_count = n.value_count + EXCLUDED.value_count,
       told_at = NULL, told_by_id = NULL, told_how = ''"""
