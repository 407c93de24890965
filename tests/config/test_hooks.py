"""Webhooks over HTTP: the real web server in a process of its own, on its own database."""

import hmac
import http.client
import json
import socket
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings

from incidents.events.actor import Actor
from incidents.intake.arrivals import Verdict
from incidents.intake.heartbeats.monitors import (
    HeartbeatDraft,
    create_heartbeat,
    heartbeat_url,
)
from incidents.intake.heartbeats.ping import Pinged
from incidents.intake.sources import create_source
from incidents.intake.trust import change_trust
from incidents.models import Delivery, Organisation, Refusal, Source
from tests.config.front_world import ask_front
from tests.incidents.intake.intake_world import NOW, generic

LIMIT = 20_000
HOOK = "/hooks/generic/key"
CHECKOUT = Path(settings.BASE_DIR)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("The web server did not start.")


@pytest.fixture
def site(world_database, django_db_blocker, tmp_path):
    """Run the web server; returns a function that sends one request."""
    port = free_port()
    words = ["--interface", "rsgi", "--port", str(port)]
    log = tmp_path / "web.log"
    with log.open("wb") as output, django_db_blocker.unblock():
        server = subprocess.Popen(
            [sys.executable, "-m", "granian", *words, "config.rsgi:application"],
            cwd=CHECKOUT,
            env=world_database.environment(TOCSIN_MAX_DELIVERY_BYTES=str(LIMIT)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(port)
            yield Site(port, log)
        finally:
            server.terminate()
            server.wait(timeout=20)


class Site:
    def __init__(self, port, log):
        self.port = port
        self.log = log

    def send(self, path, body=b"{}", *, method="POST", **options):
        """Return (status, headers, body as JSON)."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        try:
            client.request(method, path, body, headers, **options)
            response = client.getresponse()
            data = response.read()
            return response.status, response.headers, json.loads(data or b"null")
        finally:
            client.close()


@pytest.fixture
def key(world_database, django_db_blocker):
    with django_db_blocker.unblock():
        organisation = Organisation.objects.create(slug="aurora", name="A", kind="lab")
        actor = Actor.system(organisation)
        keys = {}
        for tool in ("generic", "grafana", "azure_event_grid"):
            _, keys[tool] = create_source(
                organisation, tool=tool, slug=tool, name=tool, actor=actor, now=NOW
            )
        return keys


def test_webhooks_over_http(key, site):
    address = f"/hooks/generic/{key['generic']}"
    status, headers, body = site.send(
        address, generic(), headers={"Authorization": "Bearer s3cret"}
    )
    delivery = Delivery.objects.get()
    assert (status, body) == (202, {"delivery": str(delivery.uid)})
    assert headers["Content-Type"] == "application/json"
    assert bytes(delivery.body) == generic()
    assert delivery.headers == {"content-type": "application/json"}

    chunked = iter([generic()[:10], generic()[10:]])
    status, _, _ = site.send(address, chunked, encode_chunked=True)
    assert status == 202
    assert bytes(Delivery.objects.latest("id").body) == generic()

    assert site.send(address, b"not json")[0] == 202
    assert site.send(address, b"")[0] == 202
    assert Delivery.objects.count() == 4

    put = f"/hooks/grafana/{key['grafana']}"
    assert site.send(put, method="PUT")[0] == 202
    status, headers, body = site.send(address, method="PUT")
    assert (status, headers["Allow"], body["field"]) == (405, "POST", "method")
    assert Delivery.objects.count() == 5


def test_signs_of_life_are_taken_by_any_method(key, site):
    organisation = Organisation.objects.get()
    monitor = create_heartbeat(
        organisation,
        HeartbeatDraft(name="Backup", period_minutes=60),
        slug="backup",
        actor=Actor.system(organisation),
        now=NOW,
    )
    address = f"/hooks/heartbeat/{heartbeat_url(monitor).rpartition('/')[2]}"
    for method in ("GET", "POST", "HEAD"):
        status, headers, body = site.send(address, b"done", method=method)
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert body == (None if method == "HEAD" else {"heartbeat": "taken"})
    assert site.send(address, method="DELETE")[0] == 405
    assert site.send("/hooks/heartbeat/wrong", method="GET")[0] == 404
    monitor.refresh_from_db()
    assert (monitor.state, monitor.ping_count) == ("up", 3)


def test_event_grid_gets_its_code_back_once_the_event_is_stored(key, site):
    address = f"/hooks/azure_event_grid/{key['azure_event_grid']}"
    event = {
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6"},
    }
    body = json.dumps([event]).encode()
    status, headers, told = site.send(address, body)
    assert (status, told) == (200, {"validationResponse": "512d38b6"})
    assert headers["Content-Type"] == "application/json"
    assert bytes(Delivery.objects.get().body) == body
    unknown = site.send("/hooks/azure_event_grid/wrong", body)
    assert (unknown[0], "512d38b6" in str(unknown[2])) == (404, False)
    assert site.send(f"/hooks/generic/{key['generic']}", body)[0] == 202


def test_who_sends_cloud_events_is_told_that_it_may(key, site):
    address = f"/hooks/azure_event_grid/{key['azure_event_grid']}"
    asked = {
        "WebHook-Request-Origin": "eventgrid.azure.net",
        "WebHook-Request-Rate": "120",
    }
    status, headers, _ = site.send(address, method="OPTIONS", headers=asked)
    assert (status, headers["Allow"]) == (200, "POST")
    assert headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert headers["WebHook-Allowed-Rate"] == "*"
    assert Delivery.objects.count() == 0

    def asking(path, **headers):
        status, told, _ = site.send(path, method="OPTIONS", headers=headers)
        return status, told.get("WebHook-Allowed-Origin")

    origin = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    assert asking("/hooks/azure_event_grid/wrong", **origin) == (404, None)
    assert asking(address) == (405, None)
    assert asking(address, **{"WebHook-Request-Origin": "a b"}) == (400, None)
    assert asking(f"/hooks/grafana/{key['grafana']}", **origin) == (405, None)
    change(slug="azure_event_grid", address_ranges=["198.51.100.0/24"])
    assert asking(address, **origin) == (403, None)


def test_senders_of_a_source_must_prove_who_they_are(key, site):
    address = f"/hooks/generic/{key['generic']}"
    assert site.send(address)[0] == 202
    change(verification="hmac_github", secret="correct horse battery")
    status, headers, problem = site.send(address, b"forged")
    assert (status, problem["field"]) == (401, "signature")
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["WWW-Authenticate"] == 'Tocsin realm="source"'
    signature = hmac.new(b"correct horse battery", b"{}", "sha256").hexdigest()
    signed = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Delivery": "1"}
    first = site.send(address, b"{}", headers=signed)
    again = site.send(address, b"{}", headers=signed)
    assert (first[0], again[0], first[2]) == (202, 202, again[2])
    assert Delivery.objects.count() == 2
    large = site.send(address, b"x" * (LIMIT + 1), headers=signed)
    assert (large[0], large[2]["field"]) == (413, "body")
    assert Delivery.objects.count() == 2
    stored = json.dumps(list(Delivery.objects.values_list("headers", flat=True)))
    assert signature not in stored
    assert b"correct horse" not in site.log.read_bytes()
    change(verification="none", address_ranges=["127.0.0.0/8"])
    assert site.send(address)[0] == 202
    change(address_ranges=["198.51.100.0/24"])
    status, _, problem = site.send(address)
    assert (status, problem["field"]) == (403, "address")
    counted = Refusal.objects.order_by("id").values_list("reason", "last_address")
    assert list(counted) == [
        ("signature_missing", "127.0.0.1"),
        ("too_large_to_check", "127.0.0.1"),
        ("address_outside", "127.0.0.1"),
    ]


def change(*, slug="generic", **changes):
    source = Source.objects.get(slug=slug)
    actor = Actor.system(source.organisation)
    change_trust(source, changes=changes, actor=actor, now=NOW)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_body_over_the_limit_is_refused_and_noted(key, site, is_chunked):
    address = f"/hooks/generic/{key['generic']}"
    size = LIMIT * 30
    body = (b"x" * 1000 for _ in range(size // 1000)) if is_chunked else b"x" * size
    status, headers, problem = site.send(address, body, encode_chunked=is_chunked)
    assert (status, problem["field"], problem["value"]) == (413, "body", size)
    assert headers["Content-Type"] == "application/problem+json"
    row = Delivery.objects.get()
    assert (row.state, row.body, row.size_bytes) == ("too_large", None, size)
    # sha256 of the 20,000 letters that were read
    assert bytes(row.sha256).hex() == sha256(b"x" * LIMIT).hexdigest()
    assert row.headers == {"content-type": "application/json"}
    assert site.send(address, b"x" * LIMIT)[0] == 202


def test_unknown_addresses_are_404_and_no_key_is_told_or_logged(key, site):
    secret = key["generic"]
    for path in (
        f"/hooks/generic/{secret}x",
        f"/hooks/alertmanager/{secret}",
        f"/hooks/generic/{secret}/",
        f"//hooks/generic/{secret}",
        f"/hooks/{secret}",
    ):
        status, headers, body = site.send(path)
        assert (status, body["status"]) == (404, 404), path
        assert headers["Content-Type"] == "application/problem+json"
        assert secret not in json.dumps(body)
    assert site.send(f"/hooks/generic/{secret}")[0] == 202
    assert Delivery.objects.count() == 1
    assert secret not in site.log.read_text()


@pytest.mark.parametrize(
    ("header", "address"),
    [("X-Forwarded-For", "192.0.2.7"), ("X-Real-IP", "192.0.2.9")],
)
def test_address_is_what_the_header_of_our_proxy_says(settings, header, address):
    stored = []

    def store(arrival):
        stored.append(arrival)
        return Verdict.STORED

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ADDRESS_HEADER = f"HTTP_{header.upper().replace('-', '_')}"
    sent = {
        "x-forwarded-for": "10.0.0.1, 192.0.2.7",
        "x-real-ip": "192.0.2.9",
        # Of a stranger, who hopes that they pass for those above.
        "x_forwarded_for": "198.51.100.1",
        "x_real_ip": "198.51.100.1",
    }
    assert ask_front(HOOK, headers=sent, store=store)[0] == 202
    assert stored[0].proof.address == address


def test_delivery_that_cannot_be_stored_is_503_with_retry_after():
    status, headers, body = ask_front(HOOK, store=lambda _: Verdict.UNAVAILABLE)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert json.loads(body)["remedy"] == "Send it again; sending twice does no harm."


def test_body_over_the_limit_is_503_too_when_nothing_can_be_stored():
    body = b"x" * (settings.MAX_DELIVERY_BYTES + 1)
    status, _, _ = ask_front(HOOK, body, store=lambda _: Verdict.UNAVAILABLE)
    assert status == 503


@pytest.mark.parametrize("size", [99, 99_999])
def test_body_cut_short_is_400_and_not_stored(size):
    stored = []
    headers = {"content-length": str(size)}
    status, _, body = ask_front(HOOK, headers=headers, store=stored.append)
    assert (status, stored) == (400, [])
    assert json.loads(body)["field"] == "Content-Length"


def test_a_sign_that_cannot_be_written_is_503_with_retry_after():
    def ping(key):
        return Pinged.UNAVAILABLE

    status, headers, _ = ask_front("/hooks/heartbeat/k", method="GET", ping=ping)
    assert (status, headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    "path", ["/", "/hooks", "/sources/hooks/x", "/api/v1/sources/"]
)
def test_other_addresses_go_to_the_site(path):
    assert ask_front(path)[2] == b"the site"
