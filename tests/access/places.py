"""Every address of the site, what kind of thing it opens, and who may do what there.

Each room of the site has its addresses in a module of its own, which `ROOMS` lists.
"""

from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.access import (
    assessment_places,
    custody_places,
    delay_places,
    duty_clock_places,
    duty_places,
    evidence_places,
    filing_places,
    heartbeat_places,
    incident_places,
    intake_places,
    law_places,
    log_places,
    mail_places,
    oncall_places,
    person_places,
    policy_places,
    report_places,
    signature_places,
    site_places,
    surface_places,
    witness_places,
)
from tests.access.place import Place
from tests.access.scene import Scene

ROOMS = (
    assessment_places,
    custody_places,
    delay_places,
    duty_clock_places,
    duty_places,
    evidence_places,
    filing_places,
    heartbeat_places,
    incident_places,
    intake_places,
    law_places,
    mail_places,
    oncall_places,
    person_places,
    policy_places,
    report_places,
    signature_places,
    site_places,
    witness_places,
)

API: dict[str, Place] = {key: row for room in ROOMS for key, row in room.API.items()}
PAGES: dict[str, Place] = {
    key: row for room in ROOMS for key, row in room.PAGES.items()
}
# What shows nothing confidential, so that opening it is not recorded; and why.
UNREAD: dict[str, str] = {
    key: why
    for room in ROOMS
    for why, names in getattr(room, "UNREAD", {}).items()
    for key in names
}

# Answer anybody; none of them shows content. The link by which somebody acknowledges
# holds a signed token: tests/escalation/notifications/test_ack_views.py. The address of
# a calendar holds a secret: tests/escalation/oncall/test_feed_views.py. An inbox of a
# reporter opens by its code: tests/incidents/anonymous/test_public_views.py.
PUBLIC = {
    *log_places.PUBLIC,
    *surface_places.PUBLIC,
    *witness_places.PUBLIC,
    "acknowledge-by-link",
    "receipt-by-link",
    "callback-slack",
    "callback-twilio-sms",
    "callback-twilio-voice",
    "api-docs",
    "api-schema",
    "healthz",
    "log-verify",
    "metrics",
    "readyz",
    "report",
    "report-inbox",
    "report-message",
    "schedule-feed",
    "sign-in",
}

PLACES = {f"api {key}": place for key, place in API.items()} | {
    f"page {key}": place for key, place in PAGES.items()
}


def keys(*kinds: str, method: str = "") -> list[str]:
    """Returns the places of these kinds; without a method, of every method."""
    return [
        key
        for key, place in PLACES.items()
        if place.kind in kinds and method in ("", key.split()[1])
    ]


def address(key: str, scene: Scene) -> str:
    where, _, name = key.split()
    prefix = "api:" if where == "api" else ""
    return reverse(prefix + name, kwargs=PLACES[key].arguments(scene))


def visit(key: str, client: Client, scene: Scene, query: str = "") -> HttpResponse:
    """Sends the place's request and returns the answer."""
    where, method, _ = key.split()
    send = getattr(client, method.lower())
    more: dict[str, Any] = {}
    if method != "GET":
        more["data"] = PLACES[key].body
    if where == "api" and method != "GET":
        more["format"] = "multipart" if "file-attachments" in key else "json"
    answer = send(address(key, scene) + query, **more)
    if not answer.streaming:
        return answer
    # Reading to the end closes the file.
    return HttpResponse(answer.getvalue(), status=answer.status_code)


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode("utf-8", "replace")
