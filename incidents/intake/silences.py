"""Make silences, make them longer, and end them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.record import record, recording
from incidents.intake.models import Source
from incidents.intake.silence_ends import await_end
from incidents.intake.silence_models import Silence
from incidents.intake.suppression import (
    AlertMatcher,
    MatcherError,
    describe,
    matchers_to_body,
    parse_matchers,
)
from incidents.intake.suppressors import let_go
from incidents.ledger.canonical import format_at
from incidents.organisations.models import Organisation, User

MAX_REASON: Final = 500
LONGEST: Final = timedelta(days=366)
# Each is compared with each alert that fires.
MAX_IN_USE: Final = 1_000
MAX_ANNOUNCE_MINUTES: Final = 7 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceDraft:
    """A silence to be made. `matchers` is the list that `parse_matchers` reads."""

    matchers: Sequence[object]
    starts_at: datetime
    ends_at: datetime
    reason: str
    source: Source | None = None
    announce_minutes: int = 60


def create_silence(
    organisation: Organisation,
    draft: SilenceDraft,
    *,
    author: User | None,
    author_name: str = "",
    actor: Actor,
    now: datetime,
) -> Silence:
    """Hold back the alerts that match from its start on.

    Incidents that are open stay so. Raises BadInput, and NotPossible when there are too
    many.
    """
    matchers = _checked(draft, now)
    in_use = Silence.objects.filter(organisation=organisation, ends_at__gt=now)
    if in_use.count() >= MAX_IN_USE:
        message = f"There are {MAX_IN_USE} silences already. End some first."
        raise NotPossible(message, state={"silences": MAX_IN_USE})
    with recording(now):
        silence = Silence.objects.create(
            organisation=organisation,
            source=draft.source,
            matchers=matchers_to_body(matchers),
            starts_at=max(draft.starts_at, now),
            ends_at=draft.ends_at,
            author=author,
            author_name=author_name[:200],
            reason=draft.reason.strip(),
            announce_minutes=draft.announce_minutes,
        )
        await_end(silence)
        _record(
            silence,
            f"Silence made until {format_at(silence.ends_at)} for "
            f"{describe(matchers)}: {silence.reason}",
            actor,
        )
    return silence


def end_silence(silence: Silence, *, actor: Actor, now: datetime) -> Silence:
    """End a silence now; what it held back and still fires is taken up at once.

    Raises NotPossible when it has ended.
    """
    with recording(now):
        locked = _locked(silence, now)
        locked.starts_at = min(locked.starts_at, now)
        locked.ends_at = now
        locked.save(update_fields=["starts_at", "ends_at"])
        let_go(locked, now=now)
        _record(locked, f"Silence ended: {locked.reason}", actor)
        ring_after_commit("intake")
        ring_after_commit("timers")
    return locked


def extend_silence(
    silence: Silence, *, minutes: int, actor: Actor, now: datetime
) -> Silence:
    """Let a silence last longer; its new end is told anew.

    Raises NotPossible when it has ended, and BadInput.
    """
    with recording(now):
        locked = _locked(silence, now)
        if minutes < 1 or locked.ends_at + timedelta(minutes=minutes) > now + LONGEST:
            remedy = "Give 1 and more, so that it ends within 366 days."
            raise BadInput("minutes", minutes, remedy)
        locked.ends_at += timedelta(minutes=minutes)
        locked.save(update_fields=["ends_at"])
        await_end(locked)
        until = format_at(locked.ends_at)
        _record(locked, f"Silence extended until {until}: {locked.reason}", actor)
    return locked


def _locked(silence: Silence, now: datetime) -> Silence:
    """Lock a silence that has not ended. Raises NotPossible."""
    # Not FOR UPDATE: a notice of its end refers to the row while timers are fired.
    locked = Silence.objects.select_for_update(no_key=True).get(pk=silence.pk)
    if locked.state_at(now) == "expired":
        message = "This silence has ended already. Make another one."
        raise NotPossible(message, state={"ended_at": format_at(locked.ends_at)})
    return locked


def _checked(draft: SilenceDraft, now: datetime) -> tuple[AlertMatcher, ...]:
    if draft.ends_at <= max(draft.starts_at, now):
        value = format_at(draft.ends_at)
        raise BadInput("ends_at", value, "Choose an instant after its start and now.")
    if draft.ends_at > now + LONGEST:
        value = format_at(draft.ends_at)
        raise BadInput("ends_at", value, "Choose an instant within 366 days.")
    if not 0 <= draft.announce_minutes <= MAX_ANNOUNCE_MINUTES:
        remedy = f"Give 0 to {MAX_ANNOUNCE_MINUTES} minutes."
        raise BadInput("announce_minutes", draft.announce_minutes, remedy)
    if not draft.reason.strip() or len(draft.reason) > MAX_REASON:
        remedy = f"Say why, in 1 to {MAX_REASON} characters."
        raise BadInput("reason", draft.reason, remedy)
    try:
        matchers = parse_matchers(draft.matchers)
    except MatcherError as error:
        raise BadInput(error.field, error.value, error.remedy) from None
    if not matchers and draft.source is None:
        remedy = "Name a condition or a source: nothing would be told at all."
        raise BadInput("matchers", [], remedy)
    return matchers


def _record(silence: Silence, what: str, actor: Actor) -> None:
    record(
        "config.changed",
        organisation_id=silence.organisation_id,
        actor=actor,
        body={"what": what, "changes": {"silence": str(silence.uid)}},
    )
