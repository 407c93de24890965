"""Every address of the site, what kind of thing it opens, and who may do what there."""

from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.access import (
    assessment_places,
    duty_clock_places,
    duty_places,
    filing_places,
    heartbeat_places,
    law_places,
    mail_places,
    report_places,
    surface_places,
)
from tests.access.place import Arguments, Place
from tests.access.scene import Scene


def _ref(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref}


def _file(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "uid": scene.shared_file.uid}


def _answer(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.question.pk}


def _unshare(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "agency": scene.agency.organisation.slug}


def _source(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.source.uid}


def _delivery(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.delivery.uid}


def _sent(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.source.uid, "delivery": scene.lab.delivery.uid}


def _silence(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.silence.uid}


def _maintenance(scene: Scene) -> dict[str, Any]:
    return {"uid": scene.lab.maintenance.uid}


def _clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "pk": scene.clock.pk}


def _api_clock(scene: Scene) -> dict[str, Any]:
    return {"ref": scene.incident.ref, "clock": scene.clock.pk}


def _of(name: str) -> Arguments:
    return lambda scene: {"pk": getattr(scene.lab, name).pk}


def _member(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.admin.memberships.get().pk}


def _lab(scene: Scene) -> dict[str, Any]:
    return {"organisation": scene.lab.organisation.slug}


def _version(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.policy.pk, "number": 1}


def _swap_answer(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.swap.pk, "answer": "accept"}


