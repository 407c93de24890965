"""Compatible surfaces without a server: what is stored, and what is answered."""

import json
import time
from uuid import UUID

import pytest
from django.conf import settings

from incidents.intake.adapters.opsgenie_api import parse
from incidents.intake.arrivals import Verdict
from tests.config.front_world import ask_front

KEY = "k" * 32
TRIGGER = {
    "routing_key": KEY,
    "event_action": "trigger",
    "payload": {"summary": "x", "source": "y", "severity": "info"},
}


class Asker:
    """Sends requests to the front; `stored` are the arrivals, answered by `verdict`."""

    def __init__(self):
        self.stored = []
        self.verdict = Verdict.STORED

    def __call__(self, path, body=b"{}", *, method="POST", query="", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, self.headers, answer = ask_front(
            path,
            data,
            method=method,
            headers=headers,
            query_string=query,
            store=self._store,
        )
        if answer == b"the site":
            return answer
        is_json = answer and self.headers["Content-Type"] == "application/json"
        return status, json.loads(answer) if is_json else answer

    def _store(self, arrival):
        self.stored.append(arrival)
        return self.verdict


@pytest.fixture
def ask():
    return Asker()


def test_pagerduty_trigger_gets_a_key_that_is_kept_with_it(ask):
    status, told = ask("/v2/enqueue", TRIGGER)
    [arrival] = ask.stored
    assert (status, told) == (
        202,
        {
            "status": "success",
            "message": "Event processed",
            "dedup_key": arrival.uid.hex,
        },
    )
    assert arrival.headers[":given-key"] == arrival.uid.hex
    assert KEY.encode() not in arrival.body


def test_message_that_came_before_is_told_the_id_that_is_kept(ask):
    ask.verdict = UUID(int=7)
    assert ask("/v2/enqueue", TRIGGER)[1]["dedup_key"] == UUID(int=7).hex
    body = {"message": "Disk"}
    _, told = ask("/v2/alerts", body, authorization=f"GenieKey {KEY}")
    assert told["requestId"] == str(UUID(int=7))


@pytest.mark.parametrize("blank", [" ", "\ufeff", "\x01"])
def test_pagerduty_key_that_shows_nothing_gets_another(ask, blank):
    _, told = ask("/v2/enqueue", {**TRIGGER, "dedup_key": blank})
    assert told["dedup_key"] == ask.stored[0].uid.hex


@pytest.mark.parametrize(
    ("alias", "address"),
    [
        (" lead", "/v2/alerts/ lead/close"),
        ("Disk\u00a0full", "/v2/alerts/Disk\u00a0full/close"),
        ("x\ty", "/v2/alerts/x\ty/close"),
        ("/a", "/v2/alerts//a/close"),
    ],
)
def test_opsgenie_alias_is_the_same_in_body_and_address(ask, alias, address):
    key = {"authorization": f"GenieKey {KEY}"}
    ask("/v2/alerts", {"message": "Disk", "alias": alias}, **key)
    ask(address, b"{}", query="identifierType=alias", **key)
    created, closed = (
        parse(arrival.body, headers=arrival.headers, options={}).alerts[0]
        for arrival in ask.stored
    )
    assert (closed.status, closed.dedup_key) == ("resolved", created.dedup_key)


def test_pagerduty_key_spelled_with_escapes_is_not_kept_either(ask):
    body = json.dumps(TRIGGER).replace(KEY, "\\u006b" + KEY[1:]).encode()
    assert ask("/v2/enqueue", body)[0] == 202
    [arrival] = ask.stored
    assert json.loads(arrival.body)["routing_key"] == "(the key)"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"{", ["JSON parse error"]),
        (b"[]", ["JSON parse error"]),
        (b"[" * 100_000, ["JSON parse error"]),
        (
            b'{"routing_key": "short"}',
            [
                "Length of 'routing_key' is incorrect (should be 32 characters)",
                "'event_action' is missing or blank",
            ],
        ),
        (
            b"{}",
            ["'routing_key' is missing or blank", "'event_action' is missing or blank"],
        ),
    ],
)
def test_pagerduty_body_without_a_key_is_refused(ask, body, errors):
    status, told = ask("/v2/enqueue", body)
    assert (status, told["errors"], ask.stored) == (400, errors, [])


def test_pagerduty_body_cut_in_the_middle_is_kept_by_its_key(ask):
    body = json.dumps(TRIGGER).encode()[:-5]
    status, told = ask("/v2/enqueue", body)
    assert (status, told["status"]) == (400, "Unrecognized object")
    [arrival] = ask.stored
    assert KEY.encode() not in arrival.body


def test_alertmanager_does_not_judge_the_alerts_of_strangers(ask):
    ask.verdict = Verdict.UNKNOWN_KEY
    body = b"[" + b"{}," * 340_000 + b"{}]"
    ask("/api/v2/alerts", body)  # so that all is imported
    began = time.process_time()
    assert ask(f"/am/{KEY}/api/v2/alerts", body)[0] == 404
    assert time.process_time() - began < 0.1


def test_alertmanager_tells_the_first_problems_and_counts_the_rest(ask):
    bad = [{"labels": {"a": 1}}] * 1000
    told = "; ".join(["labels must have texts as values"] * 20 + ["and 980 more"])
    assert ask(f"/am/{KEY}/api/v2/alerts", bad) == (400, told)


