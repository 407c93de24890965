"""Say in one glance whether a source is well, and what to do where it is not. Pure.

>>> from datetime import UTC
>>> now = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
>>> facts = Facts(created_at=now, last_at=now, last_state="unreadable", last_error="title: …")
>>> judge(facts, now=now)
Health(level='bad', word='Unreadable', sentence='The last delivery could not be read. title: …', \
remedy='Look at what was sent, mend what it says, then have it read again.', place='unreadable')
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from incidents.intake.trust_kinds import REASONS

WAITS_TOO_LONG: Final = timedelta(minutes=1)

Level = Literal["good", "warn", "bad", "off"]
# What must be mended first comes first.
LEVELS: Final[tuple[Level, ...]] = ("bad", "warn", "good", "off")
# Where on the source's pages it can be mended.
Place = Literal["", "setup", "trust", "unreadable", "edit", "status"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a source. `count` and `failed` are of the last 24 hours.

    `refused_value` is what a refused request named, where that helps to mend it.
    """

    created_at: datetime
    is_enabled: bool = True
    quiet_after_hours: int = 0
    last_at: datetime | None = None
    last_state: str = ""
    last_error: str = ""
    count: int = 0
    failed: int = 0
    refused_at: datetime | None = None
    refused_reason: str = ""
    refused_value: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is, why, and what to do."""

    level: Level
    word: str
    sentence: str
    remedy: str = ""
    place: Place = ""


def judge(facts: Facts, *, now: datetime) -> Health:
    """Return how a source is; of several troubles the one to mend first."""
    found = (rule(facts, now) for rule in _RULES)
    return next(health for health in found if health is not None)


def _switched_off(facts: Facts, now: datetime) -> Health | None:
    if facts.is_enabled:
        return None
    sentence = "It is switched off: whoever posts is told that the address is unknown."
    return Health("off", "Off", sentence, "Switch it on to take what it posts.", "edit")


def _refused(facts: Facts, now: datetime) -> Health | None:
    if facts.refused_at is None or facts.refused_at < (
        facts.last_at or facts.refused_at
    ):
        return None
    reason = REASONS[facts.refused_reason]
    value = f" It named {facts.refused_value}." if facts.refused_value else ""
    sentence = f"The last request was refused. {reason.sentence}{value}"
    return Health("bad", "Refused", sentence, reason.remedy, "trust")


def _failed(facts: Facts, now: datetime) -> Health | None:
    if facts.last_state == "unreadable":
        sentence = f"The last delivery could not be read. {facts.last_error}"
        remedy = "Look at what was sent, mend what it says, then have it read again."
        return Health("bad", "Unreadable", sentence, remedy, "unreadable")
    if facts.last_state == "too_large":
        remedy = "Have the tool send fewer alerts at once."
        return Health("bad", "Too large", "The last delivery was too large.", remedy)
    return None


def _quiet(facts: Facts, now: datetime) -> Health | None:
    heard_at = facts.last_at or facts.created_at
    hours = facts.quiet_after_hours
    if not hours or now - heard_at < timedelta(hours=hours):
        return None
    sentence = f"Nothing has come for longer than {hours} h."
    remedy = "See whether the tool runs and still has this address."
    return Health("bad", "Quiet", sentence, remedy, "setup")


def _waits(facts: Facts, now: datetime) -> Health | None:
    is_waiting = facts.last_state == "pending" and facts.last_at is not None
    if not is_waiting or now - (facts.last_at or now) < WAITS_TOO_LONG:
        return None
    sentence = "Deliveries are stored and wait to be read."
    return Health(
        "warn", "Waiting", sentence, "See how late the workers are.", "status"
    )


def _untried(facts: Facts, now: datetime) -> Health | None:
    if facts.last_at is not None:
        return None
    remedy = "Enter the address in the tool, or send a test alert."
    return Health("warn", "New", "Nothing has arrived yet.", remedy, "setup")


def _failed_lately(facts: Facts, now: datetime) -> Health | None:
    if not facts.failed:
        return None
    sentence = f"It delivers, but {facts.failed} of {facts.count} failed in 24 hours."
    remedy = "Look at what could not be read; it is kept."
    return Health("warn", "Some failed", sentence, remedy, "unreadable")


def _well(facts: Facts, now: datetime) -> Health:
    return Health("good", "Well", "What it sends is taken and read.")


_RULES: Final[tuple[Callable[[Facts, datetime], Health | None], ...]] = (
    _switched_off,
    _refused,
    _failed,
    _quiet,
    _waits,
    _untried,
    _failed_lately,
    _well,
)