_BECAUSE = {"reason": "because"}
_SHARE = {"agency": "bureau", **_BECAUSE}
_STEPS = {"steps": [{"kind": "wait", "minutes": 5}]}
_RULES = {"normal": [], "digest_after": 3}
_CALENDAR = {"name": "x", "zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}

_SILENCE = {
    "matchers": [{"field": "title", "op": "=", "value": "x"}],
    "ends_at": "2027-11-02T03:00:00Z",
    "reason": "x",
}
_WINDOW = {"cron": "0 22 * * 1", "minutes": 60, "reason": "x"}
_SCHEDULE = {"name": "x", "zone": "UTC"}
_COVER = {
    "schedule": "x",
    "start_at": "2026-11-02T03:00:00Z",
    "end_at": "2026-11-02T04:00:00Z",
}

API = {
    **duty_clock_places.API,
    **duty_places.API,
    **assessment_places.API,
    **filing_places.API,
    **heartbeat_places.API,
    **law_places.API,
    **mail_places.API,
    **report_places.API,
    "GET incident-list": Place("list"),
    "POST incident-list": Place(
        "make", body={"title": "x", "category": "WGT", "severity": 1}, act="report"
    ),
    "GET incident-detail": Place("incident", _ref),
    "GET incident-acknowledgements": Place("incident", _ref),
    "POST incident-clock-pause": Place("lab", _api_clock, _BECAUSE, "manage"),
    "POST incident-clock-resume": Place("lab", _api_clock, _BECAUSE, "manage"),
    "GET incident-shares": Place("incident", _ref),
    "GET incident-timeline": Place("incident", _ref),
    "POST incident-action-acknowledge": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-action-comment": Place(
        "incident", _ref, {"text": "x", "is_shared": True}, "comment"
    ),
    "POST incident-action-merge": Place(
        "incident", _ref, {"into": "INC-0000000000", **_BECAUSE}, "manage"
    ),
    "POST incident-action-reopen": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-action-resolve": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-action-severity": Place(
        "incident", _ref, {"severity": 5, **_BECAUSE}, "manage"
    ),
    "POST incident-action-share": Place("incident", _ref, _SHARE, "share"),
    "POST incident-action-unshare": Place(
        "incident", _ref, {"agency": "naisa", **_BECAUSE}, "share"
    ),
    "POST incident-triage-answer": Place("incident", _ref, {"answer": "x"}, "answer"),
    "POST incident-triage-assign": Place("incident", _ref, {"owner": None}, "triage"),
    "GET incident-triage-questions": Place("incident", _ref),
    "POST incident-triage-request-info": Place(
        "incident", _ref, {"question": "x"}, "triage"
    ),
    "POST incident-triage-triage": Place(
        "incident", _ref, {"outcome": "accepted"}, "triage"
    ),
    "GET incident-file-attachments": Place("incident", _ref),
    "POST incident-file-attachments": Place("incident", _ref, {}, "comment"),
    "GET incident-file-download": Place("incident", _file),
    "POST incident-run-escalate": Place("incident", _ref, {}, "escalate"),
    "POST incident-run-reassign": Place(
        "incident", _ref, {"user": "x@y.example", **_BECAUSE}, "acknowledge"
    ),
    "POST incident-run-snooze": Place(
        "incident", _ref, {"until": "2099-01-01T00:00:00Z", **_BECAUSE}, "acknowledge"
    ),
    "POST incident-run-unsnooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-run-pass-on": Place("incident", _ref, {}, "acknowledge"),
    "GET incident-run-runs": Place("incident", _ref),
    "GET incident-notification-notifications": Place("incident", _ref),
    "GET organisations-list": Place("list"),
    # Who shares with an agency is known to it: see test_lists.py.
    "GET organisations-detail": Place("account", lambda _: {"slug": "naisa"}),
    "GET teams-list": Place("list"),
    "POST teams-list": Place("make", body={"slug": "x", "name": "x"}, act="configure"),
    "GET members-list": Place("list"),
    "POST members-list": Place(
        "make", body={"email": "x@y.example", "role": "admin"}, act="configure"
    ),
    "DELETE members-detail": Place("lab", _member, act="configure"),
    "GET tokens-list": Place("list"),
    "POST tokens-list": Place("account", body={"name": "x"}),
    "DELETE tokens-detail": Place("lab", _of("token")),
    "GET policies-list": Place("list"),
    "POST policies-list": Place(
        "make", body={"slug": "x", "name": "x", **_STEPS}, act="configure"
    ),
    "GET policies-detail": Place("lab", _of("policy")),
    "PUT policies-detail": Place(
        "lab", _of("policy"), {"name": "x", **_BECAUSE, **_STEPS}, "configure"
    ),
    "DELETE policies-detail": Place("lab", _of("policy"), act="configure"),
    "GET calendars-list": Place("list"),
    "POST calendars-list": Place(
        "make", body={"slug": "x", **_CALENDAR}, act="configure"
    ),
    "GET calendars-detail": Place("lab", _of("calendar")),
    "PUT calendars-detail": Place("lab", _of("calendar"), _CALENDAR, "configure"),
    "DELETE calendars-detail": Place("lab", _of("calendar"), act="configure"),
    "POST policies-validate": Place("make", body=_STEPS, act="configure"),
    "POST policy-run-hand-over": Place(
        "lab", _of("policy"), {"to_version": 1, **_BECAUSE}, "configure"
    ),
    "GET policy-versions": Place("lab", _of("policy")),
    "GET policy-version": Place("lab", _version),
    "GET policy-diff": Place("lab", _of("policy")),
    "POST simulation-simulate": Place("lab", _of("policy"), {}),
    "GET simulation-coverage": Place("lab", _of("policy")),
    "POST policy-approve": Place("lab", _version, {}, "approve"),
    "POST policy-reject": Place("lab", _version, _BECAUSE, "approve"),
    "POST policy-withdraw": Place("lab", _version, {}, "configure"),
    "GET policy-second-person": Place("lab", _of("policy")),
    "PUT policy-second-person": Place(
        "lab", _of("policy"), {"second_person": True}, "configure"
    ),
    "GET policy-second-person-of-all": Place("list"),
    "PUT policy-second-person-of-all": Place(
        "make", body={"second_person": True}, act="configure"
    ),
    # The platform's own punctuality: the same for everybody, and nobody's content.
    "GET status-list": Place("account"),
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
    "GET routes-list": Place("list"),
    "POST routes-list": Place(
        "make", body={"name": "x", "matchers": []}, act="configure"
    ),
    "GET routes-detail": Place("lab", _of("route")),
    "PUT routes-detail": Place("lab", _of("route"), {"name": "x"}, "configure"),
    "DELETE routes-detail": Place("lab", _of("route"), act="configure"),
    "GET silences-list": Place("list"),
    "POST silences-list": Place("make", body=_SILENCE, act="manage"),
    "GET silences-detail": Place("lab", _silence),
    "POST silences-extend": Place("lab", _silence, {"minutes": 5}, "manage"),
    "DELETE silences-detail": Place("lab", _silence, act="manage"),
    "GET maintenance-list": Place("list"),
    "POST maintenance-list": Place("make", body=_WINDOW, act="configure"),
    "GET maintenance-detail": Place("lab", _maintenance),
    "PATCH maintenance-detail": Place(
        "lab", _maintenance, {"reason": "x"}, "configure"
    ),
    "DELETE maintenance-detail": Place("lab", _maintenance, act="configure"),
    "GET sources-list": Place("list"),
    "POST sources-list": Place(
        "make", body={"tool": "generic", "slug": "x", "name": "x"}, act="configure"
    ),
    "GET sources-detail": Place("lab", _source),
    "PATCH sources-detail": Place("lab", _source, {"name": "x"}, "configure"),
    "GET sources-counts": Place("lab", _source),
    "GET sources-health": Place("lab", _source),
    "GET sources-deliveries": Place("lab", _source),
    "GET sources-delivery": Place("lab", _sent),
    "POST sources-replay": Place("lab", _sent, act="configure"),
    "POST sources-replay-many": Place(
        "lab", _source, {"states": ["unreadable"]}, "configure"
    ),
    "POST sources-rotate-key": Place("lab", _source, act="configure"),
    "POST sources-end-old-key": Place("lab", _source, act="configure"),
    "GET sources-trust": Place("lab", _source),
    "PATCH sources-trust": Place("lab", _source, {"verification": "none"}, "configure"),
    "POST sources-try-mapping": Place("lab", _source, {"body": "{}"}, "configure"),
    "POST sources-test": Place("lab", _source, act="configure"),
    "GET contact-methods-list": Place("list"),
    "POST contact-methods-list": Place(
        "make", body={"slug": "x", "channel": "email", "address": "x@y.example"}
    ),
    "DELETE contact-methods-detail": Place("lab", _of("method")),
    "POST contact-methods-confirm": Place("lab", _of("method"), {"code": "000000"}),
    "POST contact-methods-verify": Place("lab", _of("method")),
    "GET notification-rules-list": Place("list"),
    "POST notification-rules-list": Place("make", body=_RULES),
    "GET notification-rules-detail": Place("lab", _of("rules")),
    "PUT notification-rules-detail": Place("lab", _of("rules"), _RULES),
    "DELETE notification-rules-detail": Place("lab", _of("rules")),
    "GET triage-list": Place("list"),
    # Refs in the body: see test_references.py.
    "POST triage-acknowledge": Place("account", body={"refs": ["INC-0000000000"]}),
}

