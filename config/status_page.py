"""The status page: how punctual the whole was, for everybody who is signed in."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from config.status import Day, Status, read_status
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

# The drawing: a bar a day, `STEP` apart, on a ground of `HEIGHT`.
_STEP: Final = 20
_WIDTH: Final = 16
_HEIGHT: Final = 80
# A day's bar is full at 100 % and empty at this and below, so that a small lack shows.
_FLOOR_PERCENT: Final = 95.0
_LEAST: Final = 4
_CHORES: Final = {
    "audit": "Record last audited",
    "calendars": "Calendars from outside last read",
    "lateness": "Latenesses last summed up",
    "retention": "Old webhook bodies last deleted",
    "sealer": "Entries last sealed",
    "evidence": "Evidence last looked for",
    "witnesses": "Witnesses last looked after",
}


@page("GET")
def status_page(request: PageRequest) -> HttpResponse:
    """Show what was on time in the last thirty days and what runs now."""
    status = read_status(read_now())
    context = {
        "status": status,
        "bars": [_bar(day, number) for number, day in enumerate(status.days)],
        "width": _STEP * len(status.days),
        "height": _HEIGHT,
        "floor_percent": int(_FLOOR_PERCENT),
        "running": _running(status),
        "chores": _chores(status),
        "waiting": _waiting(status),
        "circuits": sorted(status.vitals.open_circuits.items()),
    }
    return render(request, "config/status.html", context)


def _bar(day: Day, number: int) -> dict[str, Any]:
    place = {"x": number * _STEP, "width": _WIDTH, "day": day}
    if not day.share.count:
        return {**place, "y": _HEIGHT - _LEAST, "height": _LEAST, "tone": "none"}
    percent = 100 * day.share.on_time / day.share.count
    part = max(0.0, (percent - _FLOOR_PERCENT) / (100 - _FLOOR_PERCENT))
    height = max(_LEAST, round(part * _HEIGHT))
    tone = "good" if not day.share.late else "warn" if percent >= 99.9 else "bad"  # noqa: PLR2004  (three nines)
    return {**place, "y": _HEIGHT - height, "height": height, "tone": tone}


def _running(status: Status) -> list[dict[str, Any]]:
    stale = set(status.vitals.stale)
    return [
        {"name": name, "age_seconds": age, "is_stale": name in stale}
        for name, age in status.vitals.tick_age.items()
    ]


def _chores(status: Status) -> list[dict[str, Any]]:
    stale = status.vitals.stale_chores
    return [
        {"label": _CHORES[name], "ran_at": at, "is_stale": name in stale}
        for name, at in status.vitals.chores_ran_at.items()
    ]


def _waiting(status: Status) -> list[dict[str, Any]]:
    vitals = status.vitals
    rows: tuple[tuple[str, float | None], ...] = (
        ("Oldest timer that is due", vitals.timer_lateness),
        ("Oldest entry to be routed", vitals.pending_age),
        ("Oldest message to be delivered", vitals.undelivered_age),
        ("Oldest webhook to be read", vitals.intake_age),
        ("Oldest mail to be read", vitals.mail_age),
        ("Oldest entry to be sealed", vitals.unsealed_age),
        ("Since a quorum last vouched", vitals.quorum_age),
    )
    if vitals.stamps.active:
        rows = (*rows, ("Newest time stamp of the record", vitals.stamp_age))
    return [{"label": label, "age_seconds": age} for label, age in rows]