def test_alertmanager_answers_200_without_a_body(ask):
    assert ask(f"/am/{KEY}/api/v2/alerts", [{"labels": {"a": "b"}}]) == (200, b"")
    [arrival] = ask.stored
    assert (arrival.tool, arrival.headers) == ("alertmanager_api", {})


def test_alertmanager_stores_the_good_alerts_and_says_what_is_wrong_with_the_rest(ask):
    alerts = [{"labels": {"a": "b"}}, {"labels": {}}, {"labels": {"": "x"}}]
    status, told = ask(f"/am/{KEY}/api/v2/alerts", alerts)
    assert (status, told) == (
        400,
        'at least one label pair required; invalid label set: invalid name ""',
    )
    assert json.loads(ask.stored[0].body) == alerts


@pytest.mark.parametrize("header", [f"Bearer {KEY}", "Basic dTpzZWNyZXQ="])
def test_alertmanager_takes_the_key_as_token_or_password(ask, header):
    assert ask("/api/v2/alerts", b"[]", authorization=header) == (200, b"")
    assert len(ask.stored) == 1


def test_alertmanager_without_a_key_is_refused(ask):
    status, told = ask("/api/v2/alerts", b"[]", authorization="Basic ???")
    assert (status, told["code"], ask.stored) == (401, 401, [])
    assert ask.headers["WWW-Authenticate"] == "Bearer"


def test_opsgenie_tells_the_id_of_the_request(ask):
    header = {"authorization": f"GenieKey {KEY}"}
    status, told = ask("/v2/alerts", {"message": "x"}, **header)
    [arrival] = ask.stored
    uid = str(arrival.uid)
    assert (status, told["result"]) == (202, "Request will be processed")
    assert (told["requestId"], ask.headers["X-Request-Id"]) == (uid, uid)
    assert arrival.headers == {":given-key": uid}


@pytest.mark.parametrize(
    ("method", "path", "query", "marks"),
    [
        (
            "POST",
            "/v2/alerts/disk/7/close",
            "identifierType=alias",
            {":action": "close", ":alert": "disk/7", ":alert-by": "alias"},
        ),
        ("DELETE", "/v2/alerts/abc", "", {":action": "delete", ":alert": "abc"}),
        (
            "POST",
            "/v2/alerts/naïve/notes",
            "",
            {":action": "notes", ":alert": "naïve"},
        ),
        (
            "POST",
            "/v2/alerts/abc/actions/restart",
            "",
            {":action": "actions", ":alert": "abc"},
        ),
        ("PUT", "/v2/alerts/abc/message", "", {":action": "message", ":alert": "abc"}),
    ],
)
def test_opsgenie_address_is_kept_with_the_body(ask, method, path, query, marks):
    header = {"authorization": f"GenieKey {KEY}", "query": query}
    assert ask(path, method=method, **header)[0] == 202
    assert ask.stored[0].headers == marks


def test_opsgenie_refuses_as_the_original_and_keeps_what_has_a_key(ask):
    assert ask("/v2/alerts", {"message": "x"})[0] == 401
    assert ask.stored == []
    header = {"authorization": f"GenieKey {KEY}"}
    status, told = ask("/v2/alerts", {"priority": "P9"}, **header)
    assert (status, told["errors"]) == (
        422,
        {
            "message": "Message can not be empty.",
            "priority": "Priority must be one of P1, P2, P3, P4, P5.",
        },
    )
    assert ask("/v2/alerts", b"{", **header)[0] == 400
    assert len(ask.stored) == 2
    assert ask("/v2/alerts/7/close", query="identifierType=tiny", **header)[0] == (422)


CASES = [
    ("/v2/enqueue", TRIGGER, {}),
    (f"/am/{KEY}/api/v2/alerts", [], {}),
    ("/v2/alerts", {"message": "x"}, {"authorization": f"GenieKey {KEY}"}),
]


@pytest.mark.parametrize(("path", "body", "header"), CASES)
def test_what_cannot_be_stored_is_503_with_retry_after(ask, path, body, header):
    ask.verdict = Verdict.UNAVAILABLE
    assert ask(path, body, **header)[0] == 503
    assert ask.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("case", "status"), list(zip(CASES, (400, 404, 401), strict=True))
)
def test_unknown_key_is_told_as_by_the_original(ask, case, status):
    path, body, header = case
    ask.verdict = Verdict.UNKNOWN_KEY
    assert ask(path, body, **header)[0] == status


@pytest.mark.parametrize(("path", "body", "header"), CASES)
def test_body_over_the_limit_is_413_and_noted(ask, path, body, header):
    data = json.dumps(body).encode() + b" " * settings.MAX_DELIVERY_BYTES
    assert ask(path, data, **header)[0] == 413
    [arrival] = ask.stored
    assert (arrival.body, arrival.size_bytes) == (None, len(data))


def test_all_else_goes_to_the_site(ask):
    for path, method in (
        ("/", "POST"),
        ("/api/v2/alerts", "GET"),
        ("/v2/alerts/abc", "GET"),
        (f"/am/{KEY}/api/v2/silences", "POST"),
        ("/v2/heartbeats/x/ping", "POST"),
        ("/v2/enqueue", "GET"),
    ):
        assert ask(path, method=method) == b"the site", path
