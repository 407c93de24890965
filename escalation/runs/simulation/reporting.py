"""How simulations and coverage look on the API."""

from datetime import timedelta
from typing import Any

from escalation.runs.simulation.asking import Covered
from escalation.runs.simulation.course import EVENT_KINDS, Event
from escalation.runs.simulation.coverage import worst


def covered_row(one: Covered) -> dict[str, Any]:
    """Return a policy's coverage for some severities."""
    return {
        "severities": list(one.severities),
        "longest_wait_seconds": _seconds(worst(one.found)),
        "promise_minutes": None
        if one.promise is None
        else int(one.promise.total_seconds() // 60),
        "is_kept": one.is_kept,
        "kept_percent": round(one.kept_percent, 4),
        "gaps": [
            {"start": gap.start, "end": gap.end, "wait_seconds": _seconds(gap.wait)}
            for gap in one.gaps
        ],
    }


def event_row(event: Event) -> dict[str, Any]:
    """Return an event as the API shows it."""
    row: dict[str, Any] = {
        "at": event.at,
        "kind": event.kind,
        "meaning": EVENT_KINDS[event.kind],
        "text": event.text,
        "step": event.label,
        "round": event.round,
        "recipients": list(event.recipients),
        "message": None,
    }
    if event.page is not None:
        page = event.page
        row["message"] = {
            "channel": page.channel,
            "recipient": page.name,
            "purpose": page.purpose,
            "subject": page.subject,
            "text": page.text,
        }
    return row


def _seconds(wait: timedelta | None) -> int | None:
    return None if wait is None else int(wait.total_seconds())
