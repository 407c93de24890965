"""What changes access or the set-up: bodies that go through, and what needs no entry."""

from collections.abc import Callable
from typing import Any, Final

from tests.access.scene import Scene
from tests.escalation.lawbook.framework import framework
from tests.incidents.ledger.simulated_log import AGENCY, LOG_KEY, ORIGIN

_HOURS: Final = {"start_at": "2030-11-02T03:00:00Z", "end_at": "2030-11-02T04:00:00Z"}
_LATER: Final = {"schedule": "lab-schedule", **_HOURS}
_LAW: Final = {"reason": "because", "text": framework("aurora", hours=24)}


def _staff(scene: Scene) -> dict[str, Any]:
    return {"person": scene.people["staff"].email, "reason": "because"}


# Where the body of the table of places is one that the scene refuses.
BODIES: Final[dict[str, Callable[[Scene], dict[str, Any]]]] = {
    "api PATCH sources-trust": lambda _: {"address_ranges": ["192.0.2.0/24"]},
    "api POST erasures-list": lambda scene: {**_staff(scene), "basis": "GDPR 17"},
    "api POST holds-list": lambda scene: {**_staff(scene), "matter": "Case 7"},
    "api POST imported-calendars-list": lambda _: {
        "schedule": "lab-schedule",
        "name": "x",
        "url": "https://calendar.example/x.ics",
    },
    "api POST overrides-list": lambda scene: {
        "people": [scene.lab.admin.email],
        **_LATER,
    },
    "api POST regimes-list": lambda _: _LAW,
    "api POST reports-share": lambda scene: {"person": scene.people["staff"].email},
    "api POST swaps-list": lambda _: _LATER,
    "api POST watched-logs-list": lambda _: {
        "origin": ORIGIN,
        "vkeys": [LOG_KEY.public.vkey()],
    },
    "api POST witnesses-list": lambda _: {
        "slug": "naisa",
        "vkey": AGENCY.public.vkey(),
        "organisation": "naisa",
    },
    "api PUT mailboxes-detail": lambda _: {"is_open": False},
    "api PUT regimes-detail": lambda _: _LAW,
}

_WHY: Final = {
    "it only asks what would be": (
        "api POST policies-validate",
        "api POST regimes-deadline",
        "api POST schedules-preview",
        "api POST simulation-simulate",
        "api POST sources-try-mapping",
    ),
    "the entry comes from whoever does what is asked for, before it takes effect": (
        "api POST evidence-evidence",
        "api POST sources-replay",
        "api POST sources-replay-many",
        "api POST sources-test",
        "page POST calendar-refresh",
        "page POST delivery-replay",
        "page POST source-test",
    ),
    "it ends the visitor's own session, or keeps their own draft": (
        "page POST draft-save",
        "page POST sign-out",
    ),
    "the profile is what it was: it watches nothing": (
        "api PUT legal-profile",
        "page POST legal-profile",
    ),
}
UNRECORDED: Final = {key: why for why, keys in _WHY.items() for key in keys}

# Refused as the scene stands, or nothing to change there; that each records is tested
# where it is done.
ELSEWHERE: Final = {
    "api DELETE members-detail": "tests/incidents/incident/test_people_api.py",
    "api DELETE policies-detail": "tests/escalation/policies",
    "api DELETE regimes-detail": "tests/escalation/lawbook/test_editing.py",
    "api POST policy-run-hand-over": "tests/escalation/runs/test_hand_over.py",
    "api POST policy-withdraw": "tests/escalation/policies/test_approval.py",
    "api POST sources-end-old-key": "tests/incidents/intake/test_trust.py",
    "api POST swaps-accept": "tests/escalation/oncall/test_swaps.py",
    "api POST swaps-decline": "tests/escalation/oncall/test_swaps.py",
}
