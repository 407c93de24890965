"""Read notification rules from plain data, and say them in words. Free of Django.

>>> body = {"normal": [{"method": "mail"}, {"method": "sms", "after_minutes": 5}]}
>>> read_rules(body).normal[1]
Contact(method='sms', after_minutes=5)
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final

from escalation.calendars.reading import CalendarError, read_zone
from escalation.notifications.rules import (
    DAYS,
    DIGEST_AFTER,
    DIGEST_MINUTES,
    Contact,
    PlannedContact,
    QuietHours,
    Rules,
)

MAX_LINES: Final = 15
MAX_DELAY_MINUTES: Final = 120
MAX_DIGEST_AFTER: Final = 100
MAX_DIGEST_MINUTES: Final = 120
MAX_SHOWN: Final = 80

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class RulesError(ValueError):
    """Rules cannot be used: which field, its value, and what to write instead."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        shown = repr(value)
        self.field, self.remedy = field, remedy
        self.value = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
        super().__init__(f"{field}: {self.value} cannot be used. {remedy}")


def read_rules(body: Mapping[str, Any]) -> Rules:
    """Return the rules that plain data describes. Raises RulesError."""
    urgent = _read_lines("urgent", body.get("urgent", []))
    if urgent and urgent[0].after_minutes:
        remedy = "Begin with a method after 0 minutes: an urgent page does not wait."
        raise RulesError("urgent[0].after_minutes", urgent[0].after_minutes, remedy)
    return Rules(
        normal=_read_lines("normal", body.get("normal", [])),
        urgent=urgent,
        zone=_read_zone(body.get("zone", "UTC")),
        quiet=_read_quiet(body.get("quiet")),
        digest_after=_whole(
            "digest_after", body.get("digest_after", DIGEST_AFTER), 0, MAX_DIGEST_AFTER
        ),
        digest_minutes=_whole(
            "digest_minutes",
            body.get("digest_minutes", DIGEST_MINUTES),
            1,
            MAX_DIGEST_MINUTES,
        ),
    )


def rules_to_body(rules: Rules) -> dict[str, Any]:
    """Return what `read_rules` reads."""
    return {
        "normal": lines_to_body(rules.normal),
        "urgent": lines_to_body(rules.urgent),
        "zone": rules.zone,
        "quiet": quiet_to_body(rules.quiet),
        "digest_after": rules.digest_after,
        "digest_minutes": rules.digest_minutes,
    }


def lines_to_body(lines: Sequence[Contact]) -> list[dict[str, Any]]:
    """Return a list as plain data."""
    return [
        {"method": line.method, "after_minutes": line.after_minutes} for line in lines
    ]


def quiet_to_body(quiet: QuietHours | None) -> dict[str, Any] | None:
    """Return quiet hours as plain data."""
    if quiet is None:
        return None
    return {
        "from": f"{quiet.start:%H:%M}",
        "to": f"{quiet.end:%H:%M}",
        "days": [DAYS[day] for day in sorted(quiet.days)],
    }


def describe_contacts(
    contacts: Sequence[PlannedContact], labels: Mapping[str, str], *, at: datetime
) -> str:
    """Say who a page goes to and when, such as "E-mail at once, SMS after 5 min"."""
    parts = [f"{labels[one.method]} {_describe_delay(one, at)}" for one in contacts]
    return ", ".join(parts) or "nowhere: no address is verified"


def describe_held(held_until: datetime, *, at: datetime) -> str:
    """Say until when a page is held, in the zone that the instant carries."""
    is_today = held_until.date() == at.astimezone(held_until.tzinfo).date()
    day = "" if is_today else f"{held_until:%a} "
    return f"{day}{held_until:%H:%M} {held_until.tzname() or ''}".strip()


def _describe_delay(contact: PlannedContact, at: datetime) -> str:
    if contact.held_until is not None:
        return f"at {describe_held(contact.held_until, at=at)}"
    minutes = contact.delay_seconds // 60
    return f"after {minutes} min" if minutes else "at once"


def _read_lines(field: str, value: object) -> tuple[Contact, ...]:
    """Return a list, the earliest first."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RulesError(field, value, "Send a list of {method, after_minutes}.")
    if len(value) > MAX_LINES:
        raise RulesError(field, len(value), f"Send at most {MAX_LINES} methods.")
    lines = [_read_line(f"{field}[{n}]", item) for n, item in enumerate(value)]
    names = [line.method for line in lines]
    for number, name in enumerate(names):
        if name in names[:number]:
            remedy = "Name each method once in a list."
            raise RulesError(f"{field}[{number}].method", name, remedy)
    return tuple(sorted(lines, key=lambda line: line.after_minutes))


def _read_line(field: str, item: object) -> Contact:
    if not isinstance(item, Mapping) or item.keys() - {"method", "after_minutes"}:
        raise RulesError(field, item, "Send {method, after_minutes} and no more.")
    method = item.get("method")
    if not isinstance(method, str) or not method:
        raise RulesError(f"{field}.method", method, "Name one of your contact methods.")
    minutes = item.get("after_minutes", 0)
    return Contact(
        method, _whole(f"{field}.after_minutes", minutes, 0, MAX_DELAY_MINUTES)
    )


def _read_zone(value: object) -> str:
    try:
        return read_zone(value)
    except CalendarError:
        remedy = "Name a zone of the tz database, such as Europe/Berlin."
        raise RulesError("zone", value, remedy) from None


def _read_quiet(value: object) -> QuietHours | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or value.keys() - {"from", "to", "days"}:
        raise RulesError("quiet", value, 'Send {"from": "22:00", "to": "07:00"}.')
    start, end = (
        _read_time(f"quiet.{name}", value.get(name)) for name in ("from", "to")
    )
    if start == end:
        raise RulesError("quiet.to", value["to"], "Write another time than `from`.")
    return QuietHours(start, end, _read_days(value.get("days", DAYS)))


def _read_time(field: str, value: object) -> time:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RulesError(field, value, "Write a time of day such as 22:00.")
    return time(int(found[1]), int(found[2]))


def _read_days(value: object) -> frozenset[int]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not value or any(day not in DAYS for day in value):  # type: ignore[attr-defined]  # a sequence by the test before
        raise RulesError("quiet.days", value, f"List some of {', '.join(DAYS)}.")
    return frozenset(DAYS.index(day) for day in value)  # type: ignore[attr-defined]  # as above


def _whole(field: str, value: object, low: int, high: int) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not low <= value <= high
    ):
        raise RulesError(field, value, f"Write a whole number from {low} to {high}.")
    return value
