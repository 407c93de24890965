"""Clients that others wrote, unmodified, against the real web server."""

import contextlib
import http.client
import ipaddress
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from incidents.events.actor import Actor
from incidents.intake.sources import SourceOptions, create_source
from incidents.models import Alert, Organisation, Source
from incidents.timers.clock import read_now
from tests.incidents.intake.intake_world import NOW, process_all

CHECKOUT = Path(settings.BASE_DIR)
TOOLS = ("pagerduty_events", "alertmanager_api", "opsgenie_api", "generic")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    """Return where a Debian program is; skips, saying why, where it is not."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed; `make test-clients` installs it")
    return path


@contextlib.contextmanager
def web_server(environment, log, *words):
    """Run the web server; gives host and port once it answers."""
    port = free_port()
    words = [
        "--interface",
        "rsgi",
        "--port",
        str(port),
        *words,
    ]
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "granian", *words, "config.rsgi:application"],
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("The web server did not start.")


@pytest.fixture
def site(world_database, django_db_blocker, tmp_path):
    """Run the web server with a source of each tool, and let the test read the database."""
    log = tmp_path / "web.log"
    environment = world_database.environment(ALLOWED_HOSTS="127.0.0.1")
    with django_db_blocker.unblock(), web_server(environment, log) as host:
        yield Site(host, log, environment)


@pytest.fixture
def secure_url(site, tmp_path):
    """Run a second web server of the same site, by TLS; returns its address."""
    certificate, key = make_certificate(tmp_path)
    words = ["--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)]
    with web_server(site.environment, site.log, *words) as host:
        yield f"https://{host}", str(certificate)


def make_certificate(folder):
    """Make a certificate for 127.0.0.1, signed by itself; returns both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


class Site:
    """The running site; `keys` are those of its sources by tool."""

    def __init__(self, host, log, environment):
        self.host = host
        self.environment = environment
        self.url = f"http://{self.host}"
        self.log = log
        organisation = Organisation.objects.create(slug="aurora", name="A", kind="lab")
        self.keys = {tool: self._make(organisation, tool) for tool in TOOLS}

    def _make(self, organisation, tool):
        _, key = create_source(
            organisation,
            tool=tool,
            slug=tool.replace("_", "-"),
            name=tool,
            actor=Actor.system(organisation),
            now=NOW,
            options=SourceOptions(),
        )
        return key

    def source(self, tool):
        return Source.objects.get(tool=tool)

    def ask(self, method, path, body=b"", headers: Mapping[str, str] | None = None):
        """Return (status, headers, JSON or text) of one request."""
        client = http.client.HTTPConnection(self.host, timeout=15)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            client.request(method, path, data, dict(headers or {}))
            answer = client.getresponse()
            text = answer.read().decode()
        finally:
            client.close()
        is_json = text and "json" in (answer.headers["Content-Type"] or "")
        return answer.status, answer.headers, json.loads(text) if is_json else text

    def alerts(self):
        """Process what was stored and return {title: alert}."""
        process_all(read_now())
        return {alert.title: alert for alert in Alert.objects.order_by("pk")}

    def eventually(self, check, *, seconds=40.0):
        """Process again and again until `check()` returns something; returns that."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            process_all(read_now())
            if found := check():
                return found
            time.sleep(0.2)
        return pytest.fail(f"Not within {seconds} s.")
