"""The addresses of schedules, cover, swaps, feeds and other people's calendars."""

from typing import Any

from tests.access.place import Arguments, Place
from tests.access.scene import Scene


def _of(name: str) -> Arguments:
    return lambda scene: {"pk": getattr(scene.lab, name).pk}


def _swap_answer(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.swap.pk, "answer": "accept"}


_SCHEDULE = {"name": "x", "zone": "UTC"}
_COVER = {
    "schedule": "x",
    "start_at": "2026-11-02T03:00:00Z",
    "end_at": "2026-11-02T04:00:00Z",
}

API = {
    "GET schedules-list": Place("list"),
    "POST schedules-list": Place(
        "make", body={"slug": "x", **_SCHEDULE}, act="configure"
    ),
    "POST schedules-preview": Place("make", body=_SCHEDULE, act="configure"),
    "GET schedules-detail": Place("lab", _of("schedule")),
    "PUT schedules-detail": Place("lab", _of("schedule"), _SCHEDULE, "configure"),
    "DELETE schedules-detail": Place("lab", _of("schedule"), act="configure"),
    "GET schedules-shifts": Place("lab", _of("schedule")),
    "GET schedules-on-call": Place("lab", _of("schedule")),
    "GET overrides-list": Place("list"),
    "POST overrides-list": Place("make", body={"people": [], **_COVER}, act="cover"),
    "DELETE overrides-detail": Place("lab", _of("override"), act="cover"),
    "GET swaps-list": Place("list"),
    "POST swaps-list": Place("make", body=_COVER, act="cover"),
    "POST swaps-accept": Place("lab", _of("swap"), act="cover"),
    "POST swaps-decline": Place("lab", _of("swap"), act="cover"),
    "POST swaps-withdraw": Place("lab", _of("swap"), act="cover"),
    "GET imported-calendars-list": Place("list"),
    "POST imported-calendars-list": Place(
        "make",
        body={"schedule": "x", "name": "x", "url": "https://x.example/"},
        act="configure",
    ),
    "DELETE imported-calendars-detail": Place("lab", _of("imported"), act="configure"),
    "GET schedule-feeds-list": Place("list"),
    "POST schedule-feeds-list": Place("make", body={"days": 1}),
    "DELETE schedule-feeds-detail": Place("lab", _of("feed")),
}

PAGES = {
    "GET schedule-list": Place("list"),
    "GET schedule-new": Place("account", act="configure"),
    "POST schedule-new": Place("account", act="configure"),
    "GET schedule-detail": Place("lab", _of("schedule")),
    "GET schedule-edit": Place("lab", _of("schedule"), act="configure"),
    "POST schedule-edit": Place("lab", _of("schedule"), {}, "configure"),
    "POST schedule-archive": Place("lab", _of("schedule"), {}, "configure"),
    "POST override-new": Place("lab", _of("schedule"), {}, "cover"),
    "POST override-cancel": Place("lab", _of("override"), {}, "cover"),
    "POST swap-new": Place("lab", _of("schedule"), {}, "cover"),
    "POST swap-answer": Place("lab", _swap_answer, {}, "cover"),
    "POST feed-new": Place("lab", _of("schedule"), {"whose": "own", "days": 1}),
    "POST feed-revoke": Place("lab", _of("feed")),
    "POST calendar-import": Place("lab", _of("schedule"), {}, "configure"),
    "POST calendar-refresh": Place("lab", _of("imported"), {}, "configure"),
    "POST calendar-remove": Place("lab", _of("imported"), {}, "configure"),
}

UNREAD = {
    "who is on call, and when": (
        "api GET imported-calendars-list",
        "api GET overrides-list",
        "api GET schedule-feeds-list",
        "api GET schedules-detail",
        "api GET schedules-list",
        "api GET schedules-on-call",
        "api GET schedules-shifts",
        "api GET swaps-list",
        "page GET schedule-detail",
        "page GET schedule-edit",
        "page GET schedule-list",
        "page GET schedule-new",
    ),
}
