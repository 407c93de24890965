"""Get more time for a report, where its law knows that: the lab's side.

What an authority elsewhere determined is recorded with its document and counts once a
second person has confirmed it. An agency on this instance is asked instead.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from escalation.duties.delays.law import checked, law_of, limit_of, lock_clock
from escalation.duties.delays.letters import write_to
from escalation.duties.delays.models import IN_FORCE, LIVE, Extension, ExtensionState
from escalation.duties.delays.moving import Extended, later
from escalation.duties.delays.recording import record_extension_act
from escalation.duties.looking import ask_to_look
from escalation.duties.models import StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.renewing import state_of
from escalation.regimes.regime import Delay, DelayKind, Grant
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.access import actor_for
from incidents.incident.attachments import Upload, store_upload
from incidents.incident.incoming import ArrivedFile
from incidents.incident.shares import share_locked
from incidents.ledger.canonical import format_at
from incidents.models import Attachment, Organisation, User

# Where the law gives no number.
MAX_DAYS: Final = 3650


@dataclass(frozen=True, slots=True)
class Determined:
    """What an authority elsewhere determined, and its document."""

    days: int
    determined_on: date
    reason: str
    upload: Upload | ArrivedFile
    filename: str


@dataclass(frozen=True, slots=True)
class _Next:
    """The extension of the series that comes next."""

    law: Delay
    number: int
    grant: Grant

    def row(self, clock: StatutoryClock, **more: Any) -> Extension:
        """Return a row with what the law says of it."""
        return Extension(
            clock=clock,
            organisation=clock.organisation,
            number=self.number,
            series=sum(grant.days > 0 for grant in self.law.grants),
            granted_by=self.grant.by,
            citation=self.law.citation,
            suspends=self.law.suspends,
            most_days=self.grant.days,
            **more,
        )


def record_extension(
    clock: StatutoryClock,
    word: Determined,
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> Extension:
    """Record what another authority determined, for a second person to confirm.

    Locks the incident. Raises BadInput, NotPossible.
    """
    with recording(now):
        clock = lock_clock(clock)
        following = next_extension(clock)
        _check_days(word.days, following.grant)
        _check_day(word.determined_on, clock, now)
        reason = checked("reason", word.reason)
        file = _keep(clock, word, user=user, actor=actor, now=now)
        row = following.row(
            clock,
            days=word.days,
            state=ExtensionState.RECORDED,
            reason=reason,
            determined_on=word.determined_on,
            document=file,
            document_sha256=file.sha256,
            author=user,
            created_at=now,
        )
        row.save(force_insert=True)
        body = {
            "number": row.number,
            "days": word.days,
            "granted_by": row.granted_by,
            "determined_on": word.determined_on.isoformat(),
            "reason": reason,
            "document_sha256": file.sha256,
        }
        record_extension_act("extension.recorded", row, body, actor)
    return row


def confirm_extension(row: Extension, *, by: User, now: datetime) -> Extension:
    """Confirm what another person recorded; from now on the clock goes by it.

    Locks the incident. Raises NotPossible.
    """
    with recording(now):
        row = lock_extension(row)
        if why := why_not_to_confirm(row, by):
            raise NotPossible(why, state=state_of_extension(row))
        limit_of(row.clock)
        row.state = ExtensionState.CONFIRMED
        row.confirmed_by, row.confirmed_at = by, now
        row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
        actor = actor_for(by, row.organisation)
        record_extension_act("extension.confirmed", row, {"number": row.number}, actor)
        ask_to_look(row.clock.incident_id, row.organisation_id, now)
    return row


def why_not_to_confirm(row: Extension, person: User) -> str:
    """Return why a person cannot confirm an extension now, empty if they can."""
    if row.state != ExtensionState.RECORDED:
        return f"It is not to be confirmed: it is {row.get_state_display().lower()}."
    if row.author_id == person.pk:
        return "You recorded this yourself. Another person must confirm it."
    return ""


def request_extension(  # noqa: PLR0913  (of whom, until when, why, and who asks)
    clock: StatutoryClock,
    *,
    agency: Organisation,
    until: datetime,
    reason: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Extension:
    """Ask an agency here for more time; it then sees the incident. Locks the incident.

    Raises BadInput, and NotPossible where the law lets no recipient grant it.
    """
    with recording(now):
        clock = lock_clock(clock)
        following = next_extension(clock)
        if not following.grant.is_by_recipient:
            message = f"It is granted by {following.grant.by}: record its word instead."
            raise NotPossible(message, state=state_of(clock))
        check_until(until, clock, most_days=following.grant.days)
        row = following.row(
            clock,
            agency=agency,
            asked_until=until,
            state=ExtensionState.REQUESTED,
            reason=checked("reason", reason),
            author=user,
            created_at=now,
        )
        row.granted_by = agency.name
        row.save(force_insert=True)
        _put_before(agency, row, user=user, actor=actor, now=now)
    return row


def _put_before(
    agency: Organisation, row: Extension, *, user: User, actor: Actor, now: datetime
) -> None:
    """Have the agency see the request, and its desk told."""
    incident, until = row.clock.incident, row.asked_until
    assert until is not None  # noqa: S101  what is asked for has an end
    why = f"More time was asked of {agency.name}"
    share_locked([(incident, agency, why)], user=user, actors=[actor], now=now)
    body = {"until": format_at(until), "reason": row.reason}
    record_extension_act("extension.requested", row, body, actor)
    write_to(
        agency,
        incident,
        key=f"extension:{row.pk}:requested",
        why=f"More time is asked for: {Names.load([row.clock]).name_of(row.clock)}.",
        now=now,
    )


def withdraw_extension(
    row: Extension, *, reason: str, by: User, side: Organisation, now: datetime
) -> Extension:
    """Take back what was entered in error; what it moved moves back. Locks the incident.

    A grant is taken back by the agency that gave it, all else by the lab. Raises
    BadInput, NotPossible.
    """
    with recording(now):
        row = lock_extension(row)
        if why := why_not_to_withdraw(row, side):
            raise NotPossible(why, state=state_of_extension(row))
        was_in_force = row.is_in_force
        row.state = ExtensionState.WITHDRAWN
        row.withdrawn_by, row.withdrawn_at = by, now
        row.withdrawn_reason = checked("reason", reason)
        row.save(
            update_fields=["state", "withdrawn_by", "withdrawn_at", "withdrawn_reason"]
        )
        body = {"number": row.number, "reason": row.withdrawn_reason}
        actor = actor_for(by, side)
        record_extension_act("extension.withdrawn", row, body, actor, side=side)
        if was_in_force:
            ask_to_look(row.clock.incident_id, row.organisation_id, now)
    return row


def why_not_to_withdraw(row: Extension, side: Organisation) -> str:
    """Return why a side cannot take an extension back, empty if it can."""
    if row.state not in LIVE:
        return f"It is {row.get_state_display().lower()} already."
    owner = row.organisation_id
    if row.state == ExtensionState.GRANTED and row.agency_id:
        owner = row.agency_id
    if owner != side.pk:
        return "Only who entered it can take it back."
    live = Extension.objects.filter(clock=row.clock, state__in=LIVE)
    if later_one := live.filter(number__gt=row.number).order_by("-number").first():
        return f"Extension {later_one.number} stands on it: withdraw that one first."
    return ""


def next_extension(clock: StatutoryClock) -> _Next:
    """Return which extension comes next. Raises NotPossible where none can."""
    limit_of(clock)
    law = law_of(clock, DelayKind.EXTENSION)
    live = Extension.objects.filter(clock=clock, state__in=LIVE)
    states = list(live.values_list("state"))
    number = len(states) + 1
    if any(state not in IN_FORCE for (state,) in states):
        message = f"Extension {len(states)} is not settled yet: confirm or withdraw it."
        raise NotPossible(message, state=state_of(clock))
    if number > len(law.grants):
        message = f"{law.citation} knows no more than {len(law.grants)} extensions."
        raise NotPossible(message, state=state_of(clock))
    return _Next(law, number, law.grants[number - 1])


def check_until(until: datetime, clock: StatutoryClock, *, most_days: int) -> None:
    """Raise BadInput unless it is later than the limit, and within what the law allows."""
    limit = limit_of(clock)
    if until <= limit:
        remedy = f"It is due by {limit:%Y-%m-%d %H:%M} UTC already: name a later time."
        raise BadInput("until", until.isoformat(), remedy)
    days = most_days or MAX_DAYS
    most = Extended(1, 1, "", "", suspends=True, days=days)
    if until > later(limit, most, _zone(clock)):
        remedy = f"At most {days} days more can be given."
        raise BadInput("until", until.isoformat(), remedy)


def lock_extension(row: Extension) -> Extension:
    """Lock the incident and return the extension anew. Requires a recording."""
    clock = lock_clock(row.clock)
    found = Extension.objects.select_related("organisation", "agency").get(pk=row.pk)
    found.clock = clock
    return found


def state_of_extension(row: Extension) -> dict[str, Any]:
    """Return what an error that says "not possible" carries."""
    return {"extension": row.pk, "number": row.number, "state": row.state}


def _check_days(days: int, grant: Grant) -> None:
    most = grant.days or MAX_DAYS
    if not 1 <= days <= most:
        remedy = f"The law allows {grant.by} from 1 to {most} days here."
        raise BadInput("days", days, remedy)


def _check_day(day: date, clock: StatutoryClock, now: datetime) -> None:
    if day > now.astimezone(_zone(clock)).date():
        raise BadInput("determined_on", day, "That day is still to come.")


def _zone(clock: StatutoryClock) -> Any:
    regime = Names.load([clock]).regime_of(clock)
    assert regime is not None  # noqa: S101  its law said that there is an extension
    return regime.zone


def _keep(
    clock: StatutoryClock, word: Determined, *, user: User, actor: Actor, now: datetime
) -> Attachment:
    """Keep the document with the lab's own files of the incident."""
    return store_upload(
        clock.incident,
        word.upload,
        filename=word.filename,
        organisation=clock.organisation,
        user=user,
        is_shared=False,
        actor=actor,
        now=now,
    )