PAGES = {
    **duty_clock_places.PAGES,
    **duty_places.PAGES,
    **assessment_places.PAGES,
    **filing_places.PAGES,
    **heartbeat_places.PAGES,
    **law_places.PAGES,
    **mail_places.PAGES,
    **report_places.PAGES,
    "GET home": Place("list"),
    "GET status": Place("account"),
    "GET account": Place("list"),
    "GET incident-list": Place("list"),
    "GET incident-new": Place("list"),
    "GET triage-queue": Place("list"),
    "GET source-list": Place("list"),
    "GET policy-list": Place("list"),
    "GET calendar-list": Place("list"),
    "GET calendar-new": Place("account", act="configure"),
    "POST calendar-new": Place("account", body={"name": "x"}, act="configure"),
    "GET calendar-edit": Place("lab", _of("calendar"), act="configure"),
    "POST calendar-edit": Place("lab", _of("calendar"), {"name": "x"}, "configure"),
    "POST calendar-archive": Place("lab", _of("calendar"), act="configure"),
    "GET schedule-list": Place("list"),
    "POST incident-new": Place(
        "account", body={"title": "x", "category": "WGT", "severity": 1}, act="report"
    ),
    "GET password-change": Place("account"),
    "POST password-change": Place("account"),
    "POST sign-out": Place("account"),
    "POST token-new": Place("account", body={"name": "x"}),
    "POST contact-method-new": Place("account"),
    "POST triage-acknowledge": Place("account"),
    "GET mailbox": Place("account"),
    "GET mailbox-message": Place("account", lambda _: {"name": "x.eml"}),
    "GET incident-detail": Place("incident", _ref),
    "GET incident-filed": Place("incident", _ref),
    "GET attachment-download": Place("incident", _file),
    "POST incident-acknowledge": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-attach": Place("incident", _ref, {}, "comment"),
    "POST incident-comment": Place("incident", _ref, {"text": "x"}, "comment"),
    "POST incident-merge": Place(
        "incident", _ref, {"into": "INC-0000000000", **_BECAUSE}, "manage"
    ),
    "POST incident-reopen": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-resolve": Place("incident", _ref, _BECAUSE, "manage"),
    "POST incident-severity": Place(
        "incident", _ref, {"severity": 5, **_BECAUSE}, "manage"
    ),
    "POST incident-share": Place("incident", _ref, _SHARE, "share"),
    "POST incident-unshare": Place("incident", _unshare, {}, "share"),
    "POST incident-answer": Place("incident", _answer, {"text": "x"}, "answer"),
    "POST incident-escalate": Place("incident", _ref, {}, "escalate"),
    "POST incident-reassign": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-snooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-unsnooze": Place("incident", _ref, {}, "acknowledge"),
    "POST incident-pass-on": Place("incident", _ref, {}, "acknowledge"),
    "GET triage": Place("incident", _ref, act="triage"),
    "POST triage": Place("incident", _ref, {"outcome": "accepted"}, "triage"),
    "POST triage-assign": Place("incident", _ref, {"owner": ""}, "triage"),
    "POST triage-ask": Place("incident", _ref, {"text": "x"}, "triage"),
    "POST clock-pause": Place("lab", _clock, _BECAUSE, "manage"),
    "POST clock-resume": Place("lab", _clock, _BECAUSE, "manage"),
    "GET source-detail": Place("lab", _source),
    "GET silence-list": Place("list"),
    "GET silence-new": Place("account", act="manage"),
    "POST silence-new": Place("account", body={"reason": "x"}, act="manage"),
    "POST silence-extend": Place("lab", _silence, act="manage"),
    "POST silence-end": Place("lab", _silence, act="manage"),
    "GET maintenance-new": Place("account", act="configure"),
    "POST maintenance-new": Place("account", body={"reason": "x"}, act="configure"),
    "GET maintenance-edit": Place("lab", _maintenance, act="configure"),
    "POST maintenance-edit": Place("lab", _maintenance, {"reason": "x"}, "configure"),
    "POST maintenance-end": Place("lab", _maintenance, act="configure"),
    "GET source-edit": Place("lab", _source, act="configure"),
    "POST source-edit": Place("lab", _source, act="configure"),
    "POST source-replay": Place("lab", _source, act="configure"),
    "GET source-handling": Place("lab", _source, act="configure"),
    "POST source-handling": Place("lab", _source, act="configure"),
    "GET source-mapping": Place("lab", _source, act="configure"),
    "POST source-mapping": Place("lab", _source, act="configure"),
    "GET source-trust": Place("lab", _source, act="configure"),
    "POST source-trust": Place("lab", _source, act="configure"),
    "POST source-rotate": Place("lab", _source, act="configure"),
    "POST source-end-old-key": Place("lab", _source, act="configure"),
    "POST source-test": Place("lab", _source, act="configure"),
    "GET delivery-body": Place("lab", _delivery),
    "POST delivery-replay": Place("lab", _delivery, act="configure"),
    "GET policy-detail": Place("lab", _of("policy")),
    "POST draft-save": Place("account", body={"title": "x"}, act="report"),
    "POST draft-discard": Place("account"),
    "GET source-new": Place("account", act="configure"),
    "POST source-new": Place("account", act="configure"),
    "GET route-new": Place("account", act="configure"),
    "POST route-new": Place("account", act="configure"),
    "GET route-edit": Place("lab", _of("route"), act="configure"),
    "POST route-edit": Place("lab", _of("route"), {}, "configure"),
    "POST route-remove": Place("lab", _of("route"), {}, "configure"),
    "GET policy-edit": Place("lab", _of("policy"), act="configure"),
    "POST policy-edit": Place("lab", _of("policy"), {}, "configure"),
    "GET policy-new": Place("account", act="configure"),
    "POST policy-new": Place("account", act="configure"),
    "GET policy-simulate": Place("lab", _of("policy")),
    "GET policy-hand-over": Place("lab", _of("policy"), act="configure"),
    "POST policy-hand-over": Place("lab", _of("policy"), {}, "configure"),
    "GET policy-diff": Place("lab", _of("policy")),
    "POST policy-approve": Place("lab", _version, {}, "approve"),
    "POST policy-reject": Place("lab", _version, _BECAUSE, "approve"),
    "POST policy-withdraw": Place("lab", _version, {}, "configure"),
    "POST policy-second-person": Place(
        "lab", _of("policy"), {"second_person": "on"}, "configure"
    ),
    "POST policies-second-person": Place(
        "account", body={"second_person": "on"}, act="configure"
    ),
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
    "POST token-revoke": Place("lab", _of("token")),
    "GET contact-method-verify": Place("lab", _of("method")),
    "POST contact-method-verify": Place("lab", _of("method"), {"code": "000000"}),
    "POST contact-method-resend": Place("lab", _of("method")),
    "POST contact-method-delete": Place("lab", _of("method")),
    "POST notification-rules-save": Place("lab", _lab),
    "POST notification-rules-delete": Place("lab", _lab),
}

# Answer anybody; none of them shows content. The link by which somebody acknowledges
# holds a signed token: tests/escalation/notifications/test_ack_views.py. The address of
# a calendar holds a secret: tests/escalation/oncall/test_feed_views.py. An inbox of a
# reporter opens by its code: tests/incidents/anonymous/test_public_views.py.
PUBLIC = {
    *surface_places.PUBLIC,
    "acknowledge-by-link",
    "callback-slack",
    "callback-twilio-sms",
    "callback-twilio-voice",
    "api-docs",
    "api-schema",
    "healthz",
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
