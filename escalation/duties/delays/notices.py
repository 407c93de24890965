"""Tell an authority that a limit cannot be met, and why. It moves no date.

A law that wants to be told before the limit takes nothing afterwards; where it takes the
reasons with a late report, too, a late notice is marked so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.duties.delays.law import checked, is_past, law_of, limit_of, lock_clock
from escalation.duties.delays.letters import write_to
from escalation.duties.delays.models import DelayNotice
from escalation.duties.models import StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.renewing import state_of
from escalation.regimes.regime import Delay, DelayKind
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.shares import share_locked
from incidents.ledger.canonical import format_at
from incidents.models import Organisation, User

MAX_REFERENCE = 200


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What is told. Without an agency here: to whom, under which reference, and when."""

    reasons: str
    expected_at: datetime
    agency: Organisation | None = None
    authority: str = ""
    reference: str = ""
    notified_at: datetime | None = None


def notify_delay(
    clock: StatutoryClock,
    notice: NewNotice,
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> DelayNotice:
    """Tell an agency here, which then sees the incident, or record what was told by hand.

    The same said twice is one. Locks the incident. Raises BadInput, NotPossible.
    """
    with recording(now):
        clock = lock_clock(clock)
        law = law_of(clock, DelayKind.NOTICE)
        row = _row(clock, notice, user=user, now=now)
        _check(row, law, clock)
        if same := _same(row):
            return same
        row.save(force_insert=True)
        if row.agency:
            reason = f"A delay was notified to {row.agency.name}"
            wanted = [(clock.incident, row.agency, reason)]
            share_locked(wanted, user=user, actors=[actor], now=now)
        _record(row, law, actor)
        _tell(row, now)
    return row


def _row(
    clock: StatutoryClock, notice: NewNotice, *, user: User, now: datetime
) -> DelayNotice:
    agency = notice.agency
    by_hand = agency is None
    limit = limit_of(clock)
    told_at = _told_at(notice, now) if by_hand else now
    return DelayNotice(
        clock=clock,
        organisation=clock.organisation,
        agency=agency,
        authority=agency.name if agency else _named(notice.authority, "authority"),
        reference=_named(notice.reference, "reference") if by_hand else "",
        reasons=checked("reasons", notice.reasons),
        expected_at=notice.expected_at,
        notified_at=told_at,
        limit_at=limit,
        is_late=is_past(limit, told_at),
        author=user,
        recorded_at=now,
    )


def _told_at(notice: NewNotice, now: datetime) -> datetime:
    at = notice.notified_at
    if at is None:
        raise BadInput("notified_at", "", "Say when it was told by hand.")
    if at > now:
        remedy = f"It is later than now, {now:%Y-%m-%d %H:%M} UTC: say when it was."
        raise BadInput("notified_at", at.isoformat(), remedy)
    return at


def _named(text: str, field: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= MAX_REFERENCE:
        remedy = f"Told by hand, it needs this, in at most {MAX_REFERENCE} signs."
        raise BadInput(field, text, remedy)
    return text


def _check(row: DelayNotice, law: Delay, clock: StatutoryClock) -> None:
    limit = f"{row.limit_at:%Y-%m-%d %H:%M} UTC"
    if row.is_late and law.is_before_limit:
        message = (
            f"The limit passed at {limit}, and {law.citation} takes a notice only"
            " before. File the report, and give the reasons in it."
        )
        raise NotPossible(message, state=state_of(clock))
    if not is_past(row.limit_at, row.expected_at):
        remedy = f"That is within the limit, {limit}: then nothing is delayed."
        raise BadInput("expected_at", row.expected_at.isoformat(), remedy)
    if row.expected_at < row.notified_at:
        remedy = "That was before it was told: say when the report is to be expected."
        raise BadInput("expected_at", row.expected_at.isoformat(), remedy)


def _same(row: DelayNotice) -> DelayNotice | None:
    """Return what the same person said before in the same words; sent twice it is one."""
    return DelayNotice.objects.filter(
        clock=row.clock_id,
        agency=row.agency,
        authority=row.authority,
        reference=row.reference,
        reasons=row.reasons,
        expected_at=row.expected_at,
        author=row.author,
    ).first()


def _record(row: DelayNotice, law: Delay, actor: Actor) -> None:
    clock = row.clock
    body: dict[str, Any] = {
        "notice": row.pk,
        "what": Names.load([clock]).name_of(clock),
        "regime": clock.regime_id,
        "stage": clock.stage,
        "authority": row.authority,
        "citation": law.citation,
        "reasons": row.reasons,
        "expected_at": format_at(row.expected_at),
        "notified_at": format_at(row.notified_at),
        "is_late": row.is_late,
        "limit_at": format_at(row.limit_at),
    }
    if row.reference:
        body["reference"] = row.reference
    record(
        "delay.notified",
        incident=clock.incident,
        organisation_id=row.organisation_id,
        agency_id=row.agency_id,
        actor=actor,
        is_internal=row.agency_id is None,
        body=body,
    )


def _tell(row: DelayNotice, now: datetime) -> None:
    if row.agency is None:
        return
    what = Names.load([row.clock]).name_of(row.clock)
    write_to(
        row.agency,
        row.clock.incident,
        key=f"notice:{row.pk}",
        why=f"A delay is notified: {what}.",
        now=now,
    )
