"""Tell the people who answer for it that a law wants something, and run their policy.

Told is the accountable person of the legal profile, the deputy too once it is grave, else
the desk, else the administrators. What one look finds for one organisation on one incident
goes out as one message, and a second one where somebody must decide first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from escalation.duties.looking import Place
from escalation.duties.models import StatutoryClock
from escalation.duties.overdue import is_overdue
from escalation.duties.policy_runs import run_policies
from escalation.duties.requests import is_request
from escalation.duties.warnings import is_grave, is_urgent
from escalation.lawbook.profiles import Profile
from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from escalation.policies.clock_targets import describe_minutes
from incidents.events.actor import Actor
from incidents.events.record import record

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
# More reports than this are counted, not listed.
_LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Word:
    """That a clock is to be spoken of: its name in words, and the warning's name."""

    clock: StatutoryClock
    what: str
    warning: str

    @property
    def place(self) -> Place:
        """Return whose clock it is."""
        return self.clock.incident_id, self.clock.organisation_id


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one organisation is told about one incident, the most urgent first."""

    words: tuple[Word, ...]
    is_decision: bool

    @property
    def first(self) -> Word:
        return self.words[0]

    @property
    def is_grave(self) -> bool:
        return any(is_grave(word.warning) for word in self.words)

    def purpose(self, now: datetime) -> str:
        """Return what kind of message it is."""
        if self.is_decision:
            return retry.DECISION
        due = self.first.clock.due_operational
        return retry.OVERDUE if is_overdue(due, at=now) else retry.CLOCK

    def is_urgent(self, now: datetime) -> bool:
        """Tell whether it may wake people: an hour is left, or less, or none."""
        due = self.first.clock.due_operational
        is_near = due is not None and due - now <= _HOUR
        return is_near or any(is_urgent(word.warning) for word in self.words)


def tell(
    words: Sequence[Word], profiles: Mapping[int, Profile], *, now: datetime
) -> None:
    """Queue what people must hear, record that a decision is asked, run policies.

    Requires an open `recording` and the incidents locked.
    """
    if not words:
        return
    letters = _letters(words)
    for letter in letters:
        if letter.is_decision:
            _record_asked(letter)
    people = [_people(letter, profiles) for letter in letters]
    book = AddressBook.load(
        {letter.first.clock.organisation_id for letter in letters},
        user_ids={user_id for found in people for user_id in found},
    )
    rows = [
        _row(letter, method, now)
        for letter, found in zip(letters, people, strict=True)
        for method in book.methods_of(letter.first.clock.organisation_id, found)
    ]
    queue_notifications(rows, now=now)
    # The graver letter of a place comes first: it is what its policy goes by.
    letters.sort(key=lambda letter: not letter.is_grave)
    run_policies(
        [letter.first.clock for letter in letters],
        profiles,
        grave={letter.first.clock.pk for letter in letters if letter.is_grave},
        now=now,
    )


def _letters(words: Sequence[Word]) -> list[_Letter]:
    found: dict[tuple[Place, bool], list[Word]] = defaultdict(list)
    for word in words:
        found[word.place, word.clock.is_provisional].append(word)
    return [
        _Letter(tuple(sorted(own, key=_soonest)), is_decision)
        for (_, is_decision), own in sorted(found.items(), key=lambda one: one[0])
    ]


def _soonest(word: Word) -> tuple[bool, float, int]:
    due = word.clock.due_operational
    return due is None, due.timestamp() if due else 0.0, word.clock.pk


def _people(letter: _Letter, profiles: Mapping[int, Profile]) -> list[int]:
    profile = profiles[letter.first.clock.organisation_id]
    asked = [profile.accountable_id, profile.deputy_id if letter.is_grave else None]
    return [pk for pk in dict.fromkeys(asked) if pk is not None]


def _row(letter: _Letter, method: ContactMethod, now: datetime) -> NewNotification:
    clock = letter.first.clock
    organisation = clock.organisation
    purpose = letter.purpose(now)
    facts = facts_of(
        clock.incident,
        purpose=purpose,
        channel=method.channel,
        organisation_name=organisation.name,
        base_url=settings.BASE_URL,
        why=_why(letter, now),
        # Which law it is says something of the incident: it goes where the title may.
        note=_listed(letter, now),
    )
    return message_by(
        method,
        dedup_key=_key(letter, method),
        purpose=purpose,
        message=render_message(facts),
        desk=f"{organisation.name} desk",
        incident=clock.incident,
        is_urgent=letter.is_urgent(now),
    )


def _key(letter: _Letter, method: ContactMethod) -> str:
    clock, warning = letter.first.clock, letter.first.warning
    kind = "decide" if letter.is_decision else "due"
    return f"duty:{clock.pk}:{clock.moves}:{kind}:{warning}:{method.pk}"


def _why(letter: _Letter, now: datetime) -> str:
    """Return how many reports it is about and when the first is due."""
    first, count = letter.first.clock, len(letter.words)
    if count == 1:
        what = "An answer" if is_request(first.stage) else "A report"
        may = "may be" if letter.is_decision else "is"
        return f"{what} to an authority {may} {said(first, now)}."
    may = "may be" if letter.is_decision else "are"
    what = f"{count} {_kinds(letter)} to authorities {may} due."
    return f"{what} The first: {said(first, now)}."


def _kinds(letter: _Letter) -> str:
    """Return what is due: reports, answers to requests, or both."""
    kinds = {is_request(word.clock.stage) for word in letter.words}
    names = [
        name for kind, name in ((False, "reports"), (True, "answers")) if kind in kinds
    ]
    return " and ".join(names)


def _listed(letter: _Letter, now: datetime) -> str:
    lines = [
        f"{word.what} ({word.clock.citation}): {said(word.clock, now)}."
        for word in letter.words[:_LISTED]
    ]
    left = len(letter.words) - _LISTED
    return "\n".join([*lines, f"And {left} more."] if left > 0 else lines)


def said(clock: StatutoryClock, now: datetime) -> str:
    """Return when a report is due, such as "due in 1 hour, by 14:05 UTC on Fri 27 Nov"."""
    due = clock.due_operational
    if due is None:
        who = "the authority set" if is_request(clock.stage) else "the law gives"
        return f"due without undue delay: {who} no date"
    at = f"{due.astimezone(UTC):%H:%M UTC on %a %d %b}"
    minutes = round(abs(due - now) / _MINUTE)
    length = describe_minutes(minutes) if minutes else "less than a minute"
    if is_overdue(due, at=now):
        return f"overdue by {length}, since {at}"
    return f"due in {length}, by {at}"


def _record_asked(letter: _Letter) -> None:
    """Record under which laws a decision is asked for, once for each."""
    clocks = {word.clock.regime_id: word for word in reversed(letter.words)}
    for regime_id, word in sorted(clocks.items()):
        clock = word.clock
        record(
            "decision.asked",
            incident=clock.incident,
            organisation_id=clock.organisation_id,
            actor=Actor.system(clock.organisation),
            body={"regime": regime_id, "reason": f"{word.what} may be due"},
        )
