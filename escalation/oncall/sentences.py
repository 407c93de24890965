"""Say a rotation in a sentence. Free of Django."""

from collections.abc import Mapping
from typing import Final

from escalation.oncall.plan import EVERY_DAY
from escalation.oncall.reading import DAYS, RotationDraft

_WEEKDAYS: Final = frozenset(range(5))
_WEEKEND: Final = frozenset({5, 6})


def describe_rotation(draft: RotationDraft, names: Mapping[str, str]) -> str:
    """Return a sentence such as "Ann, then Bob and Cat; turns of 1 week from …".

    `names` are those of the people by e-mail address.
    """
    turns = [" and ".join(names.get(one, one) for one in turn) for turn in draft.people]
    count = "" if draft.every == 1 else f"{draft.every} "
    unit = draft.unit if draft.every == 1 else f"{draft.unit}s"
    parts = [
        f"{', then '.join(turns)}; changes every {count}{unit}",
        f"from {draft.starts_on} at {draft.handoff:%H:%M}",
    ]
    if draft.ends_on is not None:
        parts.append(f"until {draft.ends_on} at {draft.handoff:%H:%M}")
    if draft.weekdays != EVERY_DAY:
        parts.append(f"only {_days(draft.weekdays)}")
    if draft.hours is not None:
        opens, closes = draft.hours
        parts.append(f"from {opens:%H:%M} to {closes:%H:%M}")
    return f"{' '.join(parts[:2])}{''.join(f', {part}' for part in parts[2:])}"


def _days(weekdays: frozenset[int]) -> str:
    if weekdays == _WEEKDAYS:
        return "Mon to Fri"
    if weekdays == _WEEKEND:
        return "Sat and Sun"
    return ", ".join(DAYS[day].capitalize() for day in sorted(weekdays))
