"""Say whose pages of a step wait for a person's own rules. Free of Django."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escalation.notifications.rule_reading import describe_held
from escalation.runs.situation import Recipient

MAX_CHARACTERS: Final = 300


def describe_holds(recipients: Iterable[Recipient], *, now: datetime) -> str:
    """Return such as "held until 07:00 CET for Ann", empty when nobody's rules say more.

    A person is named with the first instant at which they are paged.
    """
    held: dict[str, datetime] = {}
    notes: dict[str, str] = {}
    awake: set[str] = set()
    for one in recipients:
        if one.note:
            notes[one.name] = one.note
        if one.held_until is None:
            awake.add(one.name)
        else:
            held[one.name] = min(one.held_until, held.get(one.name, one.held_until))
    said = [
        f"held until {describe_held(until, at=now)} for {name}"
        for name, until in held.items()
        if name not in awake
    ]
    said += [f"{name}: {note}" for name, note in notes.items()]
    return "; ".join(said)[:MAX_CHARACTERS]
