"""Servers that messages go to. Django is not set up yet when this is loaded."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from config.demo_receiver import Receiver
from tests.escalation.notifications.fakes.gotify import FakeGotify
from tests.escalation.notifications.fakes.provider import Provider
from tests.escalation.notifications.fakes.slack import FakeSlack
from tests.escalation.notifications.fakes.twilio import (
    ACCOUNT,
    NUMBER,
    TOKEN,
    FakeTwilio,
)
from tests.escalation.notifications.servers import HttpServer, MailServer

if TYPE_CHECKING:
    from incidents.models import Organisation


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    from escalation.notifications.delivery import (  # noqa: PLC0415  after setup
        close_channels,
    )

    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_TIMEOUT = 10
    yield server
    close_channels()
    controller.stop()


@pytest.fixture
def http_server(settings: Any) -> Iterator[HttpServer]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with HttpServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


@pytest.fixture
def receiver(settings: Any, tmp_path: Path) -> Iterator[Receiver]:
    from tests.escalation.notifications.makers import (  # noqa: PLC0415  after setup
        SECRET,
    )

    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with Receiver(port=0, data=tmp_path, secrets=[SECRET]) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


@pytest.fixture
def lab(db: None) -> "Organisation":
    from tests.escalation.notifications.makers import (  # noqa: PLC0415  after setup
        make_lab,
    )

    return make_lab()


@pytest.fixture
def fake_slack(settings: Any) -> Iterator[Provider]:
    with FakeSlack().running() as server:
        settings.SLACK_API = f"{server.url}/api/"
        settings.SLACK_TOKEN = "xoxb-test"
        yield server


@pytest.fixture
def fake_twilio(settings: Any) -> Iterator[Provider]:
    with FakeTwilio().running() as server:
        settings.TWILIO_API = server.url
        settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_FROM = NUMBER
        yield server


@pytest.fixture
def fake_teams(settings: Any) -> Iterator[Provider]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with Provider().running() as server:
        yield server


@pytest.fixture
def fake_gotify(settings: Any) -> Iterator[Provider]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    settings.APPRISE_SCHEMES = ("gotify", "ntfys")
    with FakeGotify().running() as server:
        yield server
